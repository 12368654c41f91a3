"""The errors of all systems.

Each class stands for one or several codes. All carry what is needed to decide what to do next: which call it was, what
became of the request (`outcome`), whether sending it again is safe and may help (`retryable`), and what to change
(`hint`). They pickle, and hold no secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenantry.maestrano.models import WebhookReply

__all__ = [
    "APIConnectionError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "CheckpointError",
    "ConfigError",
    "ConflictError",
    "FlowStopped",
    "InternalError",
    "InternalServerError",
    "NeedsAttentionError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseError",
    "SamlError",
    "StepFailedError",
    "TenantryError",
    "UnprocessableEntityError",
    "ValidationError",
    "WaitTimeoutError",
    "WebhookError",
]


class TenantryError(Exception):
    """The root of all errors.

    Attributes:
        code: What kind of failure it is, e.g. `not_found`.
        message: What happened, in a sentence.
        system: The system spoken to, e.g. `magento_bi`.
        operation: The operation, e.g. `magento_bi.signups.create`.
        outcome: What became of the request: `not_sent`, `rejected`, `unknown` or `answered`; None where none was meant.
        status: HTTP status of the reply, if one came.
        request_id: The id of the reply, else of the request.
        retryable: Whether sending the same again later is safe and may help.
        retry_after: Seconds that the server asked to wait.
        hint: What to change.
        details: More facts, by name.
        causes: Messages of the underlying errors, outermost first.
        checkpoint: For a flow, the checkpoint to go on from, as JSON text.
    """

    code = "internal"

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        system: str | None = None,
        operation: str | None = None,
        outcome: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        hint: str | None = None,
        details: dict[str, Any] | None = None,
        causes: list[str] | None = None,
        checkpoint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.system = system
        self.operation = operation
        self.outcome = outcome
        self.status = status
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after = retry_after
        self.hint = hint
        self.details = details or {}
        self.causes = causes or []
        self.checkpoint = checkpoint

    def __str__(self) -> str:
        text = f"{self.operation}: {self.message}" if self.operation else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.message), dict(vars(self))


def _restore(kind: type[TenantryError], message: str) -> TenantryError:
    return kind(message)


class ConfigError(TenantryError, ValueError):
    """A setting is missing or cannot be used; nothing was sent."""

    code = "config"


class ValidationError(TenantryError, ValueError):
    """An argument cannot be used, `details["field"]` names it; nothing was sent. Codes: `validation`, `invalid_id`."""

    code = "validation"


class APIConnectionError(TenantryError, ConnectionError):
    """No connection, or it broke."""

    code = "connection"


class APITimeoutError(TenantryError, TimeoutError):
    """No reply within the time limit of one request."""

    code = "timeout"


class AuthenticationError(TenantryError):
    """The credentials are refused, also after a new login."""

    code = "authentication"


class PermissionDeniedError(TenantryError):
    """The credentials do not allow this."""

    code = "permission"


class NotFoundError(TenantryError):
    """There is no such thing."""

    code = "not_found"


class ConflictError(TenantryError):
    """It clashes with the current state, which `current` holds where the system tells it."""

    code = "conflict"

    @property
    def current(self) -> Any:
        """The current state, if the system tells it."""
        return self.details.get("current")


class BadRequestError(TenantryError):
    """The server refuses the request."""

    code = "bad_request"


class UnprocessableEntityError(TenantryError):
    """The server refuses the values; `details["errors"]` has what it says about each."""

    code = "unprocessable"


class RateLimitError(TenantryError):
    """Too many requests; `retry_after` tells how long to wait."""

    code = "rate_limited"


class InternalServerError(TenantryError):
    """The server failed."""

    code = "server"


class ResponseError(TenantryError):
    """The reply cannot be read: it is broken (`decode`), no JSON (`unexpected_content`) or elsewhere (`redirect`)."""

    code = "decode"


class OutcomeUnknownError(TenantryError):
    """The request may have been carried out, or not: look before sending it again."""

    code = "outcome_unknown"

    _model: type[Any] | None = None
    _decide: Callable[[str, dict[str, Any]], Any] | None = None

    @property
    def candidates(self) -> list[Any]:
        """What on the server may be the result of the request, where the system can be asked.

        Of a bill they are `maestrano.models.Bill`, or `RecurringBill`.
        """
        found: list[Any] = list(self.details.get("candidates") or [])
        if self._model is None:
            return found
        import json

        return [self._model(json.dumps(candidate)) for candidate in found]

    def decidable(self, model: type[Any], decide: Callable[[str, dict[str, Any]], Any]) -> None:
        """Makes it an error about a `model`, and lets `adopt` and `force` carry out what is decided."""
        self._model, self._decide = model, decide

    def adopt(self, id: str) -> Any:  # noqa: A002 - a name of the wire
        """Takes one of the candidates for what was to be made; a journal remembers it.

        Args:
            id: The id of that candidate.

        Returns:
            The candidate, read again, with `already_applied`. With an asynchronous client, an awaitable of it.

        Raises:
            ConflictError: It is another group's, or over another amount.
            ConfigError: The error is not about a bill, or was pickled: its client is gone.
        """
        return self._decided("adopt", {"id": id})

    def force(self) -> Any:
        """Sends the request again although there are candidates: none of them is what was to be made.

        Returns:
            What is made. With an asynchronous client, an awaitable of it.

        Raises:
            ConfigError: The error is not about a bill, or was pickled: its client is gone.
            OutcomeUnknownError: The reply was lost again; and all that the creation raises.
        """
        return self._decided("force", {})

    def _decided(self, verb: str, arguments: dict[str, Any]) -> Any:
        if self._decide is None:
            lost = f"{verb} needs the client of the call, which is gone"
            message, hint = (lost, "decide where the error is raised, before it is pickled")
            if self._model is None:
                message, hint = f"there is nothing to {verb}", "see its details"
            raise ConfigError(message, outcome="not_sent", hint=hint)
        return self._decide(verb, arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        restore, arguments, state = super().__reduce__()
        # The client stays in its process.
        return restore, arguments, {name: value for name, value in state.items() if name != "_decide"}


class NeedsAttentionError(TenantryError):
    """A flow waits for a decision that a person owes; `choices` lists the possible ones."""

    code = "needs_attention"

    @property
    def choices(self) -> list[Any]:
        """The possible answers: `choice`, its `arguments`, its `description`."""
        return list(self.details.get("choices") or [])


class WaitTimeoutError(TenantryError, TimeoutError):
    """The time limit of a whole wait is reached. The server's work goes on, and so does a resumed flow."""

    code = "max_wait"


