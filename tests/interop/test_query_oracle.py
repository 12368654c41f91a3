"""What `R` writes, read by others: the vendor's parser and filter (`lib-rql`), a plain evaluator, and the sandbox.

Every run makes the same conditions; `TENANTRY_SEED` makes others, `TENANTRY_CASES` more or fewer of them.
"""

from __future__ import annotations

import os
import random
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from py_rql import parse
from py_rql.constants import FilterTypes
from py_rql.exceptions import RQLFilterParsingError
from py_rql.filter_cls import FilterClass

import tenantry
from chance import Column, Conditions, text
from condition import Condition, values_of
from tenantry import cloudblue
from tenantry.cloudblue import R

SEED = int(os.environ.get("TENANTRY_SEED", "1"))
CASES = int(os.environ.get("TENANTRY_CASES", "10000"))
PORTIONS = 10
NEVER = "selects nothing"

EQUAL = ("eq", "ne", "one_of", "none_of")
ORDERED = (*EQUAL, "gt", "ge", "lt", "le")
TEXT = (*EQUAL, "like", "ilike", "is_empty")
NULLABLE = (*EQUAL, "is_null", "is_empty")


class Oracle(FilterClass):
    """The vendor's filter over dictionaries, cured of two faults that its server's own filter does not have.

    It leaves the quotes on values in lists, and takes the text `"null()"`, in quotes, for the constant.
    """

    FILTERS = (
        {"filter": "name", "type": FilterTypes.STRING},
        {"filter": "asset.product.id", "type": FilterTypes.STRING},
        {"filter": "t.in-box", "type": FilterTypes.STRING},
        {"filter": "order_2", "type": FilterTypes.INT},
        {"filter": "Price", "type": FilterTypes.FLOAT},
        {"filter": "created", "type": FilterTypes.DATETIME},
        {"filter": "active", "type": FilterTypes.BOOLEAN},
    )

    def cast_value(self, prop: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self.cast_value(prop, one) for one in value]
        if self._filters[prop]["type"] == FilterTypes.STRING and value[:1] in ('"', "'"):
            return value[1:-1]
        return super().cast_value(prop, value)


ORACLE = Oracle()


def instant(chance: random.Random) -> datetime:
    zone = timezone(timedelta(minutes=chance.choice([0, 0, 120, -330])))
    since = timedelta(hours=chance.randrange(200), microseconds=chance.choice([0, 1, 102_670]))
    return datetime(2026, 1, 1, tzinfo=timezone.utc).astimezone(zone) + since


def columns_of(chance: random.Random) -> list[Column]:
    texts = [text(chance) for _ in range(6)]
    return [
        Column("name", TEXT, texts),
        Column("asset.product.id", NULLABLE, [*texts[:4], None]),
        Column("t.in-box", NULLABLE, [*texts[2:], None]),
        Column("order_2", ORDERED, [chance.randrange(-3, 4) for _ in range(4)] + [chance.randrange(-(2**53), 2**53)]),
        Column("Price", ORDERED, [0.1, -2.5, 1e21, 1e-7, float(chance.randrange(9))]),
        Column("created", ORDERED, [instant(chance) for _ in range(5)]),
        Column("active", ("eq", "ne"), [True, False]),
    ]


