"""Conditions as plain trees: how one is built with `R`, and which rows it selects, said without any query language."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tenantry.cloudblue import R

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Comparison:
    """A comparison. A field with a list of values matches when one of them does; a missing one is null."""

    field: str
    op: str
    value: Any

    def query(self) -> Any:
        return getattr(R(self.field), self.op)(self.value)

    def holds(self, row: Row) -> bool:
        if self.op in ("ne", "none_of"):
            return not Comparison(self.field, {"ne": "eq", "none_of": "one_of"}[self.op], self.value).holds(row)
        if self.op in ("is_null", "is_empty"):
            wanted = None if self.op == "is_null" else ""
            return any(found == wanted for found in values_of(row, self.field)) == self.value
        return any(self.matches(found) for found in values_of(row, self.field))

    def matches(self, found: Any) -> bool:
        if self.op == "eq":
            return bool(found == self.value)
        if self.op == "one_of":
            return found in self.value
        if found is None:
            return False
        if self.op == "like":
            return fits(self.value, found)
        if self.op == "ilike":
            return fits(self.value.lower(), found.lower())
        return ORDER[self.op](found, self.value)

    def tests(self) -> list[Comparison]:
        return [self]


@dataclass(frozen=True)
class Group:
    """Conditions that all hold (`word` is `and`), or of which one does (`or`)."""

    word: str
    parts: tuple[Condition, ...]

    def query(self) -> Any:
        first, *rest = [part.query() for part in self.parts]
        for part in rest:
            first = first & part if self.word == "and" else first | part
        return first

    def holds(self, row: Row) -> bool:
        return (all if self.word == "and" else any)(part.holds(row) for part in self.parts)

    def tests(self) -> list[Comparison]:
        return [test for part in self.parts for test in part.tests()]


@dataclass(frozen=True)
class Negation:
    """A condition that does not hold."""

    part: Condition

    def query(self) -> Any:
        return ~self.part.query()

    def holds(self, row: Row) -> bool:
        return not self.part.holds(row)

    def tests(self) -> list[Comparison]:
        return self.part.tests()


Condition = Comparison | Group | Negation


def values_of(row: Any, field: str) -> list[Any]:
    """What a row has at a path like `asset.params.value`; null where the path leads nowhere."""
    head, _, rest = field.partition(".")
    below = row.get(head) if isinstance(row, Mapping) else None
    if isinstance(below, list):
        return [found for one in below for found in values_of(one, rest)]
    return values_of(below, rest) if rest else [below]


def fits(pattern: str, text: str) -> bool:
    r"""Whether `text` is `pattern`, in which `*` stands for any text, `\*` for a star and `\\` for a backslash."""
    parts = re.findall(r"\\\\|\\\*|.", pattern, re.DOTALL)
    expression = "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, text, re.DOTALL) is not None
