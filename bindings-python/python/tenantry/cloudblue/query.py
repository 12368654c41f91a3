"""Conditions on the rows of a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tenantry import _native
from tenantry.encoding import encode, opened, plain
from tenantry.pager import FilterValue

__all__ = ["Query", "R"]


class Query:
    """A condition on the rows of a list, made with `R`. `&`, `|` and `~` combine conditions; `str()` gives its text.

    A negation may stand before any condition, and a list of no values has a meaning too, though the vendor's query
    language has words for neither: what it cannot say raises `ValidationError` when the list is made, or by `str()`.
    """

    __slots__ = ("tree",)

    tree: dict[str, Any]

    def __init__(self, tree: dict[str, Any]) -> None:
        self.tree = tree

    def __and__(self, other: Query) -> Query:
        return self._with("and", other)

    def __or__(self, other: Query) -> Query:
        return self._with("or", other)

    def __invert__(self) -> Query:
        return Query(self.tree["not"]) if "not" in self.tree else Query({"not": self.tree})

    def _with(self, word: str, other: Query) -> Query:
        if not isinstance(other, Query):  # pyright: ignore[reportUnnecessaryIsInstance]
            return NotImplemented
        # Chains stay shallow.
        parts = [part for query in (self, other) for part in query.tree.get(word, (query.tree,))]
        return Query({word: parts})

    def __bool__(self) -> bool:
        raise TypeError(
            "a condition is neither true nor false: combine conditions with &, | and ~, each in parentheses"
        )

    def __str__(self) -> str:
        return str(plain(opened(_native.spec("cloudblue.query", encode(self.tree)))))

    def __repr__(self) -> str:
        return f"Query({self.tree})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and self.tree == other.tree

    __hash__ = None  # pyright: ignore[reportAssignmentType]


class R:
    """A field of a list's rows, by its name; its methods make conditions.

    Example:
        >>> from tenantry.cloudblue import R
        >>> chosen = R("asset.product.id").one_of(["PRD-1", "PRD-2"])
        >>> str(R("status").eq("pending") & ~(chosen | R("type").eq("cancel")))
        'eq(status,pending)&not(in(asset.product.id,(PRD-1,PRD-2)))&not(eq(type,cancel))'
    """

    __slots__ = ("_field",)

    def __init__(self, field: str) -> None:
        self._field = field

    @staticmethod
    def raw(text: str) -> Query:
        """Text in the query language, sent as it is, beside other conditions; it can be part of no `|` and no `~`."""
        return Query({"raw": text})

    def eq(self, value: FilterValue) -> Query:
        """Equal."""
        return self._test("eq", value)

    def ne(self, value: FilterValue) -> Query:
        """Not equal."""
        return self._test("ne", value)

    def gt(self, value: FilterValue) -> Query:
        """Greater, or later."""
        return self._test("gt", value)

    def ge(self, value: FilterValue) -> Query:
        """Greater or equal, or not earlier."""
        return self._test("ge", value)

    def lt(self, value: FilterValue) -> Query:
        """Less, or earlier."""
        return self._test("lt", value)

    def le(self, value: FilterValue) -> Query:
        """Less or equal, or not later."""
        return self._test("le", value)

    def like(self, pattern: str) -> Query:
        r"""Like a pattern in which `*` stands for any text and `\*` for itself; upper and lower case differ."""
        return self._test("like", pattern)

    def ilike(self, pattern: str) -> Query:
        """As `like`; upper and lower case are the same."""
        return self._test("ilike", pattern)

    def one_of(self, values: Iterable[FilterValue]) -> Query:
        """One of the values; of none, never."""
        return self._test("in", _several(values))

    def none_of(self, values: Iterable[FilterValue]) -> Query:
        """None of the values; of none, always."""
        return self._test("out", _several(values))

    def is_null(self, null: bool = True) -> Query:
        """Null, or with False not null."""
        return self._test("is_null", null)

    def is_empty(self, empty: bool = True) -> Query:
        """Empty text, or with False anything else."""
        return self._test("is_empty", empty)

    def _test(self, op: str, value: object) -> Query:
        return Query({"test": {"field": self._field, "op": op, "value": value}})

    def __eq__(self, other: object) -> bool:
        raise TypeError('a field is compared by its methods: R("status").eq("pending")')

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        return f"R({self._field!r})"


def _several(values: Iterable[FilterValue]) -> list[FilterValue]:
    if isinstance(values, str):
        raise TypeError("give a list of values, not one text")
    return list(values)
