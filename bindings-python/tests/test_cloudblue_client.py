"""The surface of CloudBlue Connect: every call, sync and async, its records, its helpers, its errors."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import typing
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

import tenantry
from tenantry import cloudblue
from tenantry.cloudblue import models, resources

LISTS = [
    "requests.list",
    "assets.list",
    "assets.requests",
    "assets.usage_aggregates",
    "templates.list",
    "conversations.list",
    "conversations.messages",
]
CALLS = [
    "requests.create",
    "requests.get",
    "requests.confirm",
    "requests.purchase",
    "requests.submit",
    "requests.unassign",
    "requests.update",
    "requests.approve",
    "requests.fail",
    "requests.pend",
    "requests.schedule",
    "requests.revoke",
    "requests.validate",
    "requests.assign",
    "requests.render",
    "requests.inquire",
    "requests.set_param_values",
    "requests.wait",
    "assets.get",
    "assets.render",
    "conversations.get",
    "conversations.post_message",
]
TOMORROW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta(hours=2)))


def generated():
    """Each generated method by its name, with its async twin."""
    for name in [*LISTS, *CALLS]:
        noun, verb = name.split(".")
        yield (
            name,
            getattr(getattr(resources, noun.capitalize()), verb),
            getattr(getattr(resources, f"Async{noun.capitalize()}"), verb),
        )


def test_both_clients_have_the_same_methods_with_the_same_arguments():
    public = {
        f"{noun.lower()}.{verb}"
        for noun in ("Requests", "Assets", "Templates", "Conversations")
        for verb in vars(getattr(resources, noun))
        if not verb.startswith("_")
    }
    assert public == {*LISTS, *CALLS}
    for name, blocking, awaited in generated():
        left, right = inspect.signature(blocking), inspect.signature(awaited)
        assert left.parameters == right.parameters, name
        assert blocking.__doc__.split() == awaited.__doc__.replace("AsyncPager", "Pager").split()
        assert "Args:" in blocking.__doc__
        assert "Raises:" in blocking.__doc__
        assert inspect.iscoroutinefunction(awaited) == (name in CALLS)
        typing.get_type_hints(blocking)
        typing.get_type_hints(awaited)
    for name in ("fulfillment_worker", "request"):
        pair = [inspect.signature(getattr(kind, name)).parameters for kind in (cloudblue.Client, cloudblue.AsyncClient)]
        assert pair[0] == pair[1]
    for name in models.__all__:
        if name.endswith("Filters") and name != "NoFilters":
            assert typing.get_type_hints(getattr(models, name))
    filters = {*typing.get_type_hints(models.RequestFilters)}
    assert {"created__ge", "asset__product__id__in", "assignee__null", "status__ne", "type"} <= filters
    assert "status" not in filters, "it is an argument of its own"


def everything(connect, ids):
    """Each call once, each on a request that is ready for it; yields what is to be checked."""
    requests = connect.requests
    yield requests.get(ids["pending"]), "pending"
    yield requests.update(ids["pending"], params=[{"id": "email", "value": "new@example.com"}], note="n"), "pending"
    yield requests.set_param_values(ids["pending"], values={"email": "newer@example.com"}), "pending"
    yield requests.assign(ids["pending"], email="someone@example.com"), "pending"
    yield requests.unassign(ids["pending"]), "pending"
    yield requests.validate(ids["draft"], params=[{"id": "email", "value": "x@example.com"}]), "draft"
    yield requests.inquire(ids["pending"], errors={"email": "wrong"}, template_id="TL-2"), "inquiring"
    yield requests.pend(ids["pending"]), "pending"
    yield requests.schedule(ids["pending"], planned_date=TOMORROW), "scheduled"
    yield requests.revoke(ids["pending"], reason="a mistake"), "revoking"
    yield requests.confirm(ids["pending"]), "revoked"
    yield requests.approve(ids["other"], activation_tile="# Done", effective_date=TOMORROW), "approved"
    yield requests.wait(ids["other"], until=["approved"], max_wait=timedelta(minutes=1)), "approved"
    yield requests.fail(ids["third"], reason="no"), "failed"
    yield requests.purchase(ids["draft"]), None
    text = {"type": "cancel", "asset": {"id": ids["asset"]}}
    yield requests.create(**text), None
    yield requests.render(ids["other"]), str
    yield connect.assets.get(ids["asset"]), None
    yield connect.assets.render(ids["asset"]), str
    yield connect.conversations.get(ids["conversation"]), None
    yield connect.conversations.post_message(ids["conversation"], text="hello", type="private"), None


@pytest.fixture
def ids(connect):
    pending = connect.requests.list(product_id="PRD-1", type="purchase").to_list()
    conversation = connect.conversations.list().first()
    asset = connect.assets.list(status="active", order_by=["-created"]).first()
    draft = connect.requests.list(status="draft").first()
    return {
        "pending": pending[0].id,
        "other": pending[1].id,
        "third": pending[2].id,
        "draft": draft.id,
        "asset": asset.id,
        "conversation": conversation.id,
    }


def check(reply, wanted):
    if wanted is str:
        assert isinstance(reply, str)
    elif wanted is not None:
        assert isinstance(reply, cloudblue.Request)
        assert reply.status == wanted


def test_every_call_blocking(connect, ids, calls):
    calls()
    for reply, wanted in everything(connect, ids):
        check(reply, wanted)
    told = set(calls())
    composed = {"requests.set_param_values", "requests.wait", "requests.submit"}
    assert {*CALLS} - told <= composed


def test_every_call_awaited(sandbox, ids):
    async def main():
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as connect:
            for coroutine, wanted in everything(connect, ids):
                check(await coroutine, wanted)

    asyncio.run(main())


def test_instants_are_aware(connect):
    request = connect.requests.list().first()
    assert isinstance(request.created, datetime)
    assert request.created.utcoffset() == timedelta(0)
    assert request.created.isoformat() == request.to_dict()["created"]
    assert request.effective_date is None
    assert "datetime" not in repr(request)
    approved = connect.requests.approve(request.id, template_id="TL-1", effective_date=TOMORROW)
    assert approved.effective_date == TOMORROW.replace(microsecond=approved.effective_date.microsecond)
    conversation = connect.conversations.list().first()
    assert conversation.created.utcoffset() is not None


@pytest.mark.parametrize(
    ("wire", "found"),
    [
        ('"2026-01-02T03:04:05Z"', datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)),
        ('"2026-01-02T03:04:05.6Z"', datetime(2026, 1, 2, 3, 4, 5, 600000, tzinfo=timezone.utc)),
        ('"2026-01-02T03:04:05.123456789+02:00"', TOMORROW.replace(microsecond=123456)),
        ('"2026-01-02T03:04:05"', "2026-01-02T03:04:05"),
        ('"soon"', "soon"),
        ('""', ""),
        ("7", 7),
        ("null", None),
    ],
)
def test_what_is_no_instant_stays_as_it_is(wire, found):
    request = models.Request(f'{{"id":"PR-1","created":{wire}}}')
    assert request.created == found
    assert type(request.created) is type(found)


def test_a_naive_time_is_refused(connect, calls):
    for wrong in (datetime(2026, 1, 1), date(2026, 1, 1)):  # noqa: DTZ001 - that is what is wrong with it
        with pytest.raises(tenantry.ValidationError):
            connect.requests.approve("PR-1", template_id="TL-1", effective_date=wrong)
        with pytest.raises(tenantry.ValidationError):
            connect.requests.list(created__ge=wrong)
    assert calls() == []


def test_finders_of_an_asset():
    both = models.Asset(
        '{"id":"AS-1","params":[{"id":"email","value":"a@b.c"},{"id":"empty","value":""},{"id":"none","value":null},'
        '{"id":"address","value":"","structured_value":{"city":"X"}}],'
        '"tiers":{"customer":{"id":"TA-1","tier1":{"id":"TA-9"},"tier2":{"id":"TA-3"}},"tier1":{"id":"TA-2"},"tier2":{}}}'
    )
    assert both.param("email").value == "a@b.c"
    assert both.param("nosuch") is None
    assert [bool(both.param(name)) for name in ("email", "empty", "none", "address")] == [True, False, False, True]
    assert [both.tier(name).id for name in ("customer", "tier1", "tier2")] == ["TA-1", "TA-2", "TA-3"]
    assert both.tiers.tier2 is None
    assert isinstance(both.tiers.customer.tier2, models.Tier)
    assert '"tier2":{}' in both.raw
    with pytest.raises(ValueError, match="tier3"):
        both.tier("tier3")
    bare = models.Asset('{"id":"AS-1"}')
    assert (bare.param("x"), bare.tier("customer"), bare.tier("tier1")) == (None, None, None)
    odd = models.Asset('{"id":"AS-1","external_id":12345678901234567890,"tiers":{"customer":null}}')
    assert odd.external_id == 12345678901234567890
    assert odd.tier("tier1") is None


@pytest.mark.parametrize(
    ("item", "new", "old", "flags"),
    [
        ('"quantity":"3","old_quantity":"0"', Decimal(3), Decimal(0), (True, False, False)),
        ('"quantity":"3","old_quantity":""', Decimal(3), None, (True, False, False)),
        ('"quantity":"3.50","old_quantity":"3.5"', Decimal("3.5"), Decimal("3.5"), (False, False, False)),
        ('"quantity":3,"old_quantity":2', Decimal(3), Decimal(2), (False, True, False)),
        ('"quantity":"0","old_quantity":"2"', Decimal(0), Decimal(2), (False, False, True)),
        ('"quantity":"unlimited","old_quantity":"2"', Decimal("inf"), Decimal(2), (False, True, False)),
        ('"quantity":"-1","item_type":"PPU"', Decimal("inf"), None, (True, False, False)),
        ('"quantity":"-1","item_type":"Reservation"', Decimal(-1), None, (True, False, False)),
        ('"quantity":"1_0"', None, None, (False, False, False)),
        ('"quantity":"NaN"', None, None, (False, False, False)),
        ('"quantity":null', None, None, (False, False, False)),
    ],
)
def test_quantities(item, new, old, flags):
    item = models.Item(f'{{"id":"I-1",{item}}}')
    assert (item.quantity_value, item.old_quantity_value) == (new, old)
    assert (item.is_new, item.is_changed, item.is_removed) == flags


def test_records_are_lossless_and_pickle(connect):
    for request in connect.requests.list(status="any"):
        assert pickle.loads(pickle.dumps(request)) == request
        assert request.to_dict()["id"] == request.id
        assert len(repr(request)) < 4000
        assert request.asset.to_dict() == request.to_dict()["asset"]


def test_waiting_ends_by_a_status_or_in_time(sandbox, connect, ids):
    sandbox.behave(buyer_ms=60_000)
    connect.requests.inquire(ids["pending"], errors={"email": "wrong"})
    assert connect.requests.wait(ids["pending"], until=["pending"]).status == "pending"
    with pytest.raises(tenantry.WaitTimeoutError) as raised:
        connect.requests.wait(ids["pending"], max_wait=90)
    assert raised.value.details["current"] == "pending"
    with pytest.raises(tenantry.ConfigError, match="max_wait"):
        connect.requests.wait(ids["pending"], max_wait=-1)


def test_a_lost_reply_is_settled_and_a_clash_is_told(sandbox, connect, ids):
    sandbox.fault(operation="cloudblue.requests.approve", when="after", drop=True)
    approved = connect.requests.approve(ids["pending"], template_id="TL-1")
    assert (approved.status, approved.already_applied) == ("approved", True)
    sandbox.fault(operation="cloudblue.requests.fail", when="after", drop=True)
    connect.requests.fail(ids["third"], reason="no")
    with pytest.raises(tenantry.ConflictError) as clash:
        connect.requests.fail(ids["pending"], reason="no")
    assert clash.value.details["current"] == "approved"
    with pytest.raises(tenantry.BadRequestError) as raised:
        connect.requests.approve(ids["other"], template_id="TL-9")
    assert raised.value.details["error_code"]
    assert raised.value.details["errors"]
    assert pickle.loads(pickle.dumps(raised.value)).details == raised.value.details


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda c: c.requests.approve("PR-1"), "template_id"),
        (lambda c: c.requests.approve("PR-1", template_id="a", activation_tile="b"), "template_id"),
        (lambda c: c.requests.fail("PR-1", reason=" "), "reason"),
        (lambda c: c.requests.get("PR-1/../x"), "id"),
        (lambda c: c.requests.update("PR-1"), "params"),
        (lambda c: c.requests.inquire("PR-1", errors={"": "x"}), "errors"),
        (lambda c: c.requests.assign("PR-1"), "user_id"),
        (lambda c: c.conversations.post_message("CO-1", text=""), "text"),
    ],
)
def test_bad_input_is_refused_before_it_leaves(connect, calls, call, says):
    with pytest.raises(tenantry.ValidationError, match=says):
        call(connect)
    assert calls() == []


def test_both_answers_are_understood(sandbox, connect, ids):
    sandbox.behave(pend_reply="empty", update_reply="list")
    connect.requests.inquire(ids["pending"])
    assert connect.requests.pend(ids["pending"]).status == "pending"
    changed = connect.requests.update(ids["pending"], params=[{"id": "email", "value": "x@example.com"}])
    assert changed.asset.param("email").value == "x@example.com"


def test_the_way_out(connect, ids):
    assert connect.request("GET", f"/requests/{ids['pending']}")["id"] == ids["pending"]
    rows = connect.request("GET", "/requests", query=cloudblue.R("id").eq(ids["pending"]))
    assert [row["id"] for row in rows] == [ids["pending"]]
    assert connect.request("GET", "/requests", query="limit=3&eq(status,pending)")[0]["status"] == "pending"
    body = {"reason": "no"}
    assert connect.request("POST", f"/requests/{ids['pending']}/fail", json=body)["status"] == "failed"
    with pytest.raises(tenantry.ValidationError, match="path"):
        connect.request("GET", "//elsewhere.example.com/")


def test_the_key_with_and_without_its_word(sandbox):
    given = sandbox.cloudblue
    bare = given["api_key"].removeprefix("ApiKey ")
    assert bare != given["api_key"]
    for key in (given["api_key"], bare, tenantry.Secret.callback(lambda: bare)):
        with cloudblue.Client(**{**given, "api_key": key}) as connect:
            assert connect.requests.list().first() is not None
            assert bare not in repr(connect)
    with cloudblue.Client(**{**given, "api_key": "SU-1:wrong"}) as connect:
        with pytest.raises(tenantry.AuthenticationError):
            connect.requests.list().first()
        with pytest.raises(TypeError, match=r"Secret\.env"):
            pickle.dumps(connect)


def test_the_environment_is_all_or_nothing(sandbox, monkeypatch):
    for name, value in sandbox.cloudblue.items():
        monkeypatch.setenv(f"TENANTRY_CLOUDBLUE_{name.upper()}", value)
    with cloudblue.Client() as connect:
        assert connect.requests.list().count() > 0
        back = pickle.loads(pickle.dumps(connect))
        with back:
            assert back.requests.list().count() > 0
    with pytest.raises(tenantry.ConfigError, match="api_key"):
        cloudblue.Client(base_url=sandbox.cloudblue["base_url"])
    with pytest.raises(TypeError, match="apikey"):
        cloudblue.Client(apikey="x")


def test_the_sandbox_is_told_how_to_behave(sandbox, connect):
    made = sandbox.generate(requests=20, seed=3, product_id="PRD-1", status="approved", clear=True, assets=4)
    assert made == {"requests": 20, "assets": 4}
    assert connect.requests.list(status="approved").count() == 20
    assert sandbox.behave(page_cap=7)["page_cap"] == 7
    assert len(next(connect.requests.list(status="any", prefetch=False).pages())) == 7
    assert len(connect.requests.list(status="any").to_list()) == 20
    with pytest.raises(tenantry.ValidationError, match="colour"):
        sandbox.behave(colour="red")
    with pytest.raises(tenantry.ValidationError, match="many"):
        sandbox.generate(many=3)
    remote = tenantry.Sandbox.from_line(sandbox.line)
    assert remote.cloudblue == sandbox.cloudblue
    assert remote.generate(requests=2)["requests"] == 2
    assert remote.behave()["page_cap"] == 7


def test_names_of_the_system_are_complete():
    for name in cloudblue.__all__:
        assert getattr(cloudblue, name) is not None
    exported = {name for name in models.__all__ if not name.endswith("Filters")}
    assert exported <= set(cloudblue.__all__)
