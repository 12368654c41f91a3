"""What changed since: the vendor tells nobody, so the lists are read again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from tenantry import _native
from tenantry.encoding import encode, plain
from tenantry.errors import ValidationError
from tenantry.options import limit

from .models import Bill, Group, RecurringBill, User

if TYPE_CHECKING:
    from datetime import datetime

    from typing_extensions import Self

    from tenantry.client import AsyncSession, Session
    from tenantry.options import CallOptions, Seconds

__all__ = ["AsyncChanges", "Changes"]

_R = TypeVar("_R", bound=_native.Record)
_NEXT = "maestrano.changes.next"


class _Found(_native.Record):
    """What one look found, and the cursor behind it."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[_native.Record] | None], ...]] = (("cursor", "value", None),)


class _Groups(_Found):
    __slots__ = ()
    _fields = (*_Found._fields, ("items", "list", Group))


class _Users(_Found):
    __slots__ = ()
    _fields = (*_Found._fields, ("items", "list", User))


class _Bills(_Found):
    __slots__ = ()
    _fields = (*_Found._fields, ("items", "list", Bill))


class _RecurringBills(_Found):
    __slots__ = ()
    _fields = (*_Found._fields, ("items", "list", RecurringBill))


_FOUND: dict[str, type[_Found]] = {
    "groups": _Groups,
    "users": _Users,
    "bills": _Bills,
    "recurring_bills": _RecurringBills,
}


class _Reader(Generic[_R]):
    """Where a reader of changes stands."""

    def __init__(
        self,
        resource: str,
        *,
        since: datetime | str | None,
        cursor: str | None,
        interval: Seconds | None,
        max_wait: Seconds | None,
        options: CallOptions,
    ) -> None:
        if resource not in _FOUND:
            known = ", ".join(_FOUND)
            raise ValidationError(
                f"resource is {resource!r}, which is none of {known}",
                operation=_NEXT,
                outcome="not_sent",
                details={"field": "resource"},
            )
        self._resource = resource
        self._cursor = _begun(since, cursor)
        self._left: list[_R] = []
        self._after: Any = None
        self._limits = {"interval_ms": limit("interval", interval), "max_wait_ms": limit("max_wait", max_wait)}
        self._options = options

    @property
    def cursor(self) -> str:
        """Where it stands, as JSON text to keep: `changes(resource, cursor=…)` goes on from there.

        It moves on when all that one look found is handed out; keep it when they are dealt with. Going on from it, no
        change is left out, and some may come again.
        """
        return encode(self._cursor)

    def _arguments(self) -> dict[str, Any]:
        return {"resource": self._resource, "cursor": self._cursor, **self._limits}

    def _take(self, found: _Found) -> None:
        self._after, items = found._get(0), found._get(1)  # noqa: SLF001
        self._left = items[::-1]

    def _next(self) -> _R:
        item = self._left.pop()
        if not self._left:
            self._cursor = self._after
        return item

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._resource!r})"


def _begun(since: datetime | str | None, cursor: str | None) -> Any:
    if (since is None) == (cursor is None):
        raise ValidationError(
            "changes need either since or a cursor",
            operation=_NEXT,
            outcome="not_sent",
            hint="since=an aware datetime at the first time, cursor=the text kept from the last time later",
            details={"field": "since"},
        )
    if cursor is None:
        return {"since": since}
    try:
        kept = plain(cursor)
    except (TypeError, ValueError):
        kept = None
    if not isinstance(kept, Mapping):
        message = "cursor is not what a reader of changes gave"
        raise ValidationError(message, operation=_NEXT, outcome="not_sent", details={"field": "cursor"})
    return kept  # pyright: ignore[reportUnknownVariableType]


class Changes(_Reader[_R]):
    """What changed, the oldest change first; each step waits until there is one.

    A step raises `WaitTimeoutError` when nothing changes within `max_wait`, and may be repeated.
    """

    def __init__(self, session: Session, resource: str, **settings: Any) -> None:
        super().__init__(resource, **settings)
        self._session = session

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _R:
        if not self._left:
            model = _FOUND[self._resource]
            self._take(self._session.record(_NEXT, self._arguments(), model, self._options))
        return self._next()


class AsyncChanges(_Reader[_R]):
    """What changed, the oldest change first; each step waits until there is one.

    A step raises `WaitTimeoutError` when nothing changes within `max_wait`, and may be repeated.
    """

    def __init__(self, session: AsyncSession, resource: str, **settings: Any) -> None:
        super().__init__(resource, **settings)
        self._session = session

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _R:
        if not self._left:
            model = _FOUND[self._resource]
            self._take(await self._session.record(_NEXT, self._arguments(), model, self._options))
        return self._next()
