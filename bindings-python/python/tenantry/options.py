"""Options of clients and calls, from Python's types to the core's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from math import isfinite
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from tenantry.errors import ConfigError
from tenantry.events import Event
from tenantry.secret import Secret, sealed_by_name

if TYPE_CHECKING:
    from typing_extensions import Unpack
elif sys.version_info >= (3, 11):
    from typing import Unpack
else:
    # Annotations that name it can be resolved, though to less than they mean.
    from typing import Optional as Unpack

__all__ = ["CallOptions", "ConnectionOptions", "Listener", "Options", "Seconds", "Unpack", "call_options", "limit"]

Listener = Callable[[Event], object]
Seconds = float | timedelta


class Options(TypedDict, total=False):
    """Options of one call; what is not given is the client's."""

    timeout: Seconds | None
    """Seconds for one request, its reply included."""
    max_retries: int | None
    """How often a failed request is sent again where that is safe, 0 to 10."""
    proxy: str | Secret | Literal[False] | None
    """The proxy's URL, or False for none. Never used for the loopback."""
    ca_file: str | PathLike[str] | None
    """A file of PEM certificates to trust besides the system's."""
    allow_insecure_http: bool | None
    """Allows plain http to other machines; each call then emits `insecure_http`."""
    user_agent: str | None
    """Put in front of tenantry's own user agent."""
    extra_headers: Mapping[str, Any] | None
    """Sent with every request; not credentials, nor what frames a request."""
    on_event: Listener | None
    """Called with each event, on the calling thread."""


class ConnectionOptions(Options, total=False):
    """Options of a client; what is not given has its default."""

    connect_timeout: Seconds | None
    """Seconds for connecting, TLS included; default 10."""
    max_response_bytes: int | None
    """Bytes of a decoded reply that are read at most; default 16 MiB."""


class CallOptions:
    """What one call or one client is to do otherwise; `settings` are the core's."""

    __slots__ = ("on_event", "settings")

    def __init__(self, settings: dict[str, Any], on_event: Listener | None) -> None:
        self.settings = settings
        self.on_event = on_event


_CLIENTS = CallOptions({}, None)
_NOTHING = (None,) * 8


def call_options(
    *,
    timeout: Seconds | None = None,
    connect_timeout: Seconds | None = None,
    max_retries: int | None = None,
    proxy: str | Secret | Literal[False] | None = None,
    ca_file: str | PathLike[str] | None = None,
    allow_insecure_http: bool | None = None,
    user_agent: str | None = None,
    extra_headers: Mapping[str, Any] | None = None,
    max_response_bytes: int | None = None,
    on_event: Listener | None = None,
) -> CallOptions:
    """Makes the core's options of Python's; what is None keeps its default.

    Raises:
        ConfigError: A time is negative or no time; an `on_event` cannot be called.
    """
    given = (timeout, connect_timeout, max_retries, proxy, ca_file, allow_insecure_http, user_agent, extra_headers)
    if given == _NOTHING and max_response_bytes is None and on_event is None:
        return _CLIENTS
    if on_event is not None and not callable(on_event):
        raise ConfigError(
            f"on_event cannot be called, it is {type(on_event).__name__}", hint="give a function of one event"
        )
    settings: dict[str, Any] = {
        "timeout_ms": None if timeout is None else milliseconds("timeout", timeout),
        "connect_timeout_ms": None if connect_timeout is None else milliseconds("connect_timeout", connect_timeout),
        "max_retries": max_retries,
        "proxy": sealed_proxy(proxy),
        "ca_file": None if ca_file is None else fspath(ca_file),
        "allow_insecure_http": allow_insecure_http,
        "user_agent": user_agent,
        "extra_headers": sealed_headers(extra_headers),
        "max_response_bytes": max_response_bytes,
    }
    return CallOptions({name: value for name, value in settings.items() if value is not None}, on_event)


def sealed_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with secrets for what may hold one: a traceback that shows locals shows none."""
    sealed = dict(options)
    for name, seal in (("proxy", sealed_proxy), ("extra_headers", sealed_headers)):
        if sealed.get(name) is not None:
            sealed[name] = seal(sealed[name])
    return sealed


def milliseconds(name: str, value: Seconds) -> int:
    """Seconds, as a number or a `timedelta`, in whole milliseconds; a positive time is at least one.

    Raises:
        ConfigError: It is negative, infinite, or no time.
    """
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not isfinite(number) or number < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
        shown = type(value).__name__ if isinstance(value, (bool, str)) else repr(value)
        raise ConfigError(f"{name} is {shown}", hint="give seconds, as a number of at least 0 or a timedelta")
    return max(round(number * 1000), 1) if number else 0


def limit(name: str, value: Seconds | None) -> int | None:
    """Like `milliseconds`, where None stands for no limit."""
    return None if value is None else milliseconds(name, value)


def sealed_proxy(proxy: str | Secret | Literal[False] | None) -> str | Secret | Literal[False] | None:
    """A proxy's URL, as a secret if it holds a password."""
    return Secret(proxy) if isinstance(proxy, str) and "@" in proxy else proxy


def sealed_headers(headers: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Headers, with secrets for the values of those whose name speaks of a credential."""
    return sealed_by_name(headers)
