"""Drives one call of the core: its messages out, answers in, the reply last. Each step twice, sync and async."""

from __future__ import annotations

import sys
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Protocol, cast

from tenantry.encoding import encode, failure, plain, unexpected
from tenantry.events import Event, audible, log_event

if TYPE_CHECKING:
    from datetime import datetime

    from tenantry._native import Call
    from tenantry.options import Listener


class CheckpointStore(Protocol):
    """Keeps a flow's checkpoint. Both methods may be `async` with an asynchronous client."""

    def load(self) -> str | Awaitable[str | None] | None:
        """The text that `save` got last; None if there is none."""
        ...

    def save(self, text: str, /) -> object:
        """Keeps the text, and returns only when it is durable: the next request leaves after that."""
        ...


class FleetStore(Protocol):
    """Keeps the checkpoints of a fleet's flows. Both methods may be `async` with an asynchronous client."""

    def load(self, key: str, /) -> str | Awaitable[str | None] | None:
        """The text that `save` got last for this key; None if there is none."""
        ...

    def save(self, key: str, text: str, /) -> object:
        """Keeps the text, and returns only when it is durable: the flow's next request leaves after that."""
        ...


class Host:
    """What a call may turn to in this program: callbacks of secrets, stores, a listener."""

    __slots__ = ("callbacks", "on_event", "store")

    def __init__(
        self,
        callbacks: dict[str, Any],
        on_event: Listener | None = None,
        store: CheckpointStore | None = None,
    ) -> None:
        self.callbacks = callbacks
        self.on_event = on_event
        self.store = store

    @property
    def wants_events(self) -> int:
        """Which events anybody would hear of, as the core is told: none (0), all (1), all but attempts (2)."""
        return 1 if self.on_event is not None else audible()

    def tell(self, event: Event) -> object:
        """Logs an event and tells the listener, whose exceptions end nothing; returns what the listener returned."""
        log_event(event)
        if self.on_event is not None:
            try:
                return self.on_event(event)
            except Exception:  # noqa: BLE001 - a listener must not change what it listens to
                report(self.on_event)
        return None

    def ask(self, kind: str, data: Any) -> Any:
        """What a question's answer is, or an awaitable of it."""
        if kind == "secret":
            return self.callbacks[data]()
        asked: dict[str, Any] = data or {}
        if "store" in asked:
            return _asked(self.callbacks[asked["store"]], kind, asked)
        if kind == "save" and self.store is not None:
            return self.store.save(asked["checkpoint"])
        if kind == "load" and self.store is not None:
            return self.store.load()
        return unexpected(f"the question {kind}")


def _asked(store: Any, kind: str, data: dict[str, Any]) -> Any:
    if kind == "claim":
        return store.claim(data["key"], _time(data["until_ms"]))
    return store.save(data["key"], data["checkpoint"]) if kind == "save" else store.load(data["key"])


def _time(ms: int) -> datetime:
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=ms)


def report(listener: object) -> None:
    """Shows the exception that is being handled as Python shows those of callbacks: by `sys.unraisablehook`."""
    kind, error, trace = sys.exc_info()
    arguments = (kind, error, trace, "Exception ignored in on_event", listener)
    sys.unraisablehook(cast("sys.UnraisableHookArgs", _hook_arguments(arguments)))


def _hook_arguments(arguments: tuple[Any, ...]) -> Any:
    from types import SimpleNamespace

    names = ("exc_type", "exc_value", "exc_traceback", "err_msg", "object")
    return SimpleNamespace(**dict(zip(names, arguments, strict=True)))


def _refused(error: Exception) -> str:
    # Its text may hold what it was about: the exception itself is the cause of the one that the call raises.
    return encode({"error": f"{type(error).__name__} was raised"})


def _answered(kind: str, value: Any) -> str:
    return encode({"ok": None if kind == "save" else value})


def drive(call: Call, host: Host) -> Any:
    """Waits for the call's reply: its text, or what it was asked to make of it. Raises its error."""
    problem: Exception | None = None
    while True:
        message = call.next_sync()
        if isinstance(message, tuple):
            return message[0]
        if message is None:
            return unexpected("no reply")
        parts: dict[str, Any] = plain(message)
        if "event" in parts:
            host.tell(Event.read(parts["event"]))
        elif "ask" in parts:
            ask = parts["ask"]
            try:
                call.reply(ask["id"], _answered(ask["kind"], _now(host.ask(ask["kind"], ask["data"]))))
            except Exception as error:  # noqa: BLE001 - the core is told, and its error raised from this one
                problem = error
                call.reply(ask["id"], _refused(error))
        else:
            raise failure(message) from problem


async def drive_async(call: Call, host: Host) -> Any:
    """Waits for the call's reply: its text, or what it was asked to make of it. Raises its error."""
    problem: Exception | None = None
    while True:
        message = call.next_async()
        if not isinstance(message, (tuple, str)) and message is not None:
            message = await message
        if isinstance(message, tuple):
            return message[0]
        if message is None:
            return unexpected("no reply")
        parts: dict[str, Any] = plain(message)
        if "event" in parts:
            told = host.tell(Event.read(parts["event"]))
            if isinstance(told, Awaitable):
                try:
                    await told
                except Exception:  # noqa: BLE001 - a listener must not change what it listens to
                    report(host.on_event)
        elif "ask" in parts:
            ask = parts["ask"]
            try:
                call.reply(ask["id"], _answered(ask["kind"], await _later(host.ask(ask["kind"], ask["data"]))))
            except Exception as error:  # noqa: BLE001 - the core is told, and its error raised from this one
                problem = error
                call.reply(ask["id"], _refused(error))
        else:
            raise failure(message) from problem


async def _later(value: Any) -> Any:
    return await cast("Awaitable[Any]", value) if isinstance(value, Awaitable) else value


def _now(value: Any) -> Any:
    if isinstance(value, Awaitable):
        close: Any = getattr(cast("object", value), "close", None)
        if close is not None:
            # Never started: it would warn of that.
            close()
        raise TypeError("an async function needs an asynchronous client")
    return value
