"""What the clients of all systems have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakSet

from tenantry import _native
from tenantry.driver import Host, drive, drive_async
from tenantry.encoding import encode, failure, plain
from tenantry.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tenantry._native import Call, Pages, Record
    from tenantry.driver import CheckpointStore
    from tenantry.options import CallOptions, Listener
    from tenantry.secret import SecretCallback

    _R = TypeVar("_R", bound=Record)


class _Session:
    """A client's way to the core: its native handle, its callbacks, and its calls under way."""

    def __init__(self, system: str, connection: Mapping[str, Any], options: CallOptions) -> None:
        self.system = system
        self._callbacks: dict[str, SecretCallback] = {}
        self._on_event = options.on_event
        self._calls: set[Call] = set()
        self.readings: WeakSet[Pages] = WeakSet()
        self._closed = False
        config = {name: value for name, value in connection.items() if value is not None}
        config["options"] = options.settings
        opened = _native.Client.open(system, encode(config, self._callbacks))
        if isinstance(opened, str):
            raise failure(opened)
        self._native = opened

    @property
    def native(self) -> _native.Client:
        """The native handle."""
        if self._closed:
            raise ConfigError("the client is closed", outcome="not_sent", hint="make a new one")
        return self._native

    def host(self, callbacks: dict[str, SecretCallback], on_event: Listener | None, store: Any = None) -> Host:
        """What a call of this client may turn to; its own callbacks and listener come before the client's."""
        return Host({**self._callbacks, **callbacks}, on_event or self._on_event, cast("CheckpointStore | None", store))

    def _prepare(self, operation: str, arguments: Mapping[str, Any], options: CallOptions) -> tuple[Call, Host]:
        callbacks: dict[str, SecretCallback] = {}
        host = self.host(callbacks, options.on_event)
        given = {name: value for name, value in arguments.items() if value is not None}
        call = self.native.call(operation, encode(given, host.callbacks), encode(options.settings), host.wants_events)
        return call, host

    def close(self) -> None:
        """Ends the calls under way and the lists that are read, and refuses further ones."""
        self._closed = True
        for call in tuple(self._calls):
            call.close()
        for pages in tuple(self.readings):
            pages.close()


class Session(_Session):
    """The session of a client whose calls block."""

    def drive(self, call: Call, host: Host) -> str:
        """Carries a call out and returns the reply's text."""
        self._calls.add(call)
        try:
            return drive(call, host)
        finally:
            self._calls.discard(call)
            call.close()

    def invoke(self, operation: str, arguments: Mapping[str, Any], options: CallOptions) -> str:
        """Carries an operation out and returns the reply's text."""
        return self.drive(*self._prepare(operation, arguments, options))

    def record(self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions) -> _R:
        """Carries out an operation that replies with a record."""
        return _one(model, self.invoke(operation, arguments, options))

    def optional(
        self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions
    ) -> _R | None:
        """Carries out an operation that replies with a record or with nothing."""
        return _one_or_none(model, self.invoke(operation, arguments, options))

    def records(self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions) -> list[_R]:
        """Carries out an operation that replies with a list."""
        return _native.records(model, self.invoke(operation, arguments, options))

    def value(self, operation: str, arguments: Mapping[str, Any], options: CallOptions) -> Any:
        """Carries out an operation that replies with anything."""
        return plain(self.invoke(operation, arguments, options))


class AsyncSession(_Session):
    """The session of a client whose calls are awaited."""

    async def drive(self, call: Call, host: Host) -> str:
        """Carries a call out and returns the reply's text."""
        self._calls.add(call)
        try:
            return await drive_async(call, host)
        finally:
            self._calls.discard(call)
            call.close()

    async def invoke(self, operation: str, arguments: Mapping[str, Any], options: CallOptions) -> str:
        """Carries an operation out and returns the reply's text."""
        return await self.drive(*self._prepare(operation, arguments, options))

    async def record(self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions) -> _R:
        """Carries out an operation that replies with a record."""
        return _one(model, await self.invoke(operation, arguments, options))

    async def optional(
        self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions
    ) -> _R | None:
        """Carries out an operation that replies with a record or with nothing."""
        return _one_or_none(model, await self.invoke(operation, arguments, options))

    async def records(
        self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions
    ) -> list[_R]:
        """Carries out an operation that replies with a list."""
        return _native.records(model, await self.invoke(operation, arguments, options))

    async def value(self, operation: str, arguments: Mapping[str, Any], options: CallOptions) -> Any:
        """Carries out an operation that replies with anything."""
        return plain(await self.invoke(operation, arguments, options))


def _one(model: type[_R], text: str) -> _R:
    return model(text)


def _one_or_none(model: type[_R], text: str) -> _R | None:
    return None if text == "null" else _one(model, text)


class Closing:
    """A client's identity: it is remade from its settings in another process, and shows no secret."""

    _settings: dict[str, Any]

    def __repr__(self) -> str:
        shown = ("base_url", "dashboard_url", "username", "oauth_client_id")
        parts = [f"{name}={self._settings[name]!r}" for name in shown if self._settings.get(name) is not None]
        kind = type(self)
        return f"{kind.__module__.removesuffix('.client')}.{kind.__qualname__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        # Secrets refuse to be pickled when they are inline, and say what to do.
        return _remake, (type(self), {name: value for name, value in self._settings.items() if value is not None})


def _remake(kind: type, settings: dict[str, Any]) -> object:
    return kind(**settings)
