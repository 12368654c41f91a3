"""What a refresh of the configuration brought, and the iterators that wait for changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tenantry._native import Record
from tenantry.errors import TenantryError, from_report

if TYPE_CHECKING:
    from typing_extensions import Self

    from tenantry.client import AsyncSession, Session
    from tenantry.options import CallOptions

__all__ = ["AsyncWatch", "Change", "Refreshed", "Watch"]

_WATCH = "maestrano.marketplaces.watch"


class Change(Record):
    """How a marketplace changed."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("type", "value", None),
        ("marketplace", "value", None),
        ("message", "value", None),
    )

    @property
    def type(self) -> str:
        """`added`, `removed`, `changed`, or `malformed`: what came cannot be used, and the old one stays, if any."""
        return self._get(0)

    @property
    def marketplace(self) -> str:
        """Its name."""
        return self._get(1)

    @property
    def message(self) -> str | None:
        """What is wrong with a malformed one."""
        return self._get(2)


class Refreshed(Record):
    """What a refresh of the configuration brought."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("names", "value", None),
        ("changes", "list", Change),
        ("stale", "value", None),
        ("error", "value", None),
    )

    @property
    def names(self) -> list[str]:
        """The marketplaces that can be used now."""
        return self._get(0)

    @property
    def changes(self) -> list[Change]:
        """What is different from before."""
        return self._get(1)

    @property
    def stale(self) -> bool:
        """Whether fetching failed, and the configuration is the one from before."""
        return self._get(2)

    @property
    def error(self) -> TenantryError | None:
        """Why fetching failed, when it is stale; not raised."""
        report: dict[str, Any] | None = self._get(3)
        return None if report is None else from_report(report)


class Watch:
    """Waits, each time the next one is asked for, until the configuration changed or could not be fetched. Endless."""

    def __init__(self, session: Session, options: CallOptions) -> None:
        self._session, self._options = session, options

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Refreshed:
        return self._session.record(_WATCH, {}, Refreshed, self._options)


class AsyncWatch:
    """Waits, each time the next one is asked for, until the configuration changed or could not be fetched. Endless."""

    def __init__(self, session: AsyncSession, options: CallOptions) -> None:
        self._session, self._options = session, options

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Refreshed:
        return await self._session.record(_WATCH, {}, Refreshed, self._options)
