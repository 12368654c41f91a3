"""The worker: it works off the queue of requests, and every request ends as its handler chose, once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from tenantry.encoding import encode, failure
from tenantry.errors import ConfigError, TenantryError, ValidationError

from .job import AsyncJob, HandedOut, Job
from .models import Request
from .report import Report
from .run import NOTHING, AsyncRun, Run, decision, failed, stopping

if TYPE_CHECKING:
    from asyncio import Task

    from typing_extensions import Self

    from tenantry import _native
    from tenantry.client import AsyncSession, Session
    from tenantry.options import CallOptions
    from tenantry.secret import SecretCallback

__all__ = ["AsyncFulfillmentWorker", "AsyncJobs", "FulfillmentWorker", "Jobs"]

_H = TypeVar("_H", bound=Callable[[Request], Any])
_R = TypeVar("_R", Run, AsyncRun)


class _Worker(Generic[_R]):
    _run: _R | None

    def __init__(self, session: Session | AsyncSession, settings: Mapping[str, Any], options: CallOptions) -> None:
        callbacks: dict[str, SecretCallback] = {}
        self._client = session
        self._host = session.host(callbacks, options.on_event)
        self._settings = {name: value for name, value in settings.items() if value is not None}
        self._settings["options"] = options.settings
        self._concurrency = int(self._settings.get("concurrency", 1))
        self._handler: Callable[[Request], Any] | None = None
        self._run = None
        self._native = self._opened()

    def _opened(self) -> _native.Worker:
        native = self._client.native.worker(encode(self._settings, self._host.callbacks))
        if isinstance(native, str):
            raise failure(native)
        return native

    def handler(self, function: _H) -> _H:
        """Sets who decides about each request; used as a decorator.

        Args:
            function: Takes the request and returns an outcome: `Approve`, `Fail`, `Inquire`, `Schedule`,
                `ConfirmRevoke` or `Skip`. Nothing returned leaves the request as it is; so does an exception, or
                anything else returned, and then the request comes again, later each time. Neither fails a request.

        Returns:
            The function itself.
        """
        if not callable(function):
            raise TypeError(f"a handler is a function of a request, not {type(function).__name__}")
        self._handler = function
        return function

    def stop(self) -> None:
        """Hands out no further request, from any thread: the run is over when those in hand were acted upon."""
        self._native.stop()

    @property
    def report(self) -> Report:
        """What the latest run did so far; after its end, all that it did."""
        return Report({"errors": []}) if self._run is None else self._run.report

    def _chosen(self) -> Callable[[Request], Any]:
        if self._handler is None:
            raise ConfigError("the worker has no handler", outcome="not_sent", hint="set one with @worker.handler")
        return self._handler

    def _refuse_another(self) -> None:
        if self._run is not None and self._run.is_active:
            raise ValidationError(
                "another run of this worker is under way",
                outcome="not_sent",
                hint="stop() ends it, or make another worker",
            )

    def _usable(self) -> _native.Worker:
        """The native worker. After a run that broke it is a new one, which remembers nothing of requests left."""
        if self._run is not None and self._run.is_broken:
            self._native = self._opened()
        return self._native

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.report})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a worker cannot be pickled or copied: make one in each process")


class FulfillmentWorker(_Worker[Run]):
    """A worker that handles fulfillment requests: cycle by cycle, it reads the queue and carries out what is decided.

    No request is skipped while handled ones leave the queue; those of one asset come in the order of their creation. A
    decision is sent once: a lost reply is settled by reading. Made by `Client.fulfillment_worker`.

    Example:
        >>> import tenantry
        >>> from tenantry import cloudblue
        >>> with tenantry.Sandbox.start() as sandbox, cloudblue.Client(**sandbox.cloudblue) as connect:
        ...     worker = connect.fulfillment_worker(product_ids=["PRD-1"], types=["purchase"])
        ...     @worker.handler
        ...     def handle(request):
        ...         if not request.asset.param("email"):
        ...             return cloudblue.Inquire(errors={"email": "Please fill this in"}, template_id="TL-2")
        ...         return cloudblue.Approve(template_id="TL-1")
        ...     report = worker.run_once()
        >>> report.approved > 0, report.inquired > 0, report.error_count
        (True, True, 0)
    """

    def __init__(self, session: Session, settings: Mapping[str, Any], options: CallOptions) -> None:
        super().__init__(session, settings, options)
        self._session = session

    def run(self, *, max_cycles: int | None = None) -> Report:
        """Works until it is stopped.

        In the main thread, the first Ctrl-C stops it: the requests in hand are finished, and the report is printed and
        returned. A second one raises `KeyboardInterrupt`. With `concurrency`, that many threads call the handler.

        Args:
            max_cycles: Cycles until it ends by itself.

        Returns:
            What was done.

        Raises:
            ConfigError: There is no handler.
            ValidationError: Another run of this worker is under way.
            AuthenticationError: The key is refused; `PermissionDeniedError` likewise. They end the run; what was done
                is in `details["report"]`.
        """
        return self._work(max_cycles, dry_run=False)

    def run_once(self, *, dry_run: bool = False) -> Report:
        """Works one cycle, for cron and tests.

        Args:
            dry_run: Prints each decision in a line, and sends none.

        Returns:
            What was done.

        Raises:
            TenantryError: The queue cannot be read. Otherwise as `run`.
        """
        return self._work(1, dry_run=dry_run)

    def jobs(self, *, max_cycles: int | None = None) -> Jobs:
        """The same as an iterator: `for job in worker.jobs(): job.approve(template_id="TL-1")`.

        Args:
            max_cycles: Cycles until it ends by itself.
        """
        return Jobs(self._begun(max_cycles, dry_run=False))

    def _begun(self, max_cycles: int | None, *, dry_run: bool) -> Run:
        self._refuse_another()
        run = Run(self._session, self._usable(), self._host, dry_run=dry_run)
        run.begin(max_cycles)
        self._run = run
        return run

    def _work(self, max_cycles: int | None, *, dry_run: bool) -> Report:
        handler = self._chosen()
        run = self._begun(max_cycles, dry_run=dry_run)
        with stopping(run):
            try:
                if self._concurrency > 1:
                    self._together(run, handler)
                else:
                    _handle_all(run, handler)
            except BaseException:
                run.abandon()
                raise
        return run.report

    def _together(self, run: Run, handler: Callable[[Request], Any]) -> None:
        """This thread and others handle jobs side by side."""
        import threading

        problems: list[BaseException] = []

        def hand() -> None:
            try:
                _handle_all(run, handler)
            except BaseException as problem:  # noqa: BLE001 - raised by the thread that waits
                problems.append(problem)
                run.native.stop()

        # A handler that hangs must not keep a program from ending that was interrupted twice.
        threads = [threading.Thread(target=hand, daemon=True) for _ in range(1, self._concurrency)]
        for thread in threads:
            thread.start()
        _handle_all(run, handler)
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]


def _handle_all(run: Run, handler: Callable[[Request], Any]) -> None:
    while (job := run.next_job()) is not None:
        request = job.request
        try:
            decided = decision(handler(request))
        except Exception as error:  # noqa: BLE001 - a handler that fails decides nothing
            decided = failed(request, error)
        run.act(job.number, decided)


class Jobs(Iterator[Job]):
    """The jobs of a run, one at a time. One that nobody acted upon is left when the next one is asked for.

    Leaving the loop, or `close()`, ends the run, and leaves the job in hand as it is.
    """

    def __init__(self, run: Run) -> None:
        self._run: Run | None = run
        self._job: Job | None = None

    def __next__(self) -> Job:
        run, job = self._run, self._job
        if run is None:
            raise StopIteration
        try:
            if job is not None and not job.acted:
                job.acted = True
                run.act(job.number, NOTHING)
            handed = run.next_job()
        except BaseException:
            self._run = None
            run.abandon()
            raise
        self._job = None if handed is None else Job(handed, run)
        if self._job is None:
            self._run = None
            raise StopIteration
        return self._job

    def close(self) -> None:
        """Ends the run. May be called again."""
        run, self._run = self._run, None
        _leave(run, self._job)

    def __del__(self) -> None:
        _leave(self._run, self._job)


def _leave(run: Run | AsyncRun | None, job: Job | AsyncJob | None) -> None:
    if run is not None:
        number = None if job is None or job.acted else job.number
        # In a forked child, or while Python ends, there is no run to be left.
        with suppress(TenantryError, RuntimeError):
            run.leave(number)


class AsyncFulfillmentWorker(_Worker[AsyncRun]):
    """A worker of an asynchronous client; its handler may be `async`. See `FulfillmentWorker`."""

    def __init__(self, session: AsyncSession, settings: Mapping[str, Any], options: CallOptions) -> None:
        super().__init__(session, settings, options)
        self._session = session

    async def run(self, *, max_cycles: int | None = None) -> Report:
        """Works until it is stopped; see `FulfillmentWorker.run`. With `concurrency`, as many handlers run as tasks."""
        return await self._work(max_cycles, dry_run=False)

    async def run_once(self, *, dry_run: bool = False) -> Report:
        """Works one cycle; see `FulfillmentWorker.run_once`."""
        return await self._work(1, dry_run=dry_run)

    def jobs(self, *, max_cycles: int | None = None) -> AsyncJobs:
        """The same as an iterator: `async for job in worker.jobs(): await job.approve(template_id="TL-1")`."""
        return AsyncJobs(self._begun(max_cycles, dry_run=False))

    def _begun(self, max_cycles: int | None, *, dry_run: bool) -> AsyncRun:
        self._refuse_another()
        run = AsyncRun(self._session, self._usable(), self._host, dry_run=dry_run)
        run.begin(max_cycles)
        self._run = run
        return run

    async def _work(self, max_cycles: int | None, *, dry_run: bool) -> Report:
        handler = self._chosen()
        run = self._begun(max_cycles, dry_run=dry_run)
        with stopping(run):
            try:
                await _handle_all_async(run, handler)
            except BaseException:
                run.abandon()
                raise
        return run.report


async def _handle_all_async(run: AsyncRun, handler: Callable[[Request], Any]) -> None:
    """Hands each job to a task of its own: the core gives no more of them than may be in hand."""
    import asyncio

    async def handle(job: HandedOut) -> None:
        request = job.request
        try:
            returned: object = handler(request)
            decided = decision(
                await cast("Awaitable[object]", returned) if isinstance(returned, Awaitable) else returned
            )
        except Exception as error:  # noqa: BLE001 - a handler that fails decides nothing
            decided = failed(request, error)
        await run.act(job.number, decided)

    hands: set[Task[None]] = set()
    turn = asyncio.ensure_future(run.next_job())
    try:
        while True:
            done, _ = await asyncio.wait({turn, *hands}, return_when=asyncio.FIRST_COMPLETED)
            for hand in hands & done:
                hands.discard(hand)
                hand.result()
            if turn in done:
                job = turn.result()
                if job is None:
                    break
                hands.add(asyncio.ensure_future(handle(job)))
                turn = asyncio.ensure_future(run.next_job())
        # Each has acted: no run is over before.
        await asyncio.gather(*hands)
    finally:
        for task in (turn, *hands):
            task.cancel()
        await asyncio.gather(turn, *hands, return_exceptions=True)


class AsyncJobs(AsyncIterator[AsyncJob]):
    """The jobs of a run, one at a time; see `Jobs`."""

    def __init__(self, run: AsyncRun) -> None:
        self._run: AsyncRun | None = run
        self._job: AsyncJob | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> AsyncJob:
        run, job = self._run, self._job
        if run is None:
            raise StopAsyncIteration
        try:
            if job is not None and not job.acted:
                job.acted = True
                await run.act(job.number, NOTHING)
            handed = await run.next_job()
        except BaseException:
            self._run = None
            run.abandon()
            raise
        self._job = None if handed is None else AsyncJob(handed, run)
        if self._job is None:
            self._run = None
            raise StopAsyncIteration
        return self._job

    async def aclose(self) -> None:
        """Ends the run. May be called again."""
        run, self._run = self._run, None
        _leave(run, self._job)

    def __del__(self) -> None:
        _leave(self._run, self._job)
