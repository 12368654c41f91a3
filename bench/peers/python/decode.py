"""What makes requests of bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import fields


@dataclass
class Decoder:
    one: Callable[[bytes], Any]
    many: Callable[[bytes], Any]
    use: Callable[[Any], int] = fields.of_dict
    row: Callable[[Any], tuple[str, ...]] = fields.row_of_dict


def _orjson() -> Decoder:
    import orjson

    return Decoder(orjson.loads, orjson.loads)


def _simdjson() -> Decoder:
    import simdjson

    def parse(body: bytes) -> Any:
        # A parser's document ends with its next one.
        return simdjson.Parser().parse(body)

    return Decoder(parse, parse)


def _msgspec(name: str) -> Decoder:
    import msgspec
    import structs

    kind = getattr(structs, name)
    one, many = msgspec.json.Decoder(kind), msgspec.json.Decoder(list[kind])
    return Decoder(one.decode, many.decode, fields.of_object, fields.row_of_object)


DECODERS: dict[str, Callable[[], Decoder]] = {
    "orjson": _orjson,
    "simdjson": _simdjson,
    "msgspec": lambda: _msgspec("Request"),
    "msgspec-needed": lambda: _msgspec("Needed"),
    "msgspec-row": lambda: _msgspec("Row"),
}
