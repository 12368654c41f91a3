"""A request in hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tenantry._native import Record
from tenantry.errors import from_report
from tenantry.secret import hidden

from .models import Request
from .outcomes import Approve, ConfirmRevoke, Fail, Inquire, Outcome, Schedule, Skip
from .report import JobResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .run import AsyncRun, Run

__all__ = ["AsyncJob", "Job"]

Lane = Literal["pending", "revoking"]


class HandedOut(Record):
    """A job as the core hands it out."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("number", "value", None),
        ("lane", "value", None),
        ("attempt", "value", None),
        ("request", "record", Request),
    )

    @property
    def number(self) -> int:
        """Its number in the run."""
        return self._get(0)

    @property
    def lane(self) -> Lane:
        """The queue it waited in."""
        return self._get(1)

    @property
    def attempt(self) -> int:
        """1 for the first time."""
        return self._get(2)

    @property
    def request(self) -> Request:
        """The request."""
        return self._get(3)


class Turn(Record):
    """What the core gives next: a job, an event, or the report at the end."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("job", "record", HandedOut),
        ("event", "value", None),
    )

    @property
    def job(self) -> HandedOut | None:
        """A job."""
        return self._get(0)

    @property
    def event(self) -> dict[str, Any] | None:
        """An event."""
        return self._get(1)


class Acted(Record):
    """What the core says of a decision that was carried out."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("result", "value", None),
        ("request", "record", Request),
        ("error", "value", None),
    )

    @property
    def told(self) -> JobResult:
        """The same for programs."""
        error = self._get(2)
        return JobResult(self._get(0), self._get(1), None if error is None else from_report(error))


class _Job:
    def __init__(self, handed: HandedOut) -> None:
        self.request: Request = handed.request
        self.lane: Lane = handed.lane
        self.attempt: int = handed.attempt
        self.acted = False
        self.number: int = handed.number

    def _wire(self, outcome: Outcome) -> dict[str, Any]:
        if not isinstance(outcome, Outcome):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise TypeError(f"{type(outcome).__name__} is no outcome")
        self.acted = True
        return outcome.wire

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.request.id!r}, lane={self.lane!r}, attempt={self.attempt})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a job cannot be pickled or copied: its request can")


class Job(_Job):
    """A request in hand, to be decided by one of its methods, once.

    What goes wrong with the request is told by the result, and counted by the worker's report, not raised.

    Attributes:
        request: The request, as it was last read.
        lane: The queue it waited in, `pending` or `revoking`.
        attempt: 1 for the first time; more after handling it failed.
        acted: Whether it was decided.
        number: Its number in the run.
    """

    def __init__(self, handed: HandedOut, run: Run) -> None:
        super().__init__(handed)
        self._run = run

    def decide(self, outcome: Outcome) -> JobResult:
        """Carries an outcome out.

        Raises:
            ValidationError: It was decided already, or its run is over.
        """
        return self._run.act(self.number, self._wire(outcome))

    def approve(
        self,
        *,
        template_id: str | None = None,
        activation_tile: str | None = None,
        params: Mapping[str, Any] | None = None,
        effective_date: datetime | str | None = None,
        next_billing_date: str | None = None,
    ) -> JobResult:
        """Approves it; see `Approve`."""
        params = hidden(params)
        return self.decide(
            Approve(
                template_id=template_id,
                activation_tile=activation_tile,
                params=params,
                effective_date=effective_date,
                next_billing_date=next_billing_date,
            )
        )

    def fail(self, reason: str) -> JobResult:
        """Fails it, for good; see `Fail`."""
        return self.decide(Fail(reason))

    def inquire(
        self,
        *,
        errors: Mapping[str, str] | None = None,
        template_id: str | None = None,
        activation_tile: str | None = None,
    ) -> JobResult:
        """Asks the customer back; see `Inquire`."""
        return self.decide(Inquire(errors=errors, template_id=template_id, activation_tile=activation_tile))

    def schedule(self, planned_date: datetime | str) -> JobResult:
        """Schedules it for a later date; see `Schedule`."""
        return self.decide(Schedule(planned_date))

    def confirm_revoke(self) -> JobResult:
        """Confirms that it is revoked; see `ConfirmRevoke`."""
        return self.decide(ConfirmRevoke())

    def skip(self, reason: str | None = None, not_before: datetime | str | None = None) -> JobResult:
        """Leaves it as it is; see `Skip`."""
        return self.decide(Skip(reason, not_before))


class AsyncJob(_Job):
    """A request in hand, to be decided by one of its methods, once; see `Job`."""

    def __init__(self, handed: HandedOut, run: AsyncRun) -> None:
        super().__init__(handed)
        self._run = run

    async def decide(self, outcome: Outcome) -> JobResult:
        """Carries an outcome out; see `Job.decide`."""
        return await self._run.act(self.number, self._wire(outcome))

    async def approve(
        self,
        *,
        template_id: str | None = None,
        activation_tile: str | None = None,
        params: Mapping[str, Any] | None = None,
        effective_date: datetime | str | None = None,
        next_billing_date: str | None = None,
    ) -> JobResult:
        """Approves it; see `Approve`."""
        params = hidden(params)
        return await self.decide(
            Approve(
                template_id=template_id,
                activation_tile=activation_tile,
                params=params,
                effective_date=effective_date,
                next_billing_date=next_billing_date,
            )
        )

    async def fail(self, reason: str) -> JobResult:
        """Fails it, for good; see `Fail`."""
        return await self.decide(Fail(reason))

    async def inquire(
        self,
        *,
        errors: Mapping[str, str] | None = None,
        template_id: str | None = None,
        activation_tile: str | None = None,
    ) -> JobResult:
        """Asks the customer back; see `Inquire`."""
        return await self.decide(Inquire(errors=errors, template_id=template_id, activation_tile=activation_tile))

    async def schedule(self, planned_date: datetime | str) -> JobResult:
        """Schedules it for a later date; see `Schedule`."""
        return await self.decide(Schedule(planned_date))

    async def confirm_revoke(self) -> JobResult:
        """Confirms that it is revoked; see `ConfirmRevoke`."""
        return await self.decide(ConfirmRevoke())

    async def skip(self, reason: str | None = None, not_before: datetime | str | None = None) -> JobResult:
        """Leaves it as it is; see `Skip`."""
        return await self.decide(Skip(reason, not_before))
