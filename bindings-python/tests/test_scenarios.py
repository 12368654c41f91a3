"""Runs the scenarios and vectors that all three languages run (`tests/README.md`).

Calls, flows and what needs no request go through the native boundary, whose envelopes they speak of; lists, conditions
and workers through the public surface.
"""

from __future__ import annotations

import functools
import json
import operator
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tenantry
from tenantry import _native, cloudblue, magento_bi
from tenantry.cloudblue import Query

SCENARIOS = Path(__file__).parents[2] / "tests/scenarios"
SYSTEMS = sorted(folder.name for folder in SCENARIOS.iterdir())
FILES = sorted(path for path in SCENARIOS.glob("*/*") if path.name != "spec.json")
KINDS = {
    "number": (int, float),
    "string": str,
    "object": dict,
    "list": list,
    "boolean": bool,
    "null": type(None),
}
OF_ALL = ("maestrano.marketplaces.", "maestrano.webhooks.")


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
        assert isinstance(found, dict), f"{place}: {found!r}"
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
        step = call.next_sync()
        if isinstance(step, tuple):
            return {"ok": json.loads(step[0])}, events
        message = json.loads(step or "null")
        if "event" not in message:
            return message, events
        events.append(message["event"]["kind"])


def condition(tree: dict[str, Any]) -> Any:
    """A condition of the public surface, from the core's own form."""
    ((kind, inner),) = tree.items()
    if kind == "test":
        methods = {"in": "one_of", "out": "none_of"}
        return getattr(cloudblue.R(inner["field"]), methods.get(inner["op"], inner["op"]))(inner["value"])
    if kind == "raw":
        return cloudblue.R.raw(inner)
    if kind == "not":
        return ~condition(inner)
    parts = [condition(part) for part in inner]
    # None or one of them cannot be written with an operator.
    return functools.reduce({"and": operator.and_, "or": operator.or_}[kind], parts) if len(parts) > 1 else Query(tree)


