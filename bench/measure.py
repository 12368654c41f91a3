"""Runs the runners, one after the other and then all over again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import install
import start
from workloads import OURS, Sample, Workload

LIMIT = ("", "bare reader")
PATIENCE_S = 300
ENVIRONMENT = {
    **os.environ,
    # Whoever has a proxy does not reach the loopback through it.
    "NO_PROXY": "127.0.0.1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "BENCH_PEERS": str(install.NODE_PEERS),
    "BENCH_DB_PASSWORD": "x",
}


@dataclass
class Results:
    """The samples of one workload, by language and runner; the bare reader's language is empty."""

    samples: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)
    # Why a runner has none.
    absent: dict[tuple[str, str], str] = field(default_factory=dict)
    server_share: float = 0.0

    def failures(self) -> list[str]:
        """Of our own runners, those that broke."""
        return [
            f"{who[1]}: {why}"
            for who, why in self.absent.items()
            if is_ours(who[1]) and not why.startswith("not built")
        ]

    def disagreements(self) -> list[str]:
        """Runners that read something else than the others did."""
        by_count: dict[int, dict[int, set[str]]] = {}
        for (language, runner), samples in self.samples.items():
            for sample in samples:
                if "check" in sample:
                    by_count.setdefault(sample["n"], {}).setdefault(sample["check"], set()).add(
                        f"{runner} ({language})"
                    )
        return [
            f"sums of {n} differ: " + "; ".join(f"{check}: {', '.join(sorted(who))}" for check, who in checks.items())
            for n, checks in by_count.items()
            if len(checks) > 1
        ]


def is_ours(runner: str) -> bool:
    return runner.startswith(OURS)


def results(name: str, workload: Workload, reps: int, only: str | None) -> Results:
    """All samples of a workload."""
    found = Results()
    everyone = [("python", runner) for runner in workload.python] + [("node", runner) for runner in workload.node]
    everyone = [who for who in everyone if not only or only in who[1] or is_ours(who[1])]
    with _awake(), _server(workload) if workload.server is not None else nullcontext((0, "")) as (pid, base):
        for rep in range(min(reps, workload.most_reps)):
            if workload.limit or name == "saml":
                _take(found, LIMIT, _limit(workload, base))
            for who in everyone:
                if who in found.absent:
                    continue
                _say(f"{name} {rep + 1}/{min(reps, workload.most_reps)} {who[1]} ({who[0]})")
                before = _on_processor(pid)
                sample = _sample(name, workload, who, base)
                if pid and "wall" in sample:
                    share = (_on_processor(pid) - before) / max(sample["wall"], 1e-9)
                    found.server_share = max(found.server_share, share)
                _take(found, who, sample)
    _say("")
    return found


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _take(found: Results, who: tuple[str, str], sample: Sample) -> None:
    for key, words in (("not_built", "not built: "), ("failed", "failed: ")):
        if key in sample:
            found.absent[who] = words + sample[key]
            return
    found.samples.setdefault(who, []).append(sample)


def _sample(name: str, workload: Workload, who: tuple[str, str], base: str) -> Sample:
    language, runner = who
    if name == "import":
        return start.loaded(language, runner)
    if name == "size":
        return start.installed(language, runner)
    program = (install.PYTHON, install.HERE / "peers/python/run.py")
    if language == "node":
        program = (Path("node"), install.HERE / "peers/node/run.mjs")
    part = workload.part.get(runner, 1)
    options = {**workload.options, "n": int(workload.n[language] * part)}
    words = [f"{key}={value}" for key, value in options.items()]
    return told([*program, workload.run or name, runner, base or install.SAML, *words])


def _limit(workload: Workload, base: str) -> Sample:
    if workload.limit is None:
        return told([install.LIMIT, "saml", install.SAML, 2000])
    target, connections, replies, things = workload.limit
    sample = told([install.LIMIT, base.removeprefix("http://"), target, connections, replies])
    if "n" in sample:
        sample["n"] *= things
        sample["polls"] = sample["n"]
    return sample


def told(command: list[object]) -> Sample:
    """The line of JSON that a program prints last."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"no end after {PATIENCE_S} s"}
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit {done.returncode}"]
        # Python names the error last, Node before it tells where it was.
        return {"failed": next((line for line in reversed(lines) if "Error" in line), lines[-1])[:200]}
    return json.loads(done.stdout.splitlines()[-1])


def _on_processor(pid: int) -> float:
    """Seconds that the server's one thread has run."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 if pid else 0.0


@contextmanager
def _awake() -> Iterator[None]:
    """Keeps the processors from sleeping: waking one up takes longer than a call, and differs from machine to machine.

    The processes that do it have the priority of idleness: whoever else wants the processor has it at once.
    """
    command = [sys.executable, "-c", _SPIN, str(os.getpid())]
    spinning = [subprocess.Popen([*command, str(cpu)]) for cpu in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


_SPIN = """
import os, sys
parent, cpu = map(int, sys.argv[1:])
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
os.sched_setaffinity(0, {cpu})
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def _server(workload: Workload) -> Iterator[tuple[int, str]]:
    """A server of the workload's own; it ends when its input is closed."""
    command = [str(install.SERVER), *(workload.server or ())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield process.pid, f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()
