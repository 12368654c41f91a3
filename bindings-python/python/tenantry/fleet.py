"""Fleets: many flows that one loop drives, and that take next to nothing while they wait.

Nothing is sent before the first turn is asked for. While the loop's body runs, the fleet stands still: what takes long
belongs elsewhere. Leaving the loop stops driving; another loop over the same fleet goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from tenantry import _native
from tenantry.encoding import decode, encode, failure, opened, plain
from tenantry.errors import ConfigError, TenantryError, from_report
from tenantry.events import Item

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from tenantry.client import AsyncSession, Session
    from tenantry.driver import Host

__all__ = ["AsyncFleet", "Fleet", "FleetTurn"]

_R = TypeVar("_R", bound=_native.Record)
_Encode = Callable[[Any, "dict[str, Any]"], str]


class FleetTurn(Generic[_R]):
    """What became of one flow: one of `result`, `need` and `error` is there."""

    __slots__ = ("_model", "_told", "key")

    def __init__(self, told: tuple[str, dict[str, Any]], model: type[_R]) -> None:
        self._told = told
        self._model = model
        self.key: str = told[1]["key"]
        """The flow's key, as it was given."""

    @property
    def kind(self) -> str:
        """`result`, `need` or `error`."""
        return self._told[0]

    def _is(self, kind: str) -> Any:
        return self._told[1][kind] if self._told[0] == kind else None

    @property
    def result(self) -> _R | None:
        """What a finished flow brought."""
        result = self._is("result")
        return None if result is None else self._model(encode(result))

    @property
    def need(self) -> Item | None:
        """The decision that a person owes (`step`, `reason`, `choices`, `data`); `answer` takes it."""
        need = self._is("need")
        return None if need is None else cast("Item", decode(encode(need)))

    @property
    def error(self) -> TenantryError | None:
        """Why the flow cannot go on, or not now; with its checkpoint. The fleet has forgotten the flow."""
        error = self._is("error")
        return None if error is None else from_report(error)

    def __repr__(self) -> str:
        return f"FleetTurn({self.key!r}, {self.kind})"


class Flows(Generic[_R]):
    """The flows of a fleet: how they are called, where their specs come from, and what they bring."""

    __slots__ = ("encoded", "keys", "result", "spec")

    def __init__(self, keys: Iterable[str], spec: Callable[[str], Any], encoded: _Encode, result: type[_R]) -> None:
        self.keys = keys
        self.spec = spec
        self.encoded = encoded
        self.result = result


class _Fleet(Generic[_R]):
    def __init__(
        self, session: Session | AsyncSession, native: _native.Fleet | str, host: Host, flows: Flows[_R]
    ) -> None:
        if isinstance(native, str):
            raise failure(native)
        self._session = session
        self._handle: _native.Fleet | None = native
        self._host = host
        self._keys = iter(flows.keys)
        self._more = True
        self._room = 1
        self._wanted: list[str] = []
        self._told: deque[FleetTurn[_R]] = deque()
        self._goes_on = True
        self._spec = flows.spec
        self._encoded = flows.encoded
        self._model = flows.result

    @property
    def _native(self) -> _native.Fleet:
        if self._handle is None:
            raise ConfigError("the fleet is closed", outcome="not_sent", hint="begin another one with its checkpoints")
        return self._handle

    @property
    def status(self) -> Item:
        """How many flows are where (`new`, `waiting`, `asking`, `active`), `polls` so far, and how late they were.

        `late_p50_ms` and `late_p99_ms` are milliseconds. Never waits.
        """
        return cast("Item", decode(opened(self._native.status())))

    def answer(self, key: str, choice: str, **arguments: Any) -> None:
        """Answers the need of a flow. It takes effect, and is kept in the checkpoint, when the loop goes on.

        Args:
            key: The flow's key.
            choice: One of `need.choices`.
            arguments: What that choice asks for.

        Raises:
            ValidationError: It asks nothing, or there is no such choice, or an argument is missing.
        """
        opened(self._native.answer(key, encode({"choice": choice, **arguments})))
        self._goes_on = True

    def stop(self) -> None:
        """Ends the loop gracefully, from any thread: a request that must not be sent twice is waited for."""
        self._native.stop()
        self._more = False

    def close(self) -> None:
        """Lets the checkpoints go, for another fleet; gives up what is under way. May be called again."""
        self._handle = None

    def _added(self) -> list[str]:
        keys = list(islice(self._keys, self._room)) if self._more else []
        self._more = self._more and len(keys) == self._room
        return keys

    def _given(self, key: str, spec: Any) -> str:
        if isinstance(spec, Exception):
            return encode({"key": key, "error": f"{type(spec).__name__} was raised"})
        try:
            return f'{{"key":{encode(key)},"spec":{self._encoded(spec, self._host.callbacks)}}}'
        except TenantryError as error:
            return encode({"key": key, "error": str(error)})

    def _asked(self, added: list[str], wanted: list[str]) -> _native.Call:
        self._goes_on = False
        more = "true" if self._more else "false"
        return self._native.advance(f'{{"add":[{",".join(added)}],"specs":[{",".join(wanted)}],"more":{more}}}')

    def _take(self, text: str) -> None:
        brought: dict[str, Any] = plain(text)
        self._wanted, self._room = brought["wanted"], brought["room"]
        self._told.extend(FleetTurn(next(iter(told.items())), self._model) for told in brought["reports"])
        self._goes_on = self._goes_on or self._more or not brought["over"]


class Fleet(_Fleet[_R]):
    """A fleet whose turns block.

    Iterating gives a `FleetTurn` for each flow that finished, failed, or needs a decision. It ends when nothing will
    happen before a decision is taken; after `answer`, another loop goes on.
    """

    _session: Session

    def __iter__(self) -> Iterator[FleetTurn[_R]]:
        while True:
            while self._told:
                yield self._told.popleft()
            if not self._goes_on:
                return
            added = [self._given(key, self._found(key)) for key in self._added()]
            wanted = [self._given(key, self._found(key)) for key in self._wanted]
            self._take(self._session.drive(self._asked(added, wanted), self._host))

    def _found(self, key: str) -> Any:
        try:
            return self._spec(key)
        except Exception as error:  # noqa: BLE001 - that flow fails, and no other
            return error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncFleet(_Fleet[_R]):
    """A fleet whose turns are awaited.

    Iterating gives a `FleetTurn` for each flow that finished, failed, or needs a decision. It ends when nothing will
    happen before a decision is taken; after `answer`, another loop goes on.
    """

    _session: AsyncSession

    async def __aiter__(self) -> AsyncIterator[FleetTurn[_R]]:
        while True:
            while self._told:
                yield self._told.popleft()
            if not self._goes_on:
                return
            added = [self._given(key, await self._found(key)) for key in self._added()]
            wanted = [self._given(key, await self._found(key)) for key in self._wanted]
            self._take(await self._session.drive(self._asked(added, wanted), self._host))

    async def _found(self, key: str) -> Any:
        try:
            spec = self._spec(key)
            return await cast("Awaitable[Any]", spec) if isinstance(spec, Awaitable) else spec
        except Exception as error:  # noqa: BLE001 - that flow fails, and no other
            return error

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