class StepFailedError(TenantryError):
    """The system says that a step of the flow has failed."""

    code = "step_failed"


class FlowStopped(TenantryError):  # noqa: N818 - the name that PRODUCT fixes
    """The flow was stopped by `stop()`; it goes on when it is resumed."""

    code = "stopped"


class CheckpointError(TenantryError):
    """A checkpoint is missing, present, broken, from the future, of another spec or endpoint, or in use."""

    code = "checkpoint"


class WebhookError(TenantryError):
    """A webhook is refused; `reply` is what to answer."""

    code = "webhook"

    @property
    def reply(self) -> WebhookReply:
        """What to answer: `status`, `headers` (pairs) and `body` (text)."""
        import json

        from tenantry.maestrano.models import WebhookReply

        return WebhookReply(json.dumps(self.details.get("reply") or {}))

    @property
    def reason(self) -> str | None:
        """Why it is refused, in a word.

        `too_large`, `unknown_path`, `wrong_method`, `missing_credentials`, `malformed_credentials`,
        `wrong_credentials`, `ambiguous` or `invalid_body`.
        """
        return self.details.get("reason")


class SamlError(TenantryError):
    """A SAML response is refused; `reason` says why."""

    code = "saml"

    @property
    def reason(self) -> str | None:
        """Why it is refused, in a word, e.g. `wrong_recipient`."""
        return self.details.get("reason")


class InternalError(TenantryError):
    """A defect of tenantry: please report it."""

    code = "internal"


_CODES: dict[str, type[TenantryError]] = {
    "config": ConfigError,
    "validation": ValidationError,
    "invalid_id": ValidationError,
    "connection": APIConnectionError,
    "timeout": APITimeoutError,
    "authentication": AuthenticationError,
    "permission": PermissionDeniedError,
    "not_found": NotFoundError,
    "conflict": ConflictError,
    "bad_request": BadRequestError,
    "unprocessable": UnprocessableEntityError,
    "rate_limited": RateLimitError,
    "server": InternalServerError,
    "decode": ResponseError,
    "unexpected_content": ResponseError,
    "redirect": ResponseError,
    "outcome_unknown": OutcomeUnknownError,
    "needs_attention": NeedsAttentionError,
    "max_wait": WaitTimeoutError,
    "step_failed": StepFailedError,
    "stopped": FlowStopped,
    "checkpoint": CheckpointError,
    "webhook": WebhookError,
    "saml": SamlError,
    "internal": InternalError,
}


def from_report(report: dict[str, Any]) -> TenantryError:
    """The exception of a core's report; one of an unknown code is a `TenantryError`."""
    code = str(report.get("code"))
    retry_after_ms = report.get("retry_after_ms")
    return _CODES.get(code, TenantryError)(
        str(report.get("message", "")),
        code=code,
        system=report.get("system"),
        operation=report.get("operation"),
        outcome=report.get("outcome"),
        status=report.get("status"),
        request_id=report.get("request_id"),
        retryable=bool(report.get("retryable")),
        retry_after=None if retry_after_ms is None else retry_after_ms / 1000,
        hint=report.get("hint"),
        details=report.get("details"),
        causes=report.get("causes"),
        checkpoint=report.get("checkpoint"),
    )
