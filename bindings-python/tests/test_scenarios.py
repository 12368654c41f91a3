"""Runs the scenarios and vectors that all three languages run (`tests/README.md`), through the native boundary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tenantry
from tenantry import _native

FOLDER = Path(__file__).parents[2] / "tests/scenarios/magento_bi"
FILES = sorted(path for path in FOLDER.iterdir() if path.name != "spec.json")
KINDS = {"number": (int, float), "string": str, "object": dict, "null": type(None)}


def only(given: dict[str, Any], *keys: str) -> None:
    assert set(given) <= set(keys), f"unknown keys: {set(given) - set(keys)}"


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = merge(base[key], value) if both else value
    return merged


def matches(expected: Any, found: Any, place: str) -> None:
    if isinstance(expected, dict) and "$is" in expected:
        assert isinstance(found, KINDS[expected["$is"]]), f"{place}: {found!r} is no {expected['$is']}"
    elif isinstance(expected, dict):
        for key, value in expected.items():
            matches(value, found.get(key), f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for index, pair in enumerate(zip(expected, found, strict=True)):
            matches(*pair, f"{place}[{index}]")
    else:
        assert found == expected, place


def drive(call: _native.Call) -> tuple[dict[str, Any], list[str]]:
    """The envelope of a call, and the kinds of its events."""
    events = []
    while True:
        message = json.loads(call.next_sync() or "null")
        if "event" not in message:
            return message, events
        events.append(message["event"]["kind"])


class Run:
    def __init__(self, sandbox: tenantry.Sandbox, config: dict[str, Any]) -> None:
        self.sandbox = sandbox
        opened = _native.Client.open("magento_bi", json.dumps(config))
        assert not isinstance(opened, str), opened
        self.client = opened
        self.kept: dict[str, Any] = {}

    def fill(self, value: Any) -> Any:
        """The value with each `"$name"` replaced by what was kept under that name."""
        if isinstance(value, str):
            return self.kept.get(value, value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        if isinstance(value, dict):
            return {key: self.fill(item) for key, item in value.items()}
        return value

    def step(self, step: dict[str, Any]) -> None:
        if "call" in step:
            self.call(**step)
        elif "flow" in step:
            self.flow(**step)
        else:
            ((kind, value),) = step.items()
            act = {"fault": self.sandbox.fault, "outcome": self.keywords("outcome"), "seed": self.keywords("seed")}
            if kind == "expire_tokens":
                self.sandbox.expire_tokens()
            else:
                act[kind](value)

    def keywords(self, name: str) -> Any:
        return lambda values: getattr(self.sandbox, name)(**values)

    def call(self, *, call, arguments, expect, options=None, events=None, keep=None) -> None:
        text = "" if options is None else json.dumps(options)
        envelope, seen = drive(self.client.call(call, json.dumps(self.fill(arguments)), text, True))
        matches(self.fill(expect), envelope, call)
        assert events is None or seen == events, call
        for name, pointer in (keep or {}).items():
            value = envelope["ok"]
            for key in pointer.split("/")[1:]:
                value = value[key]
            self.kept[f"${name}"] = value

    def flow(self, *, flow, expect, answers=(), steps=None) -> None:
        only(flow, "spec", "options")
        spec = merge(json.loads((FOLDER / "spec.json").read_text()), flow["spec"])
        opened = self.client.flow("magento_bi.onboarding", json.dumps(spec), json.dumps(flow["options"]))
        if isinstance(opened, str):
            matches(expect, json.loads(opened), "flow")
            return
        left, started = list(answers), []
        while True:
            envelope, _ = drive(opened.advance(False))
            turn = envelope.get("ok", envelope)
            if "need" in turn:
                only(left[0], "reason", "answer")
                assert turn["need"]["reason"] == left[0]["reason"]
                opened.answer(json.dumps(left.pop(0)["answer"]))
            elif "event" not in turn:
                break
            elif turn["event"]["type"] == "step_started":
                started.append(turn["event"]["step"])
        assert not left, "an answer was not asked for"
        matches(expect, turn, "flow")
        assert steps is None or started == steps


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: Path) -> None:
    scenario = json.loads(path.read_text())
    only(scenario, "name", "sandbox", "client", "steps", "journal", "committed")
    settings = scenario.get("sandbox", {})
    only(settings, "vocabulary", "wait_ms", "commit_delay_ms")
    with tenantry.Sandbox.start(
        clock="virtual",
        vocabulary=settings.get("vocabulary", "client"),
        wait=settings.get("wait_ms", 1000) / 1000,
        commit_delay=settings.get("commit_delay_ms", 0) / 1000,
    ) as sandbox:
        run = Run(sandbox, merge(sandbox.magento_bi, scenario.get("client", {})))
        for step in scenario["steps"]:
            run.step(step)
        journal = [(entry["operation"].removeprefix("magento_bi."), entry["committed"]) for entry in sandbox.journal()]
    if "journal" in scenario:
        assert [name for name, _ in journal] == scenario["journal"]
    for operation, count in scenario.get("committed", {}).items():
        assert journal.count((operation, True)) == count, operation


def test_there_are_scenarios() -> None:
    assert len(FILES) >= 12
    assert all(path.suffix == ".json" for path in FILES)


def test_retry_after_is_read_as_the_vectors_say() -> None:
    rows = json.loads((FOLDER.parents[1] / "vectors/retry_after.json").read_text())
    begin = 1_767_225_600_000  # where virtual time begins
    rows = [row for row in rows if row["now_ms"] == begin]
    assert len(rows) >= 30
    with (
        tenantry.Sandbox.start(clock="virtual") as sandbox,
        tenantry.magento_bi.Client(**sandbox.magento_bi, max_retries=0) as client,
    ):
        for row in rows:
            assert {name for name, _ in row["headers"]} <= {"retry-after"}
            headers: dict[str, Any] = {"date": row["date"]} if row["date"] is not None else {}
            if row["headers"]:
                headers["retry-after"] = [value for _, value in row["headers"]]
            sandbox.fault(operation="*", status=503, headers=headers)
            with pytest.raises(tenantry.InternalServerError) as raised:
                client.signups.get("x")
            assert raised.value.retry_after == row["expect_s"], row["name"]
