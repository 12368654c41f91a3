"""Stores of the caller's own: where bills are remembered, and what was used already."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from itertools import count
from typing import Protocol, runtime_checkable

__all__ = ["Journal", "ReplayStore"]

_numbers = count(1)


@runtime_checkable
class Journal(Protocol):
    """Remembers which bills were sent, each under a key of its own. Both methods may be `async` with an async client.

    The keys of one app are texts such as `app-1/bills/order-123`; the texts under them hold no secret and about 300
    characters. Two programs that bill with the same references must share one journal, and a store that several of them
    write must let nobody write between a `load` and the `save` that follows it; a file (`journal="bills.json"`) sees to
    that itself.
    """

    def load(self, key: str, /) -> str | Awaitable[str | None] | None:
        """The text that `save` got last for this key; None if there is none."""
        ...

    def save(self, key: str, text: str, /) -> object:
        """Keeps the text, and returns only when it is durable: the bill is sent after that."""
        ...


@runtime_checkable
class ReplayStore(Protocol):
    """Remembers what was used, so that nothing is used twice. Its method may be `async` with an async client."""

    def claim(self, key: str, until: datetime, /) -> bool | Awaitable[bool]:
        """True the first time, False while the key is remembered; of two that claim at once, one gets False.

        Args:
            key: What is used now.
            until: An aware time; the key may be forgotten after it.
        """
        ...


def store_name(store: Journal | ReplayStore) -> str:
    """The name under which the core asks for a store."""
    return f"{type(store).__qualname__}#{next(_numbers)}"
