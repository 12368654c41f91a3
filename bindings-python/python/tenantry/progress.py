"""Shows a flow as it goes: a bar per step if tqdm is installed, else lines on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from tenantry.events import Event


class _Display(Protocol):
    def show(self, event: Event) -> None: ...

    def close(self) -> None: ...


@contextmanager
def display(wanted: bool) -> Generator[Callable[[Event], None]]:
    """What shows events until the block ends; nothing if not `wanted`."""
    if not wanted:
        yield lambda _: None
        return
    shown = _choose()
    try:
        yield shown.show
    finally:
        shown.close()


def _choose() -> _Display:
    if sys.stderr.isatty() or "ipykernel" in sys.modules:
        try:
            from tqdm.auto import tqdm  # pyright: ignore[reportMissingModuleSource, reportUnknownVariableType]
        except ImportError:
            pass
        else:
            return _Bars(tqdm)
    return _Lines(live=sys.stderr.isatty())


def _waiting(event: Event) -> str:
    """What a step waits for, in a few words; empty for an event that tells nothing of it."""
    kind = event.get("type")
    if kind == "polled":
        return f"{event.get('status_raw') or 'no status'}, look {event.get('attempt')}"
    if kind == "poll_error":
        return f"look failed ({event.get('kind')}), will repeat"
    return {"attention": "needs a decision", "reply_lost": "reply lost, looking"}.get(str(kind), "")


class _Lines:
    """A line per step; in a terminal the current one is written over as it waits."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._start: datetime | None = None
        self._step = ""

    def show(self, event: Event) -> None:
        kind, step = event.get("type"), str(event.get("step"))
        if kind == "step_started":
            self._step, self._start = step, event.get("at")
            self._write(f"  {step} …", stays=False)
        elif kind == "step_finished":
            # The flow's own time, which a sandbox may make virtual.
            took = f" ({(event['at'] - self._start).total_seconds():.1f} s)" if self._start else ""
            self._write(f"✓ {step}{took}", stays=True)
            self._step = ""
        elif kind == "attention":
            self._write(f"! {step}: {event['need']['reason']}", stays=True)
            self._step = ""
        elif words := _waiting(event):
            self._write(f"  {step}: {words}", stays=False)

    def _write(self, text: str, *, stays: bool) -> None:
        if self._live:
            sys.stderr.write(f"\r\x1b[K{text}" + ("\n" if stays else ""))
        elif stays:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def close(self) -> None:
        if self._live and self._step:
            sys.stderr.write("\n")
            sys.stderr.flush()


class _Bars:
    """A bar per step, in a terminal or a notebook."""

    def __init__(self, tqdm: Any) -> None:
        self._tqdm = tqdm
        self._bar: Any = None

    def show(self, event: Event) -> None:
        kind, step = event.get("type"), str(event.get("step"))
        if kind == "step_started":
            self.close()
            layout = "{desc:<24}{bar:24} {elapsed} {postfix}"
            self._bar = self._tqdm(total=1, desc=step, bar_format=layout, leave=True)
        elif self._bar is not None:
            if kind == "step_finished":
                self._bar.set_postfix_str("", refresh=False)
                self._bar.update(1)
                self.close()
            elif words := _waiting(event):
                self._bar.set_postfix_str(words)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
