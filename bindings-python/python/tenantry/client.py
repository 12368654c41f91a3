"""What the clients of all systems have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast
from weakref import WeakSet

from tenantry import _native
from tenantry.driver import Host, drive, drive_async
from tenantry.encoding import encode, failure, opened, plain, simple
from tenantry.errors import ConfigError, OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from typing_extensions import Self

    from tenantry._native import Call, Pages, Record
    from tenantry.driver import CheckpointStore
    from tenantry.options import CallOptions, Listener
    from tenantry.secret import SecretCallback

    Opener = Callable[[dict[str, Any]], "_native.Client | str"]
    _R = TypeVar("_R", bound=Record)


class _Session:
    """A client's way to the core: its native handle, its callbacks, and its calls under way."""

    _handle: _native.Client | None = None
    _opener: Opener
    _callbacks: dict[str, Any]
    _ready: Callable[[], Awaitable[object]] | None = None

    def __init__(self, system: str, connection: Mapping[str, Any], options: CallOptions) -> None:
        config = {name: value for name, value in connection.items() if value is not None}
        config["options"] = options.settings
        self._callbacks = {}
        self._begin(system, lambda callbacks: _native.Client.open(system, encode(config, callbacks)), options.on_event)
        self.open()

    @classmethod
    def of(
        cls,
        parent: _Session,
        system: str,
        opener: Opener,
        *,
        on_event: Listener | None,
        ready: Callable[[], Awaitable[object]] | None = None,
    ) -> Self:
        """A session whose handle comes from another client's, when it is first needed.

        `ready` is awaited before the calls of an asynchronous one.
        """
        session = cls.__new__(cls)
        session._follow(parent, ready)  # noqa: SLF001 - its own
        session._begin(system, opener, on_event or parent._on_event)  # noqa: SLF001
        return session

    def _follow(self, parent: _Session, ready: Callable[[], Awaitable[object]] | None) -> None:
        self._callbacks, self._ready = dict(parent._callbacks), ready

    def _begin(self, system: str, opener: Opener, on_event: Listener | None) -> None:
        self.system = system
        self._opener = opener
        self._on_event = on_event
        # Of calls that bring nothing of their own.
        self._host = Host(self._callbacks, on_event)
        self._calls: set[Call] = set()
        self.readings: WeakSet[Pages] = WeakSet()
        self._closed = False

    def open(self) -> _native.Client:
        """Takes the native handle in, or raises what is wrong with it."""
        handle = self._opener(self._callbacks)
        if isinstance(handle, str):
            raise failure(handle)
        self._handle = handle
        return handle

    @property
    def native(self) -> _native.Client:
        """The native handle."""
        if self._closed:
            raise ConfigError("the client is closed", outcome="not_sent", hint="make a new one")
        return self._handle or self.open()

    def local(self, operation: str, arguments: Mapping[str, Any] | None = None) -> str:
        """Answers an operation without a request; gives the reply's text."""
        given = {name: value for name, value in (arguments or {}).items() if value is not None}
        return opened(self.native.local(operation, encode(given)))

    def host(self, callbacks: dict[str, SecretCallback], on_event: Listener | None, store: Any = None) -> Host:
        """What a call of this client may turn to; its own callbacks and listener come before the client's."""
        return Host({**self._callbacks, **callbacks}, on_event or self._on_event, cast("CheckpointStore | None", store))

    def _prepare(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        options: CallOptions,
        model: type[Record] | None,
        many: bool,
    ) -> tuple[Call, Host]:
        settings = encode(options.settings) if options.settings else ""
        text = simple(arguments)
        if text is None or options.on_event is not None:
            host = self.host({}, options.on_event)
            text = encode({name: value for name, value in arguments.items() if value is not None}, host.callbacks)
        else:
            host = self._host
        return self.native.call(operation, text, settings, host.wants_events, model, many), host

    def close(self) -> None:
        """Ends the calls under way and the lists that are read, and refuses further ones."""
        self._closed = True
        for call in tuple(self._calls):
            call.close()
        for pages in tuple(self.readings):
            pages.close()


