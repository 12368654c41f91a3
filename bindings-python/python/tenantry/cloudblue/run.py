"""One run of a worker: the core gives its jobs and events, and is told what was decided."""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from tenantry.encoding import encode, opened
from tenantry.errors import TenantryError
from tenantry.events import Event, logger

from .job import Acted, HandedOut, Turn
from .outcomes import Outcome, Skip
from .report import JobResult, Report

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from tenantry import _native
    from tenantry.client import AsyncSession, Session
    from tenantry.driver import Host

    from .models import Request

__all__ = ["NOTHING", "AsyncRun", "Run", "decision", "failed", "stopping"]

NOTHING: dict[str, Any] = {"nothing": {}}


class _Run:
    def __init__(self, native: _native.Worker, host: Host, *, dry_run: bool) -> None:
        self.native = native
        self._host = host
        self._dry_run = dry_run
        self._report: Report | None = None
        self.is_active = False
        """Whether somebody asks for its jobs."""

    @property
    def is_broken(self) -> bool:
        """Whether something was raised in the midst of it, so that its worker knows of a job that nobody has."""
        return self._report is not None

    @property
    def report(self) -> Report:
        """What it did so far."""
        return self._report or Report.read(opened(self.native.report()))

    def begin(self, max_cycles: int | None) -> None:
        """Begins it.

        Raises:
            ValidationError: Another one of the same worker is under way.
        """
        opened(self.native.begin(encode({"max_cycles": max_cycles, "dry_run": self._dry_run})))
        self.is_active = True

    def abandon(self) -> None:
        """Ends it, whatever is under way."""
        self.is_active = False
        self.native.stop()
        try:
            self._report = self.report
        except TenantryError:  # in a forked child
            self._report = Report({"errors": []})

    def leave(self, number: int | None) -> None:
        """Ends it with the job of that number left as it is. Sends nothing, and so does not wait."""
        self.is_active = False
        self.native.stop()
        if number is not None:
            call = self._decided(number, Skip().wire)
            call.next_sync()
            call.close()

    def _next(self) -> _native.Call:
        return self.native.next(self._host.wants_events)

    def _decided(self, number: int, wire: Mapping[str, Any]) -> _native.Call:
        return self.native.act(number, encode(wire), self._host.wants_events)

    def _tell(self, event: dict[str, Any]) -> Any:
        # The type of a request: an event's own kinds are those of calls.
        if "kind" in event:
            event["request_type"] = event.pop("kind")
        if event["type"] == "decided":
            event["outcome"] = _in_a_line(event["outcome"])
            if self._dry_run:
                sys.stdout.write(f"{event['request']}: {event['outcome']}\n")
        elif event["type"] == "handler_returned_nothing":
            import warnings

            message = f"the handler returned nothing about {event['request']}: it is left as it is"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        return self._host.tell(Event.read(event))


class Run(_Run):
    """A run whose calls block. Several threads may take and act at the same time."""

    def __init__(self, session: Session, native: _native.Worker, host: Host, *, dry_run: bool) -> None:
        super().__init__(native, host, dry_run=dry_run)
        self._session = session

    def next_job(self) -> HandedOut | None:
        """The next job; None when the run is over."""
        while True:
            turn = Turn(self._session.drive(self._next(), self._host))
            if turn.event is None:
                self.is_active = self.is_active and turn.job is not None
                return turn.job
            self._tell(turn.event)

    def act(self, number: int, wire: Mapping[str, Any]) -> JobResult:
        """Carries a decision out."""
        return Acted(self._session.drive(self._decided(number, wire), self._host)).told


class AsyncRun(_Run):
    """A run whose calls are awaited."""

    def __init__(self, session: AsyncSession, native: _native.Worker, host: Host, *, dry_run: bool) -> None:
        super().__init__(native, host, dry_run=dry_run)
        self._session = session

    async def next_job(self) -> HandedOut | None:
        """The next job; None when the run is over."""
        while True:
            turn = Turn(await self._session.drive(self._next(), self._host))
            if turn.event is None:
                self.is_active = self.is_active and turn.job is not None
                return turn.job
            told = self._tell(turn.event)
            if isinstance(told, Awaitable):
                await told

    async def act(self, number: int, wire: Mapping[str, Any]) -> JobResult:
        """Carries a decision out."""
        return Acted(await self._session.drive(self._decided(number, wire), self._host)).told


def _in_a_line(outcome: dict[str, Any]) -> str:
    """A decision without values of parameters."""
    ((name, arguments),) = outcome.items()
    parts = [str(name)]
    for key, value in arguments.items():
        if key == "params" and value:
            parts.append(f"params={{{', '.join(f'{param}: ***' for param in value)}}}")
        elif value not in (None, {}):
            parts.append(f"{key}={value!r}")
    return " ".join(parts)


def decision(returned: object) -> dict[str, Any]:
    """What the core is told of what a handler returned."""
    if returned is None:
        return NOTHING
    if isinstance(returned, Outcome):
        return returned.wire
    what = f"the class {returned.__name__}" if isinstance(returned, type) else type(returned).__name__
    if isinstance(returned, Awaitable):
        what = "an awaitable: an async handler needs an asynchronous client"
        close: Any = getattr(cast("object", returned), "close", None)
        if close is not None:
            # Never started: it would warn of that.
            close()
    return _wrong(TypeError(f"the handler returned no outcome, but {what}"))


def failed(request: Request, error: Exception) -> dict[str, Any]:
    """Logs an exception of a handler, and makes what the core is told of it."""
    if logger() is not None:
        import logging

        logging.getLogger("tenantry.fulfillment").error("the handler failed about %s", request.id, exc_info=error)
    return _wrong(error)


def _wrong(error: Exception) -> dict[str, Any]:
    return {"error": {"message": f"{type(error).__name__}: {error}"}}


@contextmanager
def stopping(run: _Run) -> Generator[None, None, None]:
    """While it lasts, the first Ctrl-C stops the run, whose report is printed then; the second works as ever."""
    import signal
    import threading

    pressed = False
    before = signal.getsignal(signal.SIGINT) if threading.current_thread() is threading.main_thread() else None
    if before is None or before == signal.SIG_IGN:
        yield
        return

    def on_interrupt(number: int, frame: Any) -> None:
        nonlocal pressed
        if pressed:
            (before if callable(before) else signal.default_int_handler)(number, frame)
        pressed = True
        run.native.stop()

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        sys.stdout.write(f"{run.report}\n")
