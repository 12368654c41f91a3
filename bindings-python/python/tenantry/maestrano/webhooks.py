"""Webhooks: what the marketplaces tell the app. Framework-free; adapters for ASGI, WSGI and Django."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Protocol, cast

from tenantry._native import Record
from tenantry.encoding import encode, plain
from tenantry.options import Seconds
from tenantry.secret import hidden

from .asgi import AsgiApp
from .models import WebhookEvent, WebhookReply
from .wsgi import WsgiApp

__all__ = ["Handler", "SeenStore", "WebhookRequest", "Webhooks"]

Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]
Handler = Callable[[WebhookEvent], Any]
"""Takes an event. Returns None (the event's own reply is given), False (the app has no such group), or for a
`synchronization_status` a mapping of `sync_enabled`, `status` (`RUNNING`, `ENQUEUED`, `SUCCESS`, `ERROR` or `DISABLED`)
and if need be `group_id`, `message`, `updated_at`. May be `async` with ASGI and Django."""

MAX_BODY_BYTES = 1024 * 1024
"""Bytes of a body that is read at most."""


class SeenStore(Protocol):
    """Remembers which deliveries were dealt with. May be `async` with ASGI, and with Django where the handler is.

    If it has a method `release(key)`, that is called when the handler fails, so that the repeated delivery is handled;
    without it a delivery whose handler failed counts as dealt with until the key is forgotten.
    """

    def claim(self, key: str, until: datetime, /) -> bool | Awaitable[bool]:
        """True the first time, False while the key is remembered; of two that claim at once, one gets False.

        Args:
            key: The event's `dedupe_key`.
            until: An aware time; the key may be forgotten after it.
        """
        ...


class WebhookRequest(Record):
    """A request as Maestrano would send it. Its headers hold the app's key: its display masks them."""

    __slots__ = ()
    _fields: ClassVar[tuple[tuple[str, str, type[Record] | None], ...]] = (
        ("method", "value", None),
        ("path", "value", None),
        ("url", "value", None),
        ("headers", "secret", None),
        ("body", "value", None),
    )

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self._get(0)

    @property
    def path(self) -> str:
        """The path, and after a `?` the query."""
        return self._get(1)

    @property
    def url(self) -> str:
        """The whole URL, on the app's host."""
        return self._get(2)

    @property
    def headers(self) -> dict[str, str]:
        """The headers, credentials among them."""
        return dict(self._get(3))

    @property
    def body(self) -> str:
        """The body; empty where there is none."""
        return self._get(4)


class Webhooks:
    """What the marketplaces tell the app: read, proved and answered.

    Maestrano signs nothing and numbers nothing: what proves a webhook is the app's own id and key in it, so serve it by
    TLS alone. A repeated delivery has the `dedupe_key` of the first one.

    Example:
        >>> import tenantry
        >>> from tenantry import maestrano
        >>> with tenantry.Sandbox.start() as sandbox:
        ...     with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        ...         told = marketplaces.webhooks.sign("group_deleted", marketplace="maestrano", group_id="cld-4")
        ...         event = marketplaces.webhooks.unwrap(told.method, told.path, told.headers, told.body)
        ...         (event.type, event.group_id, event.reply.status)
        ('group_deleted', 'cld-4', 200)
    """

    __slots__ = ("_local",)

    def __init__(self, local: Callable[..., str]) -> None:
        self._local = local

    def unwrap(
        self,
        method: str,
        path: str,
        headers: Headers,
        body: bytes | bytearray | memoryview | str = b"",
        *,
        max_body_bytes: int | None = None,
    ) -> WebhookEvent:
        """Finds out which marketplace sent a request, proves it, and reads what it says.

        Args:
            method: The HTTP method.
            path: The path, and after a `?` the query, percent-encoded as they arrived.
            headers: A mapping, or pairs of names and values, as text or bytes; names in any case.
            body: The body as it arrived.
            max_body_bytes: Bytes of a body at most; default and most 1 MiB.

        Returns:
            The event, and in `reply` what to answer when it was dealt with.

        Raises:
            WebhookError: The request is refused; `reply` is what to answer, `reason` tells why.
        """
        # Hidden before anything can fail: both may hold credentials.
        headers, said, body = hidden(_pairs(headers)), _body(body), b""
        asked = {"method": method, "path": path, "headers": headers, "max_body_bytes": max_body_bytes, **said}
        return WebhookEvent(self._local("maestrano.webhooks.unwrap", **asked))

    def sign(
        self,
        type: str,  # noqa: A002 - a name of the wire
        *,
        marketplace: str,
        group_id: str | None = None,
        user_id: str | None = None,
        entities: Mapping[str, Any] | None = None,
        opts: Mapping[str, Any] | None = None,
    ) -> WebhookRequest:
        """Makes the request that a marketplace would send, to test an app with; sends nothing.

        Args:
            type: What it tells: `group_deleted`, `group_user_removed`, `connec_notification`, `synchronization_start`,
                `synchronization_toggle` or `synchronization_status`.
            marketplace: The marketplace that sends.
            group_id: The group; of all but notifications, whose entities name theirs.
            user_id: The user, of a `group_user_removed`.
            entities: The body of a `connec_notification`, e.g. `{"organizations": [{"group_id": "cld-4"}]}`.
            opts: Options of a `synchronization_start`.

        Raises:
            ValidationError: An argument is missing, or the type has no such argument.
            ConfigError: The marketplace has no path for that type.
        """
        asked = {"type": type, "marketplace": marketplace, "group_id": group_id, "user_id": user_id}
        return WebhookRequest(self._local("maestrano.webhooks.request", **asked, entities=entities, opts=opts))

    def mask_user(self, user_id: str, group_id: str) -> str:
        """The user's id in a group, as single sign-on calls it in virtual mode: `usr-1.cld-1`."""
        return plain(self._local("maestrano.webhooks.mask_user", user_id=user_id, group_id=group_id))

    def unmask_user(self, user_id: str) -> str:
        """The user's own id of either form: `usr-1` of `usr-1.cld-1`."""
        return plain(self._local("maestrano.webhooks.unmask_user", user_id=user_id))

    def reply(
        self, reply: Literal["success", "started", "unknown_group", "synchronization", "not_found"], **said: Any
    ) -> WebhookReply:
        """Makes a reply by its name.

        Args:
            reply: `success` (200), `started` (201), `unknown_group` (204), `synchronization` (200, with `state`, a
                mapping) or `not_found` (404, with `message`).
            said: What belongs to it.

        Raises:
            ValidationError: The name is unknown, or what belongs to it is missing or of another form.
        """
        return WebhookReply(self._local("maestrano.webhooks.reply", reply=reply, **said))

    def asgi(
        self,
        handler: Handler,
        *,
        seen: SeenStore | None = None,
        seen_for: Seconds = 600,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> AsgiApp:
        """An ASGI application that answers webhooks: for uvicorn, or mounted in FastAPI or Starlette.

        Paths are those of the marketplaces' configuration, whole, also where it is mounted below another one. A handler
        that is no `async` function runs in a thread.

        Args:
            handler: What is done with an event. When it raises, the reply is a 500 without any detail, and the logger
                `tenantry` gets the exception.
            seen: Remembers deletions and notifications that were dealt with: their repetitions are answered with
                success and not handled. What is rightly repeated always is handled.
            seen_for: Seconds for which a delivery is remembered; a user who is removed, comes back and is removed again
                within them would be overlooked.
            max_body_bytes: Bytes of a body that is read at most; the rest is answered with a 413.

        Example:
            `docs/examples/webhooks_fastapi.py`
        """
        from .handling import Handling

        return AsgiApp(Handling(self, handler, seen, seen_for, max_body_bytes))

    def wsgi(
        self,
        handler: Handler,
        *,
        seen: SeenStore | None = None,
        seen_for: Seconds = 600,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> WsgiApp:
        """A WSGI application that answers webhooks: for any WSGI server, or mounted beside Flask; see `asgi`.

        Args:
            handler: What is done with an event; not `async`.
            seen: Remembers deletions and notifications that were dealt with.
            seen_for: Seconds for which a delivery is remembered.
            max_body_bytes: Bytes of a body that is read at most.

        Raises:
            TypeError: The handler is `async`.

        Example:
            `docs/examples/webhooks_flask.py`
        """
        from .handling import Handling

        return WsgiApp(Handling(self, handler, seen, seen_for, max_body_bytes).blocking())

    def django(
        self,
        handler: Handler,
        *,
        seen: SeenStore | None = None,
        seen_for: Seconds = 600,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> Callable[..., Any]:
        """A Django view that answers webhooks, exempt from CSRF checks; `async` if the handler is; see `asgi`.

        Args:
            handler: What is done with an event.
            seen: Remembers deletions and notifications that were dealt with.
            seen_for: Seconds for which a delivery is remembered.
            max_body_bytes: Bytes of a body that is read at most.

        Example:
            `docs/examples/webhooks_django.py`
        """
        from .django import view
        from .handling import Handling

        return view(Handling(self, handler, seen, seen_for, max_body_bytes))


def _pairs(headers: Headers) -> list[tuple[str, str]]:
    pairs = cast("Iterable[tuple[Any, Any]]", headers.items() if isinstance(headers, Mapping) else headers)
    return [(_text(name), _text(value)) for name, value in pairs]


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, (bytes, bytearray)) else str(value)


def _body(body: bytes | bytearray | memoryview | str) -> dict[str, Any]:
    if isinstance(body, str):
        return {"body": hidden(body)}
    data = bytes(body)
    try:
        return {"body": hidden(data.decode())}
    except UnicodeDecodeError:
        import base64

        return {"body_base64": hidden(base64.b64encode(data).decode())}


def written(status: int, said: object) -> WebhookReply:
    """A reply of JSON."""
    headers = [["content-type", "application/json"]]
    return WebhookReply(encode({"status": status, "headers": headers, "body": encode(said)}))
