"""Webhooks as a Django view."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import asgi, wsgi

if TYPE_CHECKING:
    from .handling import Handling
    from .models import WebhookReply

__all__ = ["view"]


def view(handling: Handling) -> Callable[..., Any]:
    """A view that answers webhooks, whichever path it is called with; `async` if the handler is."""

    def parts(request: Any) -> tuple[str, str, list[tuple[str, str]], bytes] | None:
        """What a request is made of; None for a body that is too large."""
        limit = handling.max_body_bytes
        announced = str(request.META.get("CONTENT_LENGTH") or "")
        if announced.isdigit() and int(announced) > limit:
            return None
        body = request.read(limit + 1)
        if len(body) > limit:
            return None
        scope = getattr(request, "scope", None)
        path = wsgi.path_of(request.META) if scope is None else asgi.path_of(scope)
        return request.method, path, list(request.headers.items()), body

    def blocking(request: Any, *_: Any, **__: Any) -> Any:
        given = parts(request)
        return _response(handling.too_large() if given is None else handling.answer(*given))

    async def awaiting(request: Any, *_: Any, **__: Any) -> Any:
        given = parts(request)
        return _response(handling.too_large() if given is None else await handling.answer_async(*given))

    chosen: Any = awaiting if handling.is_async else blocking
    # Maestrano has no form and no cookie of ours; the app's key proves who sends.
    chosen.csrf_exempt = True
    return chosen


def _response(reply: WebhookReply) -> Any:
    from importlib import import_module

    http: Any = import_module("django.http")
    response = http.HttpResponse(reply.body.encode(), status=reply.status)
    del response["content-type"]
    for name, value in reply.headers:
        response[name] = value
    return response
