"""What all adapters do with a request: read it, hand the event to the app's handler, and make the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from tenantry.errors import TenantryError, WebhookError
from tenantry.options import milliseconds

from .webhooks import WebhookRequest, written

if TYPE_CHECKING:
    from datetime import datetime

    from tenantry.options import Seconds

    from .models import WebhookEvent, WebhookReply
    from .webhooks import Handler, Headers, SeenStore, Webhooks

__all__ = ["Handling", "WebhookRequest"]

# The others are wishes, which are rightly repeated.
_ONCE = ("group_deleted", "group_user_removed", "connec_notification")


class Handling:
    """An app's handler, and how it is to be called."""

    def __init__(
        self, webhooks: Webhooks, handler: Handler, seen: SeenStore | None, seen_for: Seconds, max_body_bytes: int
    ) -> None:
        if not callable(handler):
            raise TypeError(f"a handler is a function of one event, not {type(handler).__name__}")
        self._webhooks = webhooks
        self._handler = handler
        self._seen = seen
        self._seen_for_ms = milliseconds("seen_for", seen_for)
        self.max_body_bytes = max_body_bytes

    @property
    def is_async(self) -> bool:
        """Whether the handler is an `async` function."""
        from inspect import iscoroutinefunction

        return iscoroutinefunction(self._handler) or iscoroutinefunction(getattr(self._handler, "__call__", None))  # noqa: B004

    def blocking(self) -> Handling:
        """Itself, if its handler can be called without an event loop.

        Raises:
            TypeError: It cannot.
        """
        if self.is_async:
            raise TypeError("an async handler needs an event loop: use the ASGI adapter, or an async Django view")
        return self

    def too_large(self) -> WebhookReply:
        """The reply to a body that is not read to its end."""
        try:
            self._webhooks.unwrap("POST", "/", (), b"-", max_body_bytes=0)
        except WebhookError as error:
            return self._refused(error)
        return self._failed("the limit of bodies")

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> WebhookReply:
        """The reply to a request; raises nothing."""
        try:
            event = self._webhooks.unwrap(method, path, headers, body, max_body_bytes=self.max_body_bytes)
        except WebhookError as error:
            return self._refused(error)
        except TenantryError:
            return self._failed("the configuration of webhooks")
        try:
            if not self._is_new(event, _now):
                return self._webhooks.reply("success")
            try:
                return self._made(event, _now(self._handler(event)))
            except BaseException:
                self._release(event, _now)
                raise
        except Exception:  # noqa: BLE001 - whatever it is, the sender is told nothing of it
            return self._failed(event.type)

    async def answer_async(self, method: str, path: str, headers: Headers, body: bytes) -> WebhookReply:
        """The reply to a request; raises nothing but what ends the task."""
        try:
            event = self._webhooks.unwrap(method, path, headers, body, max_body_bytes=self.max_body_bytes)
        except WebhookError as error:
            return self._refused(error)
        except TenantryError:
            return self._failed("the configuration of webhooks")
        try:
            if not await _later(self._is_new(event, lambda value: value)):
                return self._webhooks.reply("success")
            try:
                return self._made(event, await self._handled(event))
            except BaseException:
                await _later(self._release(event, lambda value: value))
                raise
        except Exception:  # noqa: BLE001 - whatever it is, the sender is told nothing of it
            return self._failed(event.type)

    async def _handled(self, event: WebhookEvent) -> Any:
        if self.is_async:
            return await self._handler(event)
        from asyncio import to_thread

        # The event loop goes on meanwhile.
        return await _later(await to_thread(self._handler, event))

    def _is_new(self, event: WebhookEvent, settle: Callable[[Any], Any]) -> Any:
        if self._seen is None or event.type not in _ONCE:
            return True
        return settle(self._seen.claim(event.dedupe_key, self._until()))

    def _release(self, event: WebhookEvent, settle: Callable[[Any], Any]) -> Any:
        release = getattr(self._seen, "release", None)
        if release is None or event.type not in _ONCE:
            return None
        return settle(release(event.dedupe_key))

    def _until(self) -> datetime:
        from datetime import datetime, timedelta, timezone

        return datetime.now(timezone.utc) + timedelta(milliseconds=self._seen_for_ms)

    def _made(self, event: WebhookEvent, returned: Any) -> WebhookReply:
        if returned is None or returned is True:
            return event.reply
        asked = event.type == "synchronization_status"
        if returned is False:
            if asked:
                return self._webhooks.reply("not_found", message="there is no such group")
            return self._webhooks.reply("unknown_group")
        if asked and isinstance(returned, Mapping):
            state = {"group_id": event.group_id, **cast("Mapping[str, Any]", returned)}
            return self._webhooks.reply("synchronization", state=state)
        what = "None, False or the state of the synchronization" if asked else "None or False"
        raise TypeError(f"the handler returned {type(returned).__name__}: it must return {what}")

    def _refused(self, error: WebhookError) -> WebhookReply:
        import logging

        logging.getLogger("tenantry").info("a webhook is refused: %s: %s", error.reason, error.message)
        return error.reply

    def _failed(self, what: str) -> WebhookReply:
        import logging

        # The sender learns nothing of it, and sends again.
        log = logging.getLogger("tenantry")
        log.error("a webhook could not be handled: %s", what, exc_info=True)  # noqa: LOG014 - where one is handled
        return written(500, {"error": "Internal error"})


def _now(value: Any) -> Any:
    if isinstance(value, Awaitable):
        close = getattr(cast("object", value), "close", None)
        if close is not None:
            # Never started: it would warn of that.
            close()
        raise TypeError("this adapter calls no async function: use the ASGI adapter, or an async Django view")
    return value


async def _later(value: Any) -> Any:
    return await cast("Awaitable[Any]", value) if isinstance(value, Awaitable) else value
