"""Random conditions and the texts in them, hostile ones among them; the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from condition import Comparison, Condition, Group, Negation

# Words of the grammar and what looks like them; what it gives a meaning to; what a URL does; other languages' letters.
GRAMMAR = "t and or not in out eq ne gt ge lt le like ilike select ordering limit offset search null empty true"
LIKENESS = "t( t(x) t-x t.x tea inbox order eq(a,b) x)&(y x&limit=1 ordering(x) a,b a&b a|b a;b a:b =eq= a=b ' it's x'"
URL = "? # / @ : ; %26 %2526 %zz + a+b -1 +1 1e3 0 \\ a\\b 2026-01-01T00:00:00+00:00"
LETTERS = ("É", "ß", "Я", "日本", "🦀", "\u202ex", "\u00a0")
WORDS = (*GRAMMAR.split(), *LIKENESS.split(), *URL.split(), *LETTERS)
ALPHABET = "abAB,&|;()'=%+\\ -.:@#?/éЯ🦀\n_"


def text(chance: random.Random) -> str:
    """A text of any kind; one in six is empty, one in fifty has both kinds of quotes."""
    kind = chance.randrange(50)
    if kind == 0:
        return chance.choice(["'\"", 'it\'s "x"', "\"\"''"])
    if kind < 9:
        return ""
    if kind < 35:
        return chance.choice(WORDS)
    if kind < 40:
        return chance.choice(['"', 'say "x"', '","', '")', " ", "  x", "x "])
    return "".join(chance.choices(ALPHABET, k=chance.randrange(1, 9)))


def pattern(chance: random.Random, word: str, *, rich: bool) -> str:
    """A pattern that is about `word`: stars at its ends, or with `rich` anywhere, and escapes."""
    tokens = list(word.replace("\\", "").replace("*", ""))
    if rich:
        for token in chance.choices(["*", "\\*", "\\\\"], k=chance.randrange(3)):
            tokens.insert(chance.randrange(len(tokens) + 1), token)
    tokens = [*chance.choice(["", "*"]), *tokens, *chance.choice(["", "*"])]
    # Two stars beside each other are no pattern.
    kept = [token for place, token in enumerate(tokens) if tokens[place : place + 2] != ["*", "*"]]
    return "".join(kept) or "*"


@dataclass(frozen=True)
class Column:
    """A field, what it can be compared by, and values that rows may have there."""

    name: str
    ops: Sequence[str]
    values: Sequence[Any]


@dataclass
class Conditions:
    """Makes conditions about these columns."""

    chance: random.Random
    columns: Sequence[Column]
    rich_patterns: bool = False
    texts: Sequence[str] = field(default_factory=list)

    def any(self, depth: int = 4) -> Condition:
        """A condition with groups inside groups to this depth at most."""
        kind = self.chance.randrange(10) if depth else 0
        if kind < 4:
            return self.test()
        if kind < 6:
            return Negation(self.any(depth - 1))
        parts = tuple(self.any(depth - 1) for _ in range(self.chance.randrange(2, 5)))
        return Group("and" if kind < 8 else "or", parts)

    def test(self) -> Comparison:
        column = self.chance.choice(self.columns)
        op = self.chance.choice(column.ops)
        return Comparison(column.name, op, self.value(column, op))

    def value(self, column: Column, op: str) -> Any:
        if op in ("is_null", "is_empty"):
            return self.chance.random() < 0.7
        if op in ("one_of", "none_of"):
            return [self.one(column) for _ in range(self.chance.choice([0, 1, 1, 2, 3, 5]))]
        if op in ("like", "ilike"):
            return pattern(self.chance, str(self.one(column)), rich=self.rich_patterns)
        return self.one(column)

    def one(self, column: Column) -> Any:
        """Mostly a value that a row has, so that something is found."""
        known = [value for value in column.values if value is not None]
        if self.texts and isinstance(known[0], str) and self.chance.random() < 0.2:
            return self.chance.choice(self.texts)
        return self.chance.choice(known)
