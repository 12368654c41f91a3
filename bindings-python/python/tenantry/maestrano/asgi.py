"""Webhooks as an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .handling import Handling
    from .models import WebhookReply

__all__ = ["AsgiApp", "path_of"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class AsgiApp:
    """An ASGI application that answers webhooks, whichever path it is called with."""

    def __init__(self, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answers one connection of an ASGI server."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        elif scope["type"] == "http":
            reply = await self._answer(scope, receive)
            if reply is not None:
                await _send(reply, send)

    async def _answer(self, scope: MutableMapping[str, Any], receive: Receive) -> WebhookReply | None:
        limit, body, more = self._handling.max_body_bytes, bytearray(), True
        if _announced(scope) > limit:
            return self._handling.too_large()
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > limit:
                return self._handling.too_large()
        return await self._handling.answer_async(scope["method"], path_of(scope), scope["headers"], bytes(body))


def _announced(scope: MutableMapping[str, Any]) -> int:
    values = [value for name, value in scope["headers"] if name.lower() == b"content-length"]
    return max((int(value) for value in values if value.isdigit()), default=0)


def path_of(scope: MutableMapping[str, Any]) -> str:
    """The path and the query as they arrived."""
    from urllib.parse import quote

    raw: bytes | None = scope.get("raw_path")
    path = raw.decode("latin-1").partition("?")[0] if raw else quote(scope["path"], safe="/:@!$&'()*+,;=~-._")
    query: bytes = scope.get("query_string", b"")
    return f"{path}?{query.decode('latin-1')}" if query else path


async def _send(reply: WebhookReply, send: Send) -> None:
    body = reply.body.encode()
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    if body:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
