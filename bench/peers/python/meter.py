"""What a piece of work costs: time, processor, memory."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

PAGE_BYTES = resource.getpagesize()


def resident_kib() -> int:
    """What the process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES // 1024


def peak_kib() -> int:
    """What it held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class Meter:
    """Measures what happens within it; single `calls` are timed by who makes them, in seconds."""

    def __enter__(self) -> Self:
        self.calls: list[float] = []
        self.before_kib = resident_kib()
        self.cpu, self.thread, self.wall = time.process_time(), time.thread_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self.wall
        self.thread = time.thread_time() - self.thread
        self.cpu = time.process_time() - self.cpu

    def result(self, n: int, check: int, **more: float) -> dict[str, Any]:
        """The figures, for `n` things whose sum is `check`."""
        peak = peak_kib()
        out: dict[str, Any] = {"n": n, "check": check, "wall": self.wall, "cpu": self.cpu, "thread": self.thread}
        out |= {"peak_kib": peak, "grown_kib": max(0, peak - self.before_kib)}
        return {**out, **quantiles("call", self.calls), **more}


def quantiles(name: str, times: list[float]) -> dict[str, float]:
    """The median and the 99th percentile of times, in microseconds."""
    if not times:
        return {}
    ordered = sorted(times)
    return {f"{name}_p{q}_us": ordered[(len(ordered) - 1) * q // 100] * 1e6 for q in (50, 99)}