class Session(_Session):
    """The session of a client whose calls block."""

    def drive(self, call: Call, host: Host) -> Any:
        """Carries a call out and returns its reply."""
        self._calls.add(call)
        try:
            return drive(call, host)
        finally:
            self._calls.discard(call)
            call.close()

    def invoke(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        options: CallOptions,
        model: type[Record] | None = None,
        many: bool = False,
    ) -> Any:
        """Carries an operation out and returns the reply's text, a record of `model` or None, or a list of `many`."""
        return self.drive(*self._prepare(operation, arguments, options, model, many))

    def charge(self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions) -> _R:
        """Carries out an operation whose unknown outcome a person can decide about."""
        try:
            return self.invoke(operation, arguments, options, model)
        except OutcomeUnknownError as error:
            decidable(error, model, lambda verb, given: self.charge(verb, given, model, options), operation, arguments)
            raise

    def record(self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions) -> _R:
        """Carries out an operation that replies with a record."""
        if operation in _CHARGES:
            return self.charge(operation, arguments, model, options)
        return self.invoke(operation, arguments, options, model)

    def optional(
        self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions
    ) -> _R | None:
        """Carries out an operation that replies with a record or with nothing."""
        return self.invoke(operation, arguments, options, model)

    def records(self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions) -> list[_R]:
        """Carries out an operation that replies with a list."""
        return self.invoke(operation, arguments, options, model, many=True)

    def value(self, operation: str, arguments: Mapping[str, Any], options: CallOptions) -> Any:
        """Carries out an operation that replies with anything."""
        return plain(self.invoke(operation, arguments, options))


class AsyncSession(_Session):
    """The session of a client whose calls are awaited."""

    async def drive(self, call: Call, host: Host) -> Any:
        """Carries a call out and returns its reply."""
        self._calls.add(call)
        try:
            return await drive_async(call, host)
        finally:
            self._calls.discard(call)
            call.close()

    async def invoke(
        self,
        operation: str,
        arguments: Mapping[str, Any],
        options: CallOptions,
        model: type[Record] | None = None,
        many: bool = False,
    ) -> Any:
        """Carries an operation out and returns the reply's text, a record of `model` or None, or a list of `many`."""
        if self._ready is not None:
            await self._ready()
        return await self.drive(*self._prepare(operation, arguments, options, model, many))

    async def charge(self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions) -> _R:
        """Carries out an operation whose unknown outcome a person can decide about."""
        try:
            return await self.invoke(operation, arguments, options, model)
        except OutcomeUnknownError as error:
            decidable(error, model, lambda verb, given: self.charge(verb, given, model, options), operation, arguments)
            raise

    def record(
        self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions
    ) -> Coroutine[Any, Any, _R]:
        """Carries out an operation that replies with a record."""
        if operation in _CHARGES:
            return self.charge(operation, arguments, model, options)
        return self.invoke(operation, arguments, options, model)

    def optional(
        self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions
    ) -> Coroutine[Any, Any, _R | None]:
        """Carries out an operation that replies with a record or with nothing."""
        return self.invoke(operation, arguments, options, model)

    def records(
        self, operation: str, arguments: Mapping[str, Any], model: type[_R], options: CallOptions
    ) -> Coroutine[Any, Any, list[_R]]:
        """Carries out an operation that replies with a list."""
        return self.invoke(operation, arguments, options, model, many=True)

    async def value(self, operation: str, arguments: Mapping[str, Any], options: CallOptions) -> Any:
        """Carries out an operation that replies with anything."""
        return plain(await self.invoke(operation, arguments, options))


# Of these, what became of the request is the caller's to decide when nobody can tell.
_CHARGES = ("maestrano.bills.create", "maestrano.recurring_bills.create")


def decidable(
    error: OutcomeUnknownError,
    model: type[Record],
    charge: Callable[[str, dict[str, Any]], object],
    operation: str,
    arguments: Mapping[str, Any],
) -> None:
    """Lets the error carry out what is decided about it."""
    noun, _, verb = operation.rpartition(".")
    asked: Mapping[str, Any] = arguments if verb == "create" else arguments["arguments"]
    given = {name: value for name, value in asked.items() if value is not None}
    error.decidable(model, lambda verb, more: charge(f"{noun}.{verb}", {**more, "arguments": given}))


class Closing:
    """A client's identity: it is remade from its settings in another process, and shows no secret."""

    _settings: dict[str, Any]
    _shown: ClassVar[tuple[str, ...]] = ("base_url", "dashboard_url", "username", "oauth_client_id")

    def __repr__(self) -> str:
        parts = [f"{name}={self._settings[name]!r}" for name in self._shown if self._settings.get(name) is not None]
        kind = type(self)
        home = kind.__module__.removesuffix(".client").removesuffix(".marketplaces")
        return f"{home}.{kind.__qualname__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Any, ...]]:
        # Secrets refuse to be pickled when they are inline, and say what to do.
        return _remake, (type(self), {name: value for name, value in self._settings.items() if value is not None})


def _remake(kind: type, settings: dict[str, Any]) -> object:
    return kind(**settings)
