"""Webhooks as a WSGI application."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .handling import Handling
    from .models import WebhookReply

__all__ = ["WsgiApp", "headers_of", "path_of"]


class WsgiApp:
    """A WSGI application that answers webhooks, whichever path it is called with."""

    def __init__(self, handling: Handling) -> None:
        self._handling = handling

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answers one request of a WSGI server."""
        reply = self._answer(environ)
        body = reply.body.encode()
        headers = [(name, value) for name, value in reply.headers]
        if body:
            headers.append(("content-length", str(len(body))))
        from http import HTTPStatus

        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return [body] if body else []

    def _answer(self, environ: dict[str, Any]) -> WebhookReply:
        limit = self._handling.max_body_bytes
        body = _read(environ, limit)
        if len(body) > limit:
            return self._handling.too_large()
        return self._handling.answer(environ["REQUEST_METHOD"], path_of(environ), headers_of(environ), body)


def _read(environ: Mapping[str, Any], limit: int) -> bytes:
    """The body, of a longer one than may be a byte more than that."""
    announced = str(environ.get("CONTENT_LENGTH") or "")
    if announced.isdigit():
        length = int(announced)
        # Nothing is read of what is refused anyway.
        return b"-" * (limit + 1) if length > limit else _up_to(environ["wsgi.input"], length)
    # Without a length, only some servers say where the body ends.
    return _up_to(environ["wsgi.input"], limit + 1) if environ.get("wsgi.input_terminated") else b""


def _up_to(stream: Any, length: int) -> bytes:
    parts: list[bytes] = []
    while length > 0 and (part := stream.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def path_of(environ: Mapping[str, Any]) -> str:
    """The path and the query, as they arrived where the server tells it."""
    from urllib.parse import quote, urlsplit

    raw: str | None = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        if not raw.startswith("/"):
            parts = urlsplit(raw)
            raw = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return raw
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    # The server has decoded it, into bytes that it holds as Latin-1.
    path, query = quote(path.encode("latin-1"), safe="/:@!$&'()*+,;=~-._"), environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def headers_of(environ: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The request's headers."""
    return [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
