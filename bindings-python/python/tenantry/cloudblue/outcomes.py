"""What a worker's handler decides about a request."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from tenantry.secret import Hidden

__all__ = ["Approve", "ConfirmRevoke", "Fail", "Inquire", "Outcome", "Schedule", "Skip"]


class Outcome:
    """A decision about a request: one of the classes below. Its display hides the values of parameters."""

    __slots__ = ("_arguments",)

    _name: ClassVar[str]
    _arguments: dict[str, Any]

    def _take(self, **arguments: Any) -> None:
        plain = {name: value.value if isinstance(value, Hidden) else value for name, value in arguments.items()}
        self._arguments = {name: value for name, value in plain.items() if value is not None}

    @property
    def wire(self) -> dict[str, dict[str, Any]]:
        """What the core is told."""
        # Values that a customer filled in are shown by no frame of a traceback.
        hidden = {name: Hidden(value) if name == "params" else value for name, value in self._arguments.items()}
        return {self._name: hidden}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outcome) and (self._name, self._arguments) == (other._name, other._arguments)

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        shown = [f"{name}={_shown(name, value)}" for name, value in self._arguments.items()]
        return f"{type(self).__name__}({', '.join(shown)})"


def _shown(name: str, value: Any) -> str:
    if name != "params" or not isinstance(value, Mapping):
        return repr(value)
    return f"{{{', '.join(f'{id!r}: ***' for id in value)}}}"  # noqa: A001 - the wire's name  # pyright: ignore[reportUnknownVariableType]


class Approve(Outcome):
    """Approve it, after its parameters were given values. A half that fails is told by `details["params_written"]`.

    Args:
        template_id: The template to show to the customer; this or `activation_tile`.
        activation_tile: Markdown to show to the customer; this or `template_id`.
        params: Values of parameters by their ids: text; an object or a list for an address, a phone, a checkbox or an
            object. Only those that differ are sent.
        effective_date: From when it counts, aware; default: now.
        next_billing_date: When the asset is billed next.
    """

    __slots__ = ()
    _name = "approve"

    def __init__(
        self,
        *,
        template_id: str | None = None,
        activation_tile: str | None = None,
        params: Mapping[str, Any] | None = None,
        effective_date: datetime | str | None = None,
        next_billing_date: str | None = None,
    ) -> None:
        self._take(
            template_id=template_id,
            activation_tile=activation_tile,
            params=params,
            effective_date=effective_date,
            next_billing_date=next_billing_date,
        )


class Fail(Outcome):
    """Fail it, for good.

    Args:
        reason: Why, for the customer to read; not empty.
    """

    __slots__ = ()
    _name = "fail"

    def __init__(self, reason: str) -> None:
        self._take(reason=reason)


class Inquire(Outcome):
    """Ask the customer back.

    Args:
        errors: What is wrong with which parameter, by its id; written before the inquiry.
        template_id: The template to show to the customer; not together with `activation_tile`.
        activation_tile: Markdown to show to the customer; not together with `template_id`.
    """

    __slots__ = ()
    _name = "inquire"

    def __init__(
        self,
        *,
        errors: Mapping[str, str] | None = None,
        template_id: str | None = None,
        activation_tile: str | None = None,
    ) -> None:
        self._take(errors=errors, template_id=template_id, activation_tile=activation_tile)


class Schedule(Outcome):
    """Schedule it for a later date.

    Args:
        planned_date: For when, aware.
    """

    __slots__ = ()
    _name = "schedule"

    def __init__(self, planned_date: datetime | str) -> None:
        self._take(planned_date=planned_date)


class ConfirmRevoke(Outcome):
    """Confirm that it is revoked; for requests of the lane `revoking`."""

    __slots__ = ()
    _name = "confirm_revoke"

    def __init__(self) -> None:
        self._take()


class Skip(Outcome):
    """Leave it as it is; it comes again in the next cycle, or later.

    Args:
        reason: Why, for the log.
        not_before: The time, aware, before which it is not to come again.
    """

    __slots__ = ()
    _name = "skip"

    def __init__(self, reason: str | None = None, not_before: datetime | str | None = None) -> None:
        self._take(reason=reason, not_before=not_before)
