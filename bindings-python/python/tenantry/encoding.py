"""JSON in both directions: what goes to the core, and what comes from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring
from os import PathLike, fspath
from typing import Any, NoReturn

from tenantry.errors import InternalError, TenantryError, ValidationError, from_report
from tenantry.events import Item
from tenantry.journal import Journal, ReplayStore, store_name
from tenantry.secret import Hidden, Secret, revealed

OK = '{"ok":'

_LARGE = 1 << 63


class _Encoder(json.JSONEncoder):
    def __init__(self, callbacks: dict[str, Any]) -> None:
        super().__init__(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._callbacks = callbacks

    def default(self, o: Any) -> Any:
        if isinstance(o, Secret):
            return revealed(o, self._callbacks)
        if isinstance(o, Hidden):
            return o.value
        if isinstance(o, (datetime, Decimal)):
            return _instant(o) if isinstance(o, datetime) else _decimal(o)
        if isinstance(o, Mapping):
            return dict(o)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        if isinstance(o, PathLike):
            return fspath(o)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return self._store(o) if isinstance(o, (Journal, ReplayStore)) else super().default(o)

    def _store(self, store: Journal | ReplayStore) -> dict[str, str]:
        name = store_name(store)
        self._callbacks[name] = store
        return {"store": name}


def _decimal(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError(f"{number} is no number")
    return format(number, "f")


def _instant(time: datetime) -> str:
    if time.utcoffset() is None:
        raise ValueError(f"{time.isoformat()} has no offset: give an aware datetime, e.g. with tzinfo=timezone.utc")
    return time.isoformat()


def encode(value: object, callbacks: dict[str, Any] | None = None) -> str:
    """JSON text for the core. Callbacks of secrets and stores are put into `callbacks`, by their names.

    Raises:
        ValidationError: The value holds something that JSON has no form for.
    """
    try:
        return _Encoder({} if callbacks is None else callbacks).encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        message = str(error)
    # Outside of the handler: the encoder's frames hold what is to be sent.
    raise ValidationError(f"an argument cannot be sent as JSON: {message}", outcome="not_sent")


def simple(arguments: Mapping[str, Any]) -> str | None:
    """JSON text for the core of arguments that are short texts, numbers and switches, as most are; None for others.

    What is None is left out. Saves most of what making an encoder costs.
    """
    parts: list[str] = []
    for name, value in arguments.items():
        kind: object = value.__class__
        if kind is str:
            parts.append(f'"{name}":{encode_basestring(value)}')
        elif kind is bool:
            parts.append(f'"{name}":true' if value else f'"{name}":false')
        elif kind is int and -_LARGE < value < _LARGE:
            parts.append(f'"{name}":{value}')
        elif value is not None:
            return None
    return f"{{{','.join(parts)}}}"


def decode(text: str) -> Any:
    """Python values of the core's JSON; objects have their keys as attributes, fractions are `Decimal`."""
    return json.loads(text, object_hook=Item, parse_float=Decimal)


def plain(text: str) -> Any:
    """Python values of a reply's JSON; fractions are `Decimal`."""
    return json.loads(text, parse_float=Decimal)


def opened(envelope: str) -> str:
    """The text in an envelope, or its error raised."""
    if envelope.startswith(OK):
        return envelope[len(OK) : -1]
    raise failure(envelope)


def failure(envelope: str) -> TenantryError:
    """The exception that an envelope holds."""
    report: dict[str, Any] | None = json.loads(envelope).get("error")
    return InternalError("the core gave no envelope") if report is None else from_report(report)


def unexpected(what: str) -> NoReturn:
    """Raises what must not happen."""
    raise InternalError(f"the core gave {what}", hint="this is a defect of tenantry: please report it")
