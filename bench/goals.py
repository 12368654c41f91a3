"""What the figures are held against: the rows of the table that is published, in its order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Against:
    """Some runners, of which the best counts, and the part of its figure that ours may be; None states no goal."""

    runners: tuple[str, ...]
    ratio: float | None = None


@dataclass(frozen=True)
class Goal:
    """A row. `at_most` is a goal for our figure itself."""

    row: str
    workload: str
    language: str
    metric: str
    ours: tuple[str, ...] = ("tenantry",)
    official: tuple[Against, ...] = ()
    peers: tuple[Against, ...] = ()
    limit: float | None = None
    # A limit that is known, rather than read by the bare reader.
    known_limit: float | None = None
    at_most: float | None = None


def below(ratio: float | None, *runners: str) -> tuple[Against, ...]:
    """To be at most `ratio` of the best of `runners`; of all peers without any."""
    return (Against(runners, ratio),)


ORJSON = ("pycurl+orjson", "pyreqwest+orjson", "wreq+orjson", "aiohttp+orjson")
FULL = ("aiohttp+msgspec", "pycurl+msgspec")
NEEDED = ("aiohttp+msgspec-needed", "pycurl+msgspec-needed")
STABLE = ("tenantry-stable",)
ASYNC = ("tenantry-async",)
# Smaller ratios are told as parts.
THIRD = 0.34
THOUSAND = 1000
# What a reader has to keep at the least: the text itself.
WIRE_KIB = 4.28e3 / 1024

GOALS = (
    Goal(
        "list, Python",
        *("list", "python", "cpu"),
        official=below(1 / 14, "connect"),
        peers=(*below(1 / 5.5, *ORJSON), *below(1 / 3.5, *FULL), *below(1.0, *NEEDED)),
        limit=25,
    ),
    Goal(
        "list, Python: wall", *("list", "python", "wall"), official=below(None, "connect"), peers=below(0.65, *NEEDED)
    ),
    Goal(
        "values, Python",
        *("values", "python", "cpu"),
        official=below(1 / 20, "connect"),
        peers=(*below(0.5), *below(1 / 10, *ORJSON)),
        limit=14,
    ),
    Goal(
        "columns, Python",
        *("columns", "python", "cpu"),
        official=below(1 / 20, "connect"),
        peers=(*below(0.5), *below(1 / 10, *ORJSON)),
        limit=14,
    ),
    Goal("list, Node", *("list", "node", "cpu"), official=below(1 / 4.5, "connect-js"), peers=below(0.25), limit=35),
    Goal("list, Node: wall", *("list", "node", "wall"), official=below(None, "connect-js"), peers=below(0.2)),
    Goal("list, Node: event loop", *("list", "node", "loop"), official=below(None, "connect-js"), peers=below(0.1)),
    Goal(
        "list-kept, Python",
        *("list-kept", "python", "kept"),
        official=below(1 / 3, "connect"),
        peers=below(0.5, "pycurl+orjson", "pycurl+msgspec"),
        limit=1.5,
        known_limit=WIRE_KIB,
    ),
    Goal(
        "list-kept, Node",
        *("list-kept", "node", "kept"),
        official=below(1 / 3, "connect-js"),
        peers=below(0.7),
        limit=1.5,
        known_limit=WIRE_KIB,
    ),
    Goal(
        "list-far, Python",
        *("list-far", "python", "page", STABLE),
        official=below(1 / 6, "connect", "connect-async"),
        peers=(*below(1 / 5, *ORJSON), *below(None, *NEEDED)),
        known_limit=50 / 4,
    ),
    Goal(
        "list-far, Node",
        *("list-far", "node", "page", STABLE),
        official=below(1 / 6, "connect-js"),
        peers=below(1 / 5),
        known_limit=50 / 4,
    ),
    Goal("list-gzip, Python", *("list-gzip", "python", "cpu"), official=below(None, "connect"), peers=below(None)),
    Goal("list-gzip, Node", *("list-gzip", "node", "cpu"), official=below(None, "connect-js"), peers=below(None)),
    Goal(
        "small, Python",
        *("small", "python", "p50"),
        official=below(1 / 35, "connect"),
        peers=below(0.8, "pycurl+orjson", "pycurl+msgspec-needed"),
        limit=2.5,
    ),
    Goal(
        "small, Python asyncio",
        *("small", "python", "p50", ASYNC),
        official=below(1 / 40, "connect-async"),
        peers=below(0.4, "wreq-async+orjson"),
        limit=3,
    ),
    Goal("small, Node", *("small", "node", "p50"), official=below(1 / 2.5, "connect-js"), peers=below(0.7), limit=3.5),
    Goal(
        "many, Python asyncio",
        *("many", "python", "cpu", ASYNC),
        official=(*below(1 / 70, "connect"), *below(1 / 130, "connect-async")),
        peers=below(0.4),
        limit=5.5,
    ),
    Goal("many, Node", *("many", "node", "cpu"), official=below(1 / 5, "connect-js"), peers=below(0.45), limit=7),
    Goal("flows, Python", *("flows", "python", "poll", ASYNC), peers=below(0.25), limit=6),
    Goal("flows, Node", *("flows", "node", "poll"), peers=below(0.35), limit=6),
    Goal("flows-10k, Python", *("flows-10k", "python", "poll", ASYNC), peers=below(0.25), limit=6),
    Goal("flows-10k, Node", *("flows-10k", "node", "poll"), peers=below(0.35), limit=6),
    Goal(
        "flows-100k, Python",
        *("flows-100k", "python", "flow", ASYNC),
        peers=below(1 / 13, "aiohttp+orjson"),
        at_most=200,
    ),
    Goal("flows-100k, Node", *("flows-100k", "node", "flow"), peers=below(1 / 20, "undici"), at_most=200),
    Goal(
        "import, Python",
        *("import", "python", "start"),
        official=below(1 / 200, "connect"),
        peers=below(None),
        at_most=5,
    ),
    Goal(
        "import, Node", *("import", "node", "start"), official=below(1 / 10, "connect-js"), peers=below(None), at_most=5
    ),
    Goal("import, Python: wall", *("import", "python", "import"), official=below(None, "connect"), at_most=5),
    Goal("import, Node: wall", *("import", "node", "import"), official=below(None, "connect-js"), at_most=10),
    Goal(
        "size, Python",
        *("size", "python", "mb"),
        official=below(1 / 3, "connect"),
        peers=below(0.5, "pyreqwest", "wreq"),
    ),
    Goal("size, Python: packages", *("size", "python", "packages"), official=below(None, "connect"), at_most=1),
    Goal("size, Python: wheel", *("size", "python", "packed"), at_most=4),
    Goal("size, Node", *("size", "node", "mb"), official=below(None, "connect-js"), peers=below(None)),
    Goal("size, Node: tarball", *("size", "node", "packed"), at_most=4),
    Goal(
        "saml, Python",
        *("saml", "python", "cpu"),
        peers=(*below(0.4, "xmlsec"), *below(1 / 25, "python3-saml")),
        limit=2.5,
    ),
    Goal(
        "saml, Node",
        *("saml", "node", "cpu"),
        peers=(*below(1 / 40, "xml-crypto"), *below(None, "node-saml")),
        limit=2.5,
    ),
)


def times(ratio: float) -> str:
    """A ratio as it is spoken of: 1/14, 0.65, 25."""
    return f"1/{number(1 / ratio)}" if ratio < THIRD else number(ratio)


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= THOUSAND else f"{value:.3g}"
