"""What is run: the workloads, who runs them, and what is read off a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

OURS = ("tenantry",)
OFFICIAL = ("connect",)
LIST = "/public/v1/requests?limit=1000&offset={}"
ONE = "/public/v1/requests/PR-0000-0001-2718-001"
SIGNUP = "/v3/signups/27182818-2845-4904-8235-000000000000"

Sample = dict[str, Any]


@dataclass(frozen=True)
class Metric:
    """A figure of a run, and what it is called."""

    unit: str
    of: Callable[[Sample], float]


def per(key: str, count: str = "n", scale: float = 1e6) -> Callable[[Sample], float]:
    return lambda sample: sample[key] / sample[count] * scale


METRICS = {
    "cpu": Metric("CPU µs each", per("cpu")),
    "wall": Metric("wall µs each", per("wall")),
    "thread": Metric("of it on the calling thread", per("thread")),
    "peak": Metric("peak MiB of the process", lambda sample: sample["peak_kib"] / 1024),
    "loop": Metric("event loop busy, µs each", per("loop")),
    "kept": Metric("KiB of memory each", per("grown_kib", scale=1)),
    "page": Metric("wall ms a page", per("wall")),
    "p50": Metric("p50 µs", lambda sample: sample["call_p50_us"] if "call_p50_us" in sample else sample["p50_us"]),
    "poll": Metric("CPU µs a poll", per("cpu", "polls")),
    "flow": Metric("bytes of memory a flow", lambda sample: sample["bytes_per_flow"]),
    "late": Metric("late, p99 ms", lambda sample: sample["late_p99_us"] / 1e3),
    "start": Metric("CPU ms over a bare start", lambda sample: sample["cpu_ms"]),
    "import": Metric("wall ms within the process", lambda sample: sample["wall_ms"]),
    "mb": Metric("MB installed", lambda sample: sample["mb"]),
    "packages": Metric("packages", lambda sample: sample["packages"]),
    "packed": Metric("MB packed", lambda sample: sample["packed_mb"]),
}


@dataclass(frozen=True)
class Workload:
    """One workload. `limit` is what the bare reader reads: target, connections, replies, and things in a reply."""

    about: str
    python: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    # What a runner runs, when it is not this workload's own name.
    run: str = ""
    n: dict[str, int] = field(default_factory=dict)
    options: dict[str, float] = field(default_factory=dict)
    server: tuple[str, ...] | None = ()
    limit: tuple[str, int, int, int] | None = None
    # Runners that are so slow that a part of the work tells as much.
    part: dict[str, float] = field(default_factory=dict)
    most_reps: int = 99
    # Left out of short runs.
    long: bool = False
    # Columns of the table of all runners; the first one sorts it.
    metrics: tuple[str, ...] = ("cpu",)


PAGES = (LIST, 1, 40, 1000)
FLOWS_PYTHON = (
    "tenantry-async",
    "aiohttp+orjson",
    "aiohttp+orjson+uvloop",
    "pyreqwest-async+orjson",
    "wreq-async+orjson",
)
FLOWS_NODE = ("tenantry", "undici", "node:http")

WORKLOADS = {
    "list": Workload(
        "requests listed in pages of 1000 and used one by one",
        python=(
            *("tenantry", "tenantry-async", "tenantry-stable", "connect", "connect-async", "aiohttp+orjson"),
            *("pycurl+orjson", "pyreqwest+orjson", "wreq+orjson", "aiohttp+msgspec", "pycurl+msgspec"),
            *("urllib3+simdjson", "aiohttp+msgspec-needed", "pycurl+msgspec-needed"),
        ),
        node=("tenantry", "tenantry-stable", "connect-js", "undici", "node:http", "fetch"),
        n={"python": 20_000, "node": 100_000},
        limit=PAGES,
        part={"connect": 0.5, "connect-async": 0.5, "fetch": 0.2},
        metrics=("cpu", "wall", "thread", "loop", "peak"),
    ),
    "list-kept": Workload(
        "the same, and all of them kept",
        python=("tenantry", "connect", "pycurl+orjson", "pycurl+msgspec", "pycurl+msgspec-needed"),
        node=("tenantry", "connect-js", "undici", "node:http"),
        n={"python": 20_000, "node": 20_000},
        limit=PAGES,
        metrics=("kept", "cpu"),
    ),
    "list-far": Workload(
        "the same from a server that holds each page back for 50 ms",
        python=("tenantry-stable", "tenantry", "connect", "connect-async", "aiohttp+orjson", "pycurl+msgspec-needed"),
        node=("tenantry-stable", "tenantry", "connect-js", "undici"),
        run="list",
        n={"python": 20_000, "node": 20_000},
        server=("--delay-ms", "50"),
        most_reps=3,
        metrics=("page", "cpu"),
    ),
    "list-gzip": Workload(
        "the same from a server that packs its pages; undici and node:http do not ask for it",
        python=("tenantry", "connect", "aiohttp+orjson", "aiohttp+msgspec-needed"),
        node=("tenantry", "connect-js", "fetch"),
        run="list",
        n={"python": 20_000, "node": 20_000},
        server=("--gzip", "--total", "20000"),
        limit=PAGES,
        most_reps=3,
        metrics=("cpu", "wall"),
    ),
    "values": Workload(
        "eight fields of each request, as rows",
        python=("tenantry", "connect", "pycurl+orjson", "pyreqwest+orjson", "urllib3+simdjson", "pycurl+msgspec-row"),
        node=("tenantry", "undici"),
        n={"python": 20_000, "node": 20_000},
        limit=PAGES,
        metrics=("cpu", "wall"),
    ),
    "columns": Workload(
        "eight fields of each request, as columns of Arrow",
        python=("tenantry", "connect", "aiohttp+orjson", "pycurl+orjson", "aiohttp+msgspec-row", "pycurl+msgspec-row"),
        node=("tenantry", "undici"),
        n={"python": 20_000, "node": 20_000},
        limit=PAGES,
        metrics=("cpu", "wall"),
    ),
    "small": Workload(
        "one request read after another",
        python=(
            *("tenantry", "tenantry-async", "connect", "connect-async", "pycurl+orjson", "pycurl+msgspec-needed"),
            *("pyreqwest+orjson", "wreq+orjson", "aiohttp+orjson", "pyreqwest-async+orjson", "wreq-async+orjson"),
        ),
        node=("tenantry", "connect-js", "undici", "node:http", "fetch"),
        n={"python": 2_000, "node": 8_000},
        limit=(ONE, 1, 20_000, 1),
        part={"connect": 0.5, "connect-async": 0.5},
        metrics=("p50", "cpu"),
    ),
    "many": Workload(
        "requests read one by one, 64 calls in flight",
        python=(
            *("tenantry-async", "tenantry", "connect", "connect-async", "aiohttp+orjson", "aiohttp+orjson+uvloop"),
            *("pycurl+orjson", "pyreqwest-async+orjson", "wreq-async+orjson", "wreq+orjson"),
        ),
        node=("tenantry", "connect-js", "undici", "node:http", "fetch"),
        n={"python": 8_000, "node": 24_000},
        options={"inflight": 64},
        limit=(ONE, 64, 64_000, 1),
        part={"connect": 0.25, "connect-async": 0.125, "fetch": 0.5},
        metrics=("cpu", "wall"),
    ),
    "flows": Workload(
        "1,000 onboardings that start a signup and poll it 10 times, every half second",
        python=FLOWS_PYTHON,
        node=FLOWS_NODE,
        n={"python": 1_000, "node": 1_000},
        options={"interval": 0.5, "polls": 10},
        limit=(SIGNUP, 64, 64_000, 1),
        most_reps=3,
        metrics=("poll", "flow", "late"),
    ),
    "flows-10k": Workload(
        "10,000 onboardings, 4 polls, every 3 s",
        python=("tenantry-async", "aiohttp+orjson", "wreq-async+orjson"),
        node=("tenantry", "undici"),
        run="flows",
        n={"python": 10_000, "node": 10_000},
        options={"interval": 3, "polls": 4},
        server=("--polls", "4", "--total", "1000"),
        limit=(SIGNUP, 64, 64_000, 1),
        most_reps=3,
        long=True,
        metrics=("poll", "flow", "late"),
    ),
    "flows-100k": Workload(
        "100,000 onboardings, 3 polls, every 20 s",
        python=("tenantry-async", "aiohttp+orjson"),
        node=("tenantry", "undici"),
        run="flows",
        n={"python": 100_000, "node": 100_000},
        options={"interval": 20, "polls": 3},
        server=("--polls", "3", "--total", "1000"),
        limit=(SIGNUP, 64, 64_000, 1),
        most_reps=1,
        long=True,
        metrics=("flow", "poll", "late"),
    ),
    "import": Workload(
        "a process that loads the package and makes a client, over a bare one",
        python=("tenantry", "connect", "aiohttp+orjson", "pycurl", "pyreqwest", "wreq"),
        node=("tenantry", "connect-js", "undici", "fetch"),
        server=None,
        metrics=("start", "import"),
    ),
    "size": Workload(
        "what installing it brings",
        python=("tenantry", "connect", "aiohttp+orjson", "pyreqwest", "wreq"),
        node=("tenantry", "connect-js", "undici"),
        server=None,
        most_reps=1,
        metrics=("mb", "packages", "packed"),
    ),
    "saml": Workload(
        "signed responses of 5.9 KB verified, RSA-2048 and SHA-256",
        python=("tenantry", "xmlsec", "python3-saml"),
        node=("tenantry", "xml-crypto", "node-saml"),
        n={"python": 300, "node": 300},
        server=None,
    ),
}
