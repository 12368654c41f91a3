"""A queue worked off by several processes at once, while replies are lost and late.

Each request ends once, as its handler chose. `TENANTRY_REQUESTS=10000` is the long run; `TENANTRY_SEED`
spoils other replies.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import tenantry
from decision import ENDS, chosen, end_of

PROGRAM = Path(__file__).parent / "worker.py"
REQUESTS = int(os.environ.get("TENANTRY_REQUESTS", "1500"))
SEED = int(os.environ.get("TENANTRY_SEED", "1"))
TIMEOUT = 1.0
# Of a hundred requests of any kind five are carried out and their replies cut off, and two are late. Some are later
# than anybody waits for; some lost replies are of changes that nobody sees for a second.
FAULTS = (
    {"percent": 4.5, "when": "after", "cut_at": 30},
    {"percent": 0.5, "when": "after", "cut_at": 30, "commit_delay_ms": 1000},
    {"percent": 0.3, "when": "after", "latency_ms": 1500},
    {"percent": 1.7, "latency_ms": 200},
)


def work(sandbox: tenantry.Sandbox, processes: int) -> list[dict[str, int]]:
    """Lets so many processes work off the queue, eight requests at a time in all; what each of them did."""
    command = [sys.executable, PROGRAM, str(max(8 // processes, 2)), str(TIMEOUT)]
    pipe = subprocess.PIPE
    started = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(processes)]
    try:
        for process in started:
            assert process.stdin is not None
            process.stdin.write(sandbox.line + "\n")
            process.stdin.flush()
        told = [process.communicate(timeout=1200) for process in started]
    finally:
        for process in started:
            process.kill()
    assert [(process.returncode, errors) for process, (_, errors) in zip(started, told, strict=True)] == [
        (0, "")
    ] * processes
    return [json.loads(out) for out, _ in told]


def show(processes: int, seconds: float, reports: list[dict[str, int]], journal: list[dict[str, Any]]) -> None:
    done = sum((Counter(report) for report in reports), Counter())
    faults = Counter(entry["fault"] for entry in journal if entry["fault"])
    print(f"{REQUESTS} requests, {processes} processes: {seconds:.1f} s, {journal[-1]['seq']} HTTP requests", end="; ")
    print(", ".join(f"{count} {name}" for name, count in sorted(done.items())), end="; ")
    print(", ".join(f"{count} {name}" for name, count in sorted(faults.items())), f"of the last {len(journal)}")


@pytest.mark.parametrize("processes", [1, 2, 8])
def test_every_request_ends_once_as_its_handler_chose(sandbox: tenantry.Sandbox, processes: int) -> None:
    sandbox.generate(
        requests=REQUESTS, assets=REQUESTS * 2 // 5, seed=SEED, product_id="PRD-1", status="pending", clear=True
    )
    sandbox.fault(
        [{"operation": "cloudblue.*", "times": None, "seed": SEED + n, **rule} for n, rule in enumerate(FAULTS)]
    )
    begun = time.monotonic()
    reports = work(sandbox, processes)
    seconds = time.monotonic() - begun
    journal = sandbox.journal()
    show(processes, seconds, reports, journal)

    rows = {row["id"]: row for row in sandbox.state()["cloudblue"]["requests"]}
    assert len(rows) == REQUESTS
    # Each moved once, from pending to where its handler wanted it.
    moves = {key: [(move["from"], move["to"]) for move in row["transitions"]] for key, row in rows.items()}
    wrong = {key: moves[key] for key in rows if moves[key] != [("pending", end_of(key))]}
    assert wrong == {}
    # Nobody even tried to bring a request to another end: the journal has the newest 100,000.
    verbs = {"approve": "approve", "later": "approve", "fail": "fail", "inquire": "inquire"}
    tried = [entry["path"].rsplit("/", 2)[1:] for entry in journal if entry["method"] == "POST"]
    assert [path for path in tried if verbs[chosen(path[0])] != path[1]] == []
    committed = Counter(entry["path"] for entry in journal if entry["method"] == "POST" and entry["committed"])
    assert set(committed.values()) == {1}
    if journal[0]["seq"] == 1:
        assert len(committed) == REQUESTS
    # The faults fell as they were ordered, or the test shows nothing.
    spoiled = sum(entry["fault"] is not None for entry in journal)
    assert 0.05 < spoiled / len(journal) < 0.09
    settled = sum(report["already_applied"] for report in reports)
    assert settled > 0
    assert sum(report[name] for report in reports for name in ("approved", "failed", "inquired")) + settled >= REQUESTS
    assert set(ENDS) == {chosen(key) for key in rows}
