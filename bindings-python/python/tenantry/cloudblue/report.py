"""What a run of a worker did, and what came of one decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tenantry.encoding import decode
from tenantry.events import Item, instant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tenantry.errors import TenantryError

    from .models import Request

__all__ = ["JobResult", "Report"]


class Report:
    """What a run did, in numbers. `str()` is one line, or a few with the newest errors."""

    __slots__ = (
        "already_applied",
        "approved",
        "conflicts",
        "cycles",
        "decided",
        "error_count",
        "errors",
        "failed",
        "gone",
        "held",
        "inquired",
        "next_due",
        "revoked",
        "scheduled",
        "seen",
        "skipped",
    )

    cycles: int
    """Cycles begun."""
    seen: int
    """Requests that the lists held."""
    approved: int
    failed: int
    inquired: int
    scheduled: int
    revoked: int
    skipped: int
    """Left as they are, because the handler said so, or nothing."""
    already_applied: int
    """Found in the status that the decision leads to."""
    conflicts: int
    """Brought to another end by somebody else."""
    gone: int
    """No longer there, or no longer waiting, when their turn came."""
    held: int
    """Left because an earlier request of the same asset was left."""
    decided: int
    """Decisions of a dry run."""
    error_count: int
    """Handlers that failed, and decisions that could not be carried out."""
    errors: list[Item]
    """The newest of them, at most 100: `request` (its id) and `message`."""
    next_due: datetime | None
    """When the next cycle starts, if there is one."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        for name in self.__slots__:
            value = data.get(name)
            setattr(self, name, instant(value) if name == "next_due" and value is not None else value)

    @classmethod
    def read(cls, text: str) -> Report:
        """Makes a report of the core's."""
        return cls(decode(text))

    def to_dict(self) -> dict[str, Any]:
        """Its numbers by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Report) and self.to_dict() == other.to_dict()

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __str__(self) -> str:
        shown = ("approved", "failed", "inquired", "scheduled", "revoked", "decided", "skipped")
        rest = ("already_applied", "conflicts", "gone", "held")
        counts = [f"{getattr(self, name)} {name.replace('_', ' ')}" for name in (*shown, *rest) if getattr(self, name)]
        head = f"{self.cycles} cycle{'' if self.cycles == 1 else 's'}, {self.seen} seen"
        errors = f"{self.error_count} error{'' if self.error_count == 1 else 's'}"
        newest = [f"  {error.request}: {error.message}" for error in self.errors[-5:]]
        return "\n".join([f"{head}: {', '.join([*counts, errors])}", *newest])

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.to_dict().items() if value not in (0, None, [])]
        return f"Report({', '.join(shown)})"


class JobResult:
    """What came of a decision about one request.

    Attributes:
        result: `approved`, `failed`, `inquired`, `scheduled`, `revoked`, `skipped`; `already_applied` (a success: it
            was in that status already); `conflict` (somebody brought it to another end), `gone`, `error`; in a dry
            run `decided`.
        request: The request after it, where one came.
        error: Why not, for `conflict` and `error`.
    """

    __slots__ = ("error", "request", "result")

    def __init__(self, result: str, request: Request | None, error: TenantryError | None) -> None:
        self.result = result
        self.request = request
        self.error = error

    def __repr__(self) -> str:
        error = "" if self.error is None else f", error={self.error!r}"
        return f"JobResult({self.result!r}{error})"
