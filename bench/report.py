"""The tables: what every runner needed, and what is published."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import statistics
import subprocess
from pathlib import Path

import install
from goals import GOALS, Against, Goal, number, times
from measure import LIMIT, Results, is_ours
from workloads import METRICS, OFFICIAL, WORKLOADS

DOCUMENT = install.ROOT / "docs/performance.md"
BEGIN, END = "<!-- make bench writes what follows -->", "<!-- make bench wrote what precedes -->"
HEAD = "| workload | measured | ours | official client | best peer | bare reader |"
# A server that is busier than this may be what was measured.
BUSY = 0.85

Found = dict[str, Results]


def figure(found: Results, who: tuple[str, str], metric: str) -> float | None:
    """The median of a runner's samples; None where they do not tell it."""
    try:
        figures = [METRICS[metric].of(sample) for sample in found.samples.get(who, [])]
    except (KeyError, ZeroDivisionError):
        return None
    return statistics.median(figures) if figures else None


def everyone(name: str, found: Results) -> str:
    """All runners of a workload, the best first."""
    workload = WORKLOADS[name]
    head = ["runner", *(METRICS[metric].unit for metric in workload.metrics)]
    lines = [f"\n{name}: {workload.about}", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    rows = []
    for who in found.samples:
        figures = [figure(found, who, metric) for metric in workload.metrics]
        cells = [" ".join(who).strip(), *("" if value is None else number(value) for value in figures)]
        rows.append((who[0], figures[0] if figures[0] is not None else float("inf"), cells))
    lines += ["| " + " | ".join(cells) + " |" for _, _, cells in sorted(rows, key=lambda row: row[:2])]
    lines += [f"{' '.join(who)}: {why}" for who, why in found.absent.items()]
    lines += [f"WRONG: {line}" for line in found.disagreements()]
    if found.server_share > BUSY:
        lines.append(
            f"The server was busy for {found.server_share:.0%} of one run: that runner's wall time may be the server's."
        )
    return "\n".join(lines)


def verdict(value: float, goal: float) -> str:
    return "met" if value <= goal else f"missed by {value / goal:.2f}x"


def _against(ours: float | None, theirs: float, name: str, goal: float | None) -> str:
    text = f"{name} {number(theirs)}".strip()
    words = [] if goal is None else [f"goal {times(goal)}x" if goal > 1 else f"goal {times(goal)}"]
    if ours is not None:
        ratio = ours / theirs
        text += f": {times(ratio)}x" if ratio > 1 else f": {times(ratio)}"
        words += [] if goal is None else [verdict(ratio, goal)]
    return text + (f" ({', '.join(words)})" if words else "")


def _best(found: Results, goal: Goal, against: Against) -> tuple[str, float] | None:
    names = against.runners or tuple(
        runner
        for language, runner in found.samples
        if language == goal.language and not is_ours(runner) and not runner.startswith(OFFICIAL)
    )
    known = [(name, figure(found, (goal.language, name), goal.metric)) for name in names]
    return min(((name, value) for name, value in known if value), key=lambda pair: pair[1], default=None)


def _cell(found: Results, goal: Goal, ours: float | None, all_against: tuple[Against, ...]) -> str:
    parts = []
    for against in all_against:
        best = _best(found, goal, against)
        if best is None:
            why = {found.absent.get((goal.language, name), "not run") for name in against.runners} or {"not run"}
            goal_words = [f"goal {times(against.ratio)}"] if against.ratio else []
            parts.append("; ".join([f"{', '.join(against.runners) or 'any'}: {', '.join(sorted(why))}", *goal_words]))
        else:
            parts.append(_against(ours, best[1], best[0], against.ratio))
    return "<br>".join(parts) or "-"


def row(goal: Goal, all_found: Found) -> str:
    """A row of what is published."""
    found, metric = all_found.get(goal.workload), METRICS[goal.metric].unit
    if found is None:
        return f"| {goal.row} | {metric} | not run | | | |"
    whos = [(goal.language, runner) for runner in goal.ours]
    ours = min((value for who in whos if (value := figure(found, who, goal.metric)) is not None), default=None)
    told = number(ours) if ours is not None else found.absent.get(whos[0], "no figure")
    if goal.at_most is not None:
        told += f" (goal {goal.at_most:g}" + (f", {verdict(ours, goal.at_most)})" if ours is not None else ")")
    limit = goal.known_limit or figure(found, LIMIT, goal.metric)
    shown = _against(ours, limit, "", goal.limit) if limit else "-"
    cells = (
        goal.row,
        metric,
        f"**{told}**",
        _cell(found, goal, ours, goal.official),
        _cell(found, goal, ours, goal.peers),
        shown,
    )
    return "| " + " | ".join(cells) + " |"


def table(found: Found, *, whole: bool = True) -> str:
    """What is published; or only the rows of what was run."""
    rows = [row(goal, found) for goal in GOALS if whole or goal.workload in found]
    return "\n".join([HEAD, "|---" * 6 + "|", *rows])


def machine() -> str:
    """The machine, the versions and the day, in one paragraph."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    processor = next(models, platform.machine())
    told = subprocess.run([install.PYTHON, "-c", _VERSIONS], capture_output=True, text=True, check=True).stdout
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    pinned = json.loads(install.PACKAGES.read_text())["dependencies"]
    today, kernel = dt.datetime.now(dt.timezone.utc), platform.release().partition("-")[0]
    peers = ", ".join(f"{name.rpartition('/')[2]} {version}" for name, version in pinned.items())
    place = f"{os.cpu_count()} cores of {processor}, Linux {kernel}, {today:%Y-%m-%d}"
    return f"{place}. {told.strip()}; Node {node.removeprefix('v')}: {peers}."


_VERSIONS = """
import platform
from importlib.metadata import PackageNotFoundError, version
names = ["tenantry", "connect-openapi-client", "aiohttp", "pyreqwest", "wreq", "pycurl", "urllib3", "orjson", "msgspec",
         "pysimdjson", "pyarrow", "xmlsec", "python3-saml"]
def told(name):
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} not installed"
print(f"Python {platform.python_version()}:", ", ".join(map(told, names)))
"""


def publish(text: str) -> None:
    """Writes the table into the document, between its two marks."""
    document = DOCUMENT.read_text()
    head, rest = document.split(BEGIN)
    _, tail = rest.split(END)
    DOCUMENT.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}")
