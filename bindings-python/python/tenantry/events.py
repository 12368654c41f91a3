"""What happens during a call or a flow, and how a program is told."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import logging

__all__ = ["Event", "Item"]

_WARNINGS = ("insecure_http", "poll_error", "attention", "retry_later", "backing_off", "handler_returned_nothing")
_LEVELS = {**dict.fromkeys(_WARNINGS, 30), "retry_scheduled": 20, "reauthenticated": 20}
_DEBUG = 10
_WARNING = 30
_FLOW_LEVEL = 20
_LEVEL = os.environ.get("TENANTRY_LOG")
_logger: logging.Logger | None = None


class Item(dict[str, Any]):
    """A dictionary whose keys are attributes as well."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no {name!r}, but {', '.join(self)}", name=name) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]


class Event(Item):
    """One thing that happened. Holds no secret; its keys are attributes as well, durations are seconds.

    During a call: `kind` (`attempt`, `retry_scheduled`, `reauthenticated` or `insecure_http`), `operation`, `method`,
    `path` (the template), `host`, `attempt`, `status`, `outcome`, `duration`, `bytes`, `delay`, `request_id`.
    During a flow: `type` (`step_started`, `polled`, `step_finished`, …), `step`, `at` (an aware `datetime`), and what
    belongs to that type. Of a worker: `type` (`cycle_started`, `cycle_ended`, `acted`, `decided`, `retry_later`,
    `backing_off`, `handler_returned_nothing`), and if it is about one, `request` (its id).
    `str(event)` is one line for people.
    """

    @classmethod
    def read(cls, data: dict[str, Any]) -> Event:
        """Makes an event of the core's: milliseconds become seconds."""
        event = cls()
        for key, value in data.items():
            if key == "at":
                event[key] = instant(str(value))
            elif key.endswith("_ms"):
                event[key[: -len("_ms")]] = None if value is None else value / 1000
            else:
                event[key] = value
        return event

    def __str__(self) -> str:
        if "kind" in self:
            head = f"{self.get('operation')} {self['kind']}"
            keys = ("attempt", "status", "outcome", "duration", "delay", "request_id")
        else:
            about = self.get("step") or self.get("request") or ("flow" if "at" in self else "worker")
            head = f"{about}: {str(self.get('type')).replace('_', ' ')}"
            keys = tuple(key for key in self if key not in ("type", "step", "request", "at"))
        parts = [f"{key}={_short(self[key])}" for key in keys if isinstance(self.get(key), (str, int, float))]
        if self.get("type") == "finished":
            parts.append(f"client_id={_short(self['outputs'].get('client_id'))}")
        if "need" in self:
            parts.append(
                f"{self['need']['reason']}: {' | '.join(choice['choice'] for choice in self['need']['choices'])}"
            )
        return " ".join([head, *(part for part in parts if not part.endswith("="))])


def instant(text: str) -> datetime:
    """An aware time of RFC 3339 text in UTC; Python 3.10 reads neither `Z` nor any number of digits."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}+00:00")


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}s"
    text = value if isinstance(value, str) else repr(value)
    limit = 80
    return text if len(text) <= limit else f"{text[:limit]}…"


def logger() -> logging.Logger | None:
    """The logger `tenantry`; None while the program uses no logging.

    `logging` is imported when `TENANTRY_LOG` names a level (`debug`, `info`, `warning`), whose lines then go to stderr.
    """
    global _logger  # noqa: PLW0603
    if _logger is not None:
        return _logger
    level = _LEVEL
    if not level and "logging" not in sys.modules:
        return None
    import logging

    log = logging.getLogger("tenantry")
    log.addHandler(logging.NullHandler())
    if level:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        log.addHandler(handler)
        number = {"TRACE": _DEBUG, "WARN": logging.WARNING}.get(level.upper(), level.upper())
        log.setLevel(number if number in (_DEBUG, logging.WARNING) or number in _NAMES else _DEBUG)
    _logger = log
    return log


def audible() -> int:
    """Which events of calls the logger lets through: none (0), all (1), all but attempts (2)."""
    log = logger()
    if log is None:
        return 0
    if log.isEnabledFor(_DEBUG):
        return 1
    return 2 if log.isEnabledFor(_WARNING) else 0


_NAMES = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def log_event(event: Event) -> None:
    """Hands an event to `logging`, on the calling thread."""
    log = logger()
    if log is not None:
        kind = event.get("kind") or event.get("type")
        level = _LEVELS.get(str(kind), _DEBUG if "kind" in event else _FLOW_LEVEL)
        if log.isEnabledFor(level):
            log.log(level, "%s", event)
