"""Recurring bills, with the watching that the vendor leaves to its customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tenantry._native import Record
from tenantry.options import Options, Seconds, Unpack, call_options, limit

from . import resources
from .models import RecurringBill

if TYPE_CHECKING:
    from typing_extensions import Self

    from tenantry.client import AsyncSession, Session
    from tenantry.options import CallOptions

__all__ = ["AsyncRecurringBillWatch", "AsyncRecurringBills", "RecurringBillWatch", "RecurringBills"]

_WATCH = "maestrano.recurring_bills.watch"


class _Seen(Record):
    """A bill as it is now, what of it was seen, and whether that is its end."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("bill", "record", RecurringBill),
        ("seen", "value", None),
        ("ended", "value", None),
    )


class _Watch:
    def __init__(
        self, *, bill: int | str, interval: Seconds | None, max_wait: Seconds | None, options: CallOptions
    ) -> None:
        self._asked: dict[str, Any] = {
            "id": bill,
            "seen": None,
            "interval_ms": limit("interval", interval),
            "max_wait_ms": limit("max_wait", max_wait),
        }
        self._options = options
        self._ended = False

    def _see(self, told: _Seen) -> RecurringBill:
        bill, self._asked["seen"], self._ended = (told._get(slot) for slot in range(3))  # noqa: SLF001
        return bill


class RecurringBillWatch(_Watch):
    """A recurring bill as it is, and then each time that it changed; ends with the bill's end."""

    def __init__(self, session: Session, **settings: Any) -> None:
        super().__init__(**settings)
        self._session = session

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> RecurringBill:
        if self._ended:
            raise StopIteration
        return self._see(self._session.record(_WATCH, self._asked, _Seen, self._options))


class AsyncRecurringBillWatch(_Watch):
    """A recurring bill as it is, and then each time that it changed; ends with the bill's end."""

    def __init__(self, session: AsyncSession, **settings: Any) -> None:
        super().__init__(**settings)
        self._session = session

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> RecurringBill:
        if self._ended:
            raise StopAsyncIteration
        return self._see(await self._session.record(_WATCH, self._asked, _Seen, self._options))


class RecurringBills(resources.RecurringBills):
    """Recurring bills: what a group is charged again and again."""

    __slots__ = ()

    def watch(
        self,
        id: int | str,  # noqa: A002 - a name of the wire
        *,
        interval: Seconds | None = None,
        max_wait: Seconds | None = None,
        **options: Unpack[Options],
    ) -> RecurringBillWatch:
        """Watches a recurring bill: it comes at once, and again when it changed, until it is cancelled or expired.

        The vendor tells nobody when a bill changes: it is read again and again. Nothing is read before the first step.

        Args:
            id: The recurring bill's id.
            interval: Seconds, as a number or a `timedelta`, between two looks; default: 30 growing to 300.
            max_wait: Seconds that one step waits at most; default: no limit.
            **options: Options of the calls; see `tenantry.options.Options`.

        Raises:
            WaitTimeoutError: By a step: the bill did not change in time. The step may be repeated.
            NotFoundError: By a step: there is no such bill.
        """
        limits = {"interval": interval, "max_wait": max_wait}
        return RecurringBillWatch(self._session, bill=id, options=call_options(**options), **limits)


class AsyncRecurringBills(resources.AsyncRecurringBills):
    """Recurring bills: what a group is charged again and again."""

    __slots__ = ()

    def watch(
        self,
        id: int | str,  # noqa: A002 - a name of the wire
        *,
        interval: Seconds | None = None,
        max_wait: Seconds | None = None,
        **options: Unpack[Options],
    ) -> AsyncRecurringBillWatch:
        """Watches a recurring bill, for `async for`; see `RecurringBills.watch`."""
        limits = {"interval": interval, "max_wait": max_wait}
        return AsyncRecurringBillWatch(self._session, bill=id, options=call_options(**options), **limits)