def row_of(chance: random.Random, columns: list[Column]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in columns:
        value = chance.choice(column.values)
        if value is None and chance.random() < 0.5:
            continue  # absent is as null
        *above, last = column.name.split(".")
        place = row
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    return row


def unsayable(condition: Condition) -> bool:
    """Whether a value in it has both kinds of quotes."""
    texts = [
        value for test in condition.tests() for value in (test.value if isinstance(test.value, list) else [test.value])
    ]
    return any(isinstance(value, str) and "'" in value and '"' in value for value in texts)


def settled(condition: Condition) -> bool:
    """Whether an empty list may settle a part of it, whatever else is in that part."""
    return any(test.value == [] for test in condition.tests())


def beyond_the_oracle(condition: Condition) -> bool:
    r"""Whether it has a pattern that `lib-rql` reads otherwise than the server: a star inside, or an escape."""
    patterns = [test.value for test in condition.tests() if test.op in ("like", "ilike")]
    return any("\\" in pattern or "*" in pattern[1:-1] for pattern in patterns)


def parses(query: str) -> bool:
    """Whether the vendor's parser takes it."""
    try:
        parse(query)
    except RQLFilterParsingError:
        return False
    return True


def written(condition: Condition) -> tuple[str | None, str | None]:
    """Its text, None when nothing can match it; and why it was refused, if it was."""
    try:
        return str(condition.query()), None
    except tenantry.ValidationError as error:
        return None, None if NEVER in str(error) else str(error)


@pytest.mark.parametrize("portion", range(PORTIONS))
def test_any_condition_is_said_as_it_is_meant(portion: int) -> None:
    compared = 0
    for number in range(portion, CASES, PORTIONS):
        chance = random.Random(f"{SEED}/{number}")
        columns = columns_of(chance)
        rich = chance.random() < 0.2
        made = Conditions(chance, columns, rich_patterns=rich, texts=[text(chance)])
        condition = made.any(depth=chance.choice([1, 2, 3, 5]))
        rows = [row_of(chance, columns) for _ in range(16)]
        case = f"case {number} of seed {SEED}: {condition}"
        selected = [row for row in rows if condition.holds(row)]
        query, refusal = written(condition)
        if refusal:
            assert unsayable(condition), f"{case}: {refusal}"
            continue
        assert settled(condition) or not unsayable(condition), f"{case}: {query}"
        if not query:
            assert selected == ([] if query is None else rows), case
            continue
        assert parses(query), f"{case}: {query}"
        if beyond_the_oracle(condition):
            continue
        assert list(ORACLE.filter(query, rows)) == selected, f"{case}: {query}"
        compared += 1
    assert compared >= 0.75 * CASES / PORTIONS


def test_a_long_chain_stays_shallow() -> None:
    chain = R("name").eq("0")
    for number in range(1, 2000):
        chain = chain | R("name").eq(str(number))
    assert [row["name"] for row in ORACLE.filter(str(chain), [{"name": "1999"}, {"name": "x"}])] == ["1999"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (lambda: R("name").eq('it\'s "x"'), "name"),
        (lambda: R("name").one_of(["a", "'\""]), "name"),
        (lambda: R("name").like("*'\"*"), "name"),
        (lambda: ~R("name").eq("'\"") & R("name").ne("x"), "name"),
        (lambda: R("name").eq(None), "is_null"),
        (lambda: R("name").one_of(["a", None]), "is_null"),
        (lambda: R("name").eq(["a"]), "one_of"),
        (lambda: R("name").one_of([["a"]]), "one_of"),
        (lambda: R("name").eq({"a": 1}), "object"),
        (lambda: R("name").is_null("yes"), "true or false"),
        (lambda: R("limit").eq(5), "page_size"),
        (lambda: R("offset").eq(5), "max_items"),
        *[
            (lambda name=name: R(name).eq("x"), "field's name")
            for name in ("", "a b", "1a", "a,b", "a(", "é", "and", "t")
        ],
        (lambda: ~R.raw("eq(name,x)"), "negat"),
        (lambda: R.raw("eq(name,x)") | R("name").eq("y"), "and-ed"),
        (lambda: R.raw("eq(name,x)&limit=5"), "limit"),
        (lambda: R("name").one_of([]), NEVER),
    ],
)
def test_what_cannot_be_said_is_refused_here(query: Any, told: str) -> None:
    with pytest.raises(tenantry.ValidationError, match=told):
        str(query())


@pytest.fixture(scope="module")
def rows(server: tenantry.Sandbox) -> list[dict[str, Any]]:
    """Requests of every status and type, and some whose texts are hostile."""
    server.reset()
    server.generate(requests=120, seed=3, clear=True)
    chance = random.Random(SEED)
    with cloudblue.Client(**server.cloudblue) as connect:
        for number in range(40):
            name = text(chance) or "x"
            asset = {
                "product": {"id": "PRD-1"},
                "connection": {"id": "CT-0000-0000-0001"},
                "external_id": f"{text(chance)}{number}",
                "tiers": {"customer": {"name": name}},
                "items": [{"id": "PRD-1-0001", "quantity": "1"}],
                "params": [{"id": "email", "value": name}, {"id": "company_name", "value": text(chance)}],
            }
            connect.requests.create(type="purchase", asset=asset, marketplace={"id": "MP-00001"})
        rows = [row.to_dict() for row in connect.requests.list(status="any", page_size=1000)]
    assert len(rows) == 160
    for row in rows:
        row["created"] = datetime.fromisoformat(row["created"])
        row["asset"]["external_id"] = str(row["asset"]["external_id"])
    return rows


def test_the_sandbox_selects_the_same_rows(server: tenantry.Sandbox, rows: list[dict[str, Any]]) -> None:
    """The whole way: the builder, the client's encoding of the URL, and the sandbox's own reader of the language."""
    fields = {
        "id": (*EQUAL, "like", "ilike", "is_null", "is_empty"),
        "type": TEXT,
        "created": ORDERED,
        "assignee.email": ("eq", "one_of", "ilike"),
        "template.id": (*NULLABLE, "like", "ilike"),
        "asset.product.id": (*NULLABLE, "like", "ilike"),
        "asset.product.name": TEXT,
        "asset.connection.type": ("eq", "one_of"),
        "asset.external_id": (*NULLABLE, "like", "ilike"),
        "asset.tiers.customer.name": (*NULLABLE, "like", "ilike"),
        "asset.params.value": ("eq", "one_of"),
    }
    columns = [
        Column(name, ops, [value for row in rows for value in values_of(row, name)]) for name, ops in fields.items()
    ]
    asked = found = 0
    with cloudblue.Client(**server.cloudblue) as connect:
        for number in range(max(CASES // 25, 100)):
            chance = random.Random(f"{SEED}/sandbox/{number}")
            made = Conditions(chance, columns, rich_patterns=True, texts=[text(chance)])
            condition = made.any(depth=chance.choice([0, 1, 2, 4]))
            if unsayable(condition):
                continue
            selected = [row["id"] for row in rows if condition.holds(row)]
            listed = connect.requests.list(condition.query(), status="any", page_size=1000)
            case = f"case {number} of seed {SEED}: {condition}: {written(condition)[0]}"
            assert sorted(row.id for row in listed) == sorted(selected), case
            asked += 1
            found += 0 < len(selected) < len(rows)
    assert found > asked / 4 > 50