def spelled(given: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a list, of a worker or of a client as this language spells them."""
    arguments: dict[str, Any] = {**given.get("filters", {}), **given.get("options", {})}
    arguments.update((name, value) for name, value in given.items() if name not in ("filters", "options", "query"))
    for name in [name for name in arguments if name.endswith("_ms")]:
        arguments[name.removesuffix("_ms")] = arguments.pop(name) / 1000
    if given.get("query") is not None:
        arguments["query"] = condition(given["query"])
    return arguments


OUTCOMES = {
    "approve": cloudblue.Approve,
    "fail": cloudblue.Fail,
    "inquire": cloudblue.Inquire,
    "schedule": cloudblue.Schedule,
    "confirm_revoke": cloudblue.ConfirmRevoke,
    "skip": cloudblue.Skip,
}


def outcome(decided: dict[str, Any]) -> Any:
    """What a handler returns that decides so."""
    ((kind, arguments),) = decided.items()
    if kind == "error":
        raise RuntimeError(arguments["message"])
    return None if kind == "nothing" else OUTCOMES[kind](**arguments)


def envelope(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` gives, or its error."""
    try:
        return work()
    except tenantry.TenantryError as error:
        names = ("code", "message", "system", "operation", "outcome", "status", "retryable", "hint", "details")
        return {"error": {name: getattr(error, name) for name in names}}


def opened(client: _native.Client | str) -> _native.Client:
    assert not isinstance(client, str), client
    return client


class Run:
    def __init__(
        self, system: str, sandbox: tenantry.Sandbox, config: dict[str, Any], marketplace: str, journal: Path
    ) -> None:
        self.folder = SCENARIOS / system
        self.sandbox = sandbox
        self.marketplaces: _native.Client | None = None
        self.kept: dict[str, Any] = {"$journal": str(journal)}
        if system == "maestrano":
            self.marketplaces = opened(_native.Client.open("maestrano.marketplaces", json.dumps(config)))
            drive(self.marketplaces.call("maestrano.marketplaces.refresh", "{}", "", False))
            self.client = opened(self.marketplaces.marketplace(marketplace, ""))
            return
        kind = {"magento_bi": magento_bi.Client, "cloudblue": cloudblue.Client}[system]
        self.public: Any = kind(**spelled(config))
        self.client = opened(_native.Client.open(system, json.dumps(config)))

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
        for kind in ("call", "local", "flow", "list", "count", "query", "worker"):
            if kind in step:
                getattr(self, kind)(**step)
                return
        ((kind, value),) = step.items()
        if kind == "expire_tokens":
            self.sandbox.expire_tokens()
        elif kind == "fault":
            self.sandbox.fault(self.fill(value))
        elif kind == "advance":
            self.sandbox.advance(value / 1000)
        elif kind == "behave" and self.marketplaces is not None:
            self.sandbox.behave_maestrano(**self.fill(value))
        else:
            assert kind in ("outcome", "seed", "generate", "behave"), kind
            getattr(self.sandbox, kind)(**self.fill(value))

    def pager(self, operation: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
        _, noun, verb = operation.split(".")
        given = spelled({**self.fill(arguments), "options": options})
        return getattr(getattr(self.public, noun), verb)(*given.pop("ids", ()), **given)

    def list(self, *, list, expect, arguments=None, options=None, each=None) -> None:  # noqa: A002 - a step's key
        def read() -> dict[str, Any]:
            ids = []
            for row in self.pager(list, arguments or {}, options or {}):
                ids.append(getattr(row, "id", None))
                self.kept["$id"] = ids[-1]
                if each is not None:
                    self.call(**{"expect": {"ok": {}}, **each})
            return {"ids": ids, "count": len(ids)}

        matches(self.fill(expect), envelope(read), list)

    def count(self, *, count, expect, arguments=None, options=None) -> None:
        found = envelope(lambda: {"ok": self.pager(count, arguments or {}, options or {}).count()})
        matches(self.fill(expect), found, count)

    def query(self, *, query, expect) -> None:
        matches(expect, envelope(lambda: {"ok": str(condition(query))}), json.dumps(query))

    def worker(self, *, worker, expect, run=None, outcomes=None) -> None:
        chosen = self.fill(outcomes or {})

        def handle(request: cloudblue.Request) -> Any:
            keys = (request.id, request.type, "*")
            return outcome(next((chosen[key] for key in keys if key in chosen), {"nothing": {}}))

        def work() -> dict[str, Any]:
            made = self.public.fulfillment_worker(**spelled(self.fill(worker)))
            made.handler(handle)
            how = {"max_cycles": None, "dry_run": False, **(run or {})}
            only(how, "max_cycles", "dry_run")
            if how["dry_run"]:
                assert how["max_cycles"] == 1, "this language's dry run is one cycle"
                return {"report": made.run_once(dry_run=True).to_dict()}
            return {"report": made.run(max_cycles=how["max_cycles"]).to_dict()}

        with warnings.catch_warnings():
            # A handler that decides nothing is warned of.
            warnings.simplefilter("ignore", RuntimeWarning)
            matches(self.fill(expect), envelope(work), "worker")

    def call(self, *, call, expect, arguments=None, options=None, events=None, keep=None) -> None:
        text = "" if options is None else json.dumps(options)
        envelope, seen = drive(self.asking(call).call(call, json.dumps(self.fill(arguments or {})), text, True))
        matches(self.fill(expect), envelope, call)
        assert events is None or seen == events, call
        self.keep(envelope, keep)

    def local(self, *, local, expect, arguments=None, keep=None) -> None:
        envelope = json.loads(self.asking(local).local(local, json.dumps(self.fill(arguments or {}))))
        matches(self.fill(expect), envelope, local)
        self.keep(envelope, keep)

    def asking(self, name: str) -> _native.Client:
        """The client that an operation is asked of: some are the whole set's."""
        return self.marketplaces if self.marketplaces is not None and name.startswith(OF_ALL) else self.client

    def keep(self, envelope: dict[str, Any], keep: dict[str, str] | None) -> None:
        for name, pointer in (keep or {}).items():
            value = envelope["ok"]
            for key in pointer.split("/")[1:]:
                value = value[int(key)] if isinstance(value, list) else value[key]
            self.kept[f"${name}"] = value

    def flow(self, *, flow, expect, answers=(), steps=None) -> None:
        only(flow, "spec", "options")
        spec = merge(json.loads((self.folder / "spec.json").read_text()), flow["spec"])
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_scenario(path: Path, tmp_path: Path) -> None:
    scenario = json.loads(path.read_text())
    system = path.parent.name
    only(scenario, "name", "sandbox", "client", "marketplace", "steps", "journal", "committed", "state")
    settings = scenario.get("sandbox", {})
    only(settings, "vocabulary", "wait_ms", "commit_delay_ms")
    with tenantry.Sandbox.start(
        clock="virtual",
        vocabulary=settings.get("vocabulary", "client"),
        wait=settings.get("wait_ms", 1000) / 1000,
        commit_delay=settings.get("commit_delay_ms", 0) / 1000,
    ) as sandbox:
        config = merge(getattr(sandbox, system), scenario.get("client", {}))
        run = Run(system, sandbox, config, scenario.get("marketplace", "some-telco"), tmp_path / "journal.json")
        for step in scenario["steps"]:
            run.step(step)
        journal = [(entry["operation"].removeprefix(f"{system}."), entry["committed"]) for entry in sandbox.journal()]
        if "state" in scenario:
            found = {request["id"]: request["status"] for request in sandbox.state()["cloudblue"]["requests"]}
            for request, status in scenario["state"].items():
                assert found[run.kept.get(request, request)] == status, request
    if "journal" in scenario:
        assert [name for name, _ in journal] == scenario["journal"]
    for operation, count in scenario.get("committed", {}).items():
        assert journal.count((operation, True)) == count, operation


def test_there_are_scenarios() -> None:
    assert SYSTEMS == ["cloudblue", "maestrano", "magento_bi"]
    for system, least in (("magento_bi", 12), ("cloudblue", 16), ("maestrano", 17)):
        assert sum(path.parent.name == system for path in FILES) >= least, system
    assert all(path.suffix == ".json" for path in FILES)


def test_retry_after_is_read_as_the_vectors_say() -> None:
    rows = json.loads((SCENARIOS.parent / "vectors/retry_after.json").read_text())
    begin = 1_767_225_600_000  # where virtual time begins
    rows = [row for row in rows if row["now_ms"] == begin]
    assert len(rows) >= 30
    with (
        tenantry.Sandbox.start(clock="virtual") as sandbox,
        magento_bi.Client(**sandbox.magento_bi, max_retries=0) as client,
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
