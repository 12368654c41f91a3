"""Flows: long jobs of several steps that can be left at any instant and taken up again, here or elsewhere.

Nothing is sent before the first step is asked for, and leaving the loop stops driving. Ctrl-C and cancellation stop at
once, `stop()` at the next point where nothing is lost; all of them end the waiting here, never the vendor's work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from tenantry import _native
from tenantry.encoding import decode, encode, failure, opened
from tenantry.errors import ConfigError, NeedsAttentionError
from tenantry.events import Event, Item
from tenantry.progress import display

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tenantry.client import AsyncSession, Session
    from tenantry.driver import Host

__all__ = ["AsyncFlow", "Flow"]

_R = TypeVar("_R", bound=_native.Record)
_RESULT = '{"result":'


class _Flow(Generic[_R]):
    def __init__(self, session: Session | AsyncSession, native: _native.Flow, host: Host, result: type[_R]) -> None:
        self._native: _native.Flow | None = native
        self._host = host
        self._model = result
        self._need: Item | None = None
        self._result: _R | None = None
        self._session = session

    @property
    def _driven(self) -> _native.Flow:
        if self._native is None:
            raise ConfigError("the flow is closed", outcome="not_sent", hint="resume it from its checkpoint")
        return self._native

    @property
    def need(self) -> Item | None:
        """The decision that a person owes (`step`, `reason`, `choices`, `data`); None while there is none."""
        return self._need

    @property
    def result(self) -> _R:
        """What the flow brought.

        Raises:
            NeedsAttentionError: A decision is owed; `choices` lists the possible ones.
            RuntimeError: It is not finished: go on iterating, or call `run()`.
        """
        if self._result is None:
            if self._need is not None:
                raise self._attention(self._need)
            raise RuntimeError("the flow is not finished: go on iterating, or call run()")
        return self._result

    @property
    def status(self) -> Item:
        """Where the flow is: `flow_id`, `step`, `phase`, `done`, `outputs`, `need`. Never waits."""
        status = cast("Item", decode(opened(self._driven.status())))
        status.pop("checkpoint", None)
        return status

    @property
    def checkpoint(self) -> str:
        """The checkpoint as JSON text, without any secret: `resume` goes on from it."""
        return str(decode(opened(self._driven.status()))["checkpoint"])

    def answer(self, choice: str, **arguments: Any) -> None:
        """Answers the need. It takes effect, and is kept in the checkpoint, when the flow goes on.

        Args:
            choice: One of `need.choices`.
            arguments: What that choice asks for.

        Raises:
            ValidationError: There is no such choice, or an argument is missing; the message lists what there is.
        """
        opened(self._driven.answer(encode({"choice": choice, **arguments})))
        self._need = None

    def stop(self) -> None:
        """Ends the waiting gracefully, from any thread: a request that must not be sent twice is waited for.

        Whoever drives the flow gets `FlowStopped`.
        """
        self._driven.stop()

    def close(self) -> None:
        """Lets the checkpoint go, so that another flow may resume it. May be called again."""
        self._native = None

    def _taken(self, text: str) -> Event | None:
        """Takes in what a turn brought: an event to be given, or None at the end of the iteration."""
        if text.startswith(_RESULT):
            self._need, self._result = None, self._model(text[len(_RESULT) : -1])
            return None
        turn = decode(text)
        self._need = turn.get("need")
        return None if self._need is not None else Event.read(turn["event"])

    def _attention(self, need: Item) -> NeedsAttentionError:
        names = ", ".join(choice["choice"] for choice in need["choices"])
        return NeedsAttentionError(
            f"{need['step']} needs a decision: {need['reason']}",
            hint=f"answer with one of {names}",
            details=dict(need),
            checkpoint=self.checkpoint if self._native is not None else None,
        )

    def _decided(self, need: Item, answer: str | tuple[str, Mapping[str, Any]] | None) -> None:
        if isinstance(answer, str):
            self.answer(answer)
        elif answer is not None:
            choice, arguments = answer
            self.answer(choice, **arguments)
        elif self._need is need:
            raise self._attention(need)

    def __repr__(self) -> str:
        kind = type(self).__name__
        if self._native is None:
            return f"{kind}(closed)"
        status = self.status
        return f"{kind}(flow_id={status.get('flow_id')!r}, step={status.get('step')!r}, phase={status.get('phase')!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a flow cannot be pickled or copied: its checkpoint can, and resume() goes on from it")


class Flow(_Flow[_R]):
    """A flow whose steps block. Iterating gives its events; the iteration ends at a need or with the result.

    A listener (`on_event`) hears of the requests beneath. What it raises goes to `sys.unraisablehook` and changes
    nothing; while it runs, the flow waits.
    """

    _session: Session

    def __iter__(self) -> Iterator[Event]:
        while True:
            event = self._taken(self._session.drive(self._driven.advance(self._host.wants_events), self._host))
            if event is None:
                return
            yield event

    def run(
        self,
        *,
        progress: bool = False,
        on_need: Callable[[Item], str | tuple[str, Mapping[str, Any]] | None] | None = None,
    ) -> _R:
        """Drives the flow to its end.

        Args:
            progress: Shows each step as it goes: bars in a terminal or a notebook if tqdm is installed, else lines.
            on_need: Called with each need; returns a choice, a pair of a choice and its arguments, or None after having
                called `answer` itself.

        Returns:
            The result.

        Raises:
            NeedsAttentionError: A decision is owed, and `on_need` gave none. Answer, then drive on.
            WaitTimeoutError: A limit is reached; drive on, or resume, for a new one.
            StepFailedError: The vendor reports that a step has failed.
            OutcomeUnknownError: Never: an unknown fate is a need.
            CheckpointError: The checkpoint is not of this flow, or could not be kept; nothing was sent after that.
            FlowStopped: `stop()` was called.
        """
        with display(progress) as show:
            while True:
                for event in self:
                    show(event)
                if (need := self._need) is None:
                    return self.result
                self._decided(need, None if on_need is None else on_need(need))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncFlow(_Flow[_R]):
    """A flow whose steps are awaited. Iterating gives its events, and ends at a need or with the result.

    Awaiting the flow itself is awaiting `run()`. Cancelling stops at once.
    """

    _session: AsyncSession

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            event = self._taken(await self._session.drive(self._driven.advance(self._host.wants_events), self._host))
            if event is None:
                return
            yield event

    async def run(
        self,
        *,
        progress: bool = False,
        on_need: Callable[
            [Item],
            str | tuple[str, Mapping[str, Any]] | Awaitable[str | tuple[str, Mapping[str, Any]] | None] | None,
        ]
        | None = None,
    ) -> _R:
        """Drives the flow to its end; see `Flow.run`. `on_need` may be `async`."""
        with display(progress) as show:
            while True:
                async for event in self:
                    show(event)
                if (need := self._need) is None:
                    return self.result
                answer = None if on_need is None else on_need(need)
                self._decided(need, await answer if isinstance(answer, Awaitable) else answer)

    def __await__(self) -> Any:
        return self.run().__await__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def started(native: _native.Flow | str) -> _native.Flow:
    """The flow, or its error raised."""
    if isinstance(native, str):
        raise failure(native)
    return native
