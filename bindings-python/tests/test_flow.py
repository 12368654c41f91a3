"""The onboarding flow as Python drives it; what the flow decides is tested in the core."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import threading
from datetime import datetime, timezone
from itertools import pairwise

import pytest

import tenantry
from tenantry import magento_bi


class Store:
    """A checkpoint store in memory."""

    def __init__(self):
        self.text = None
        self.saves = 0

    def load(self):
        return self.text

    def save(self, text):
        self.text = text
        self.saves += 1


class AsyncStore(Store):
    async def load(self):
        await asyncio.sleep(0)
        return self.text

    async def save(self, text):
        await asyncio.sleep(0)
        super().save(text)


def creates(sandbox):
    names = [entry["operation"] for entry in sandbox.journal() if entry["method"] == "POST" and entry["committed"]]
    return {name: names.count(name) for name in names if name != "magento_bi.tokens.create"}


ONCE = {
    "magento_bi.signups.create": 1,
    "magento_bi.invites.create": 1,
    "magento_bi.connections.create": 1,
    "magento_bi.jobs.start_connection_test": 1,
    "magento_bi.autodash.create": 1,
}


def test_iterating_tells_every_step_and_ends_with_the_result(sandbox, bi, spec):
    flow = bi.onboardings.start(spec)
    assert sandbox.journal() == []
    events = list(flow)
    started = [event.step for event in events if event.type == "step_started"]
    assert started == [
        "create_client",
        "await_client",
        "invite_user",
        "create_connection",
        "await_connection",
        "start_connection_test",
        "await_structure_sync",
        "create_dashboards",
        "await_dashboards",
    ]
    assert events[0].at.tzinfo is not None
    polled = next(event for event in events if event.type == "polled")
    assert polled.next_delay == pytest.approx(3, rel=0.21)
    assert str(polled).startswith("await_client: polled attempt=1")
    result = flow.result
    state = sandbox.state()["magento_bi"]
    assert result.client_id == state["clients"][0]["client_id" if "client_id" in state["clients"][0] else "id"]
    assert isinstance(result.connection, magento_bi.OnboardedConnection)
    assert result.connection.id != result.connection.meta_id
    assert flow.status.done
    assert list(flow) == []
    assert pickle.loads(pickle.dumps(result)) == result
    assert creates(sandbox) == ONCE


@pytest.mark.parametrize(
    ("text", "microsecond"),
    [("2026-01-01T00:00:02Z", 0), ("2026-01-01T00:00:02.5Z", 500_000), ("2026-01-01T00:00:02.769Z", 769_000)],
)
def test_instants_are_aware(text, microsecond):
    at = tenantry.Event.read({"type": "polled", "step": "await_client", "at": text}).at
    assert at == datetime(2026, 1, 1, 0, 0, 2, microsecond, tzinfo=timezone.utc)


def test_leaving_the_loop_stops_driving_and_a_file_resumes(sandbox, bi, spec, tmp_path):
    path = tmp_path / "coco.json"
    flow = bi.onboardings.start(spec, checkpoint=path)
    for event in flow:
        if event.type == "step_finished" and event.step == "invite_user":
            break
    sent = len(sandbox.journal())
    with pytest.raises(tenantry.CheckpointError, match="in use"):
        bi.onboardings.resume(spec, path)
    assert flow.status.outputs.client_id is not None
    flow.close()
    assert repr(flow) == "Flow(closed)"
    with pytest.raises(tenantry.CheckpointError, match="already"):
        bi.onboardings.start(spec, path)
    assert len(sandbox.journal()) == sent
    result = bi.onboardings.resume(spec, path).run()
    assert creates(sandbox) == ONCE
    sent = len(sandbox.journal())
    with bi.onboardings.start_or_resume(spec, str(path)) as finished:
        assert finished.run() == result
    assert len(sandbox.journal()) == sent


def test_resume_needs_a_checkpoint_of_the_same_spec(sandbox, bi, spec, parts, tmp_path):
    path = tmp_path / "coco.json"
    with pytest.raises(tenantry.CheckpointError, match="no checkpoint"):
        bi.onboardings.resume(spec, path)
    with bi.onboardings.start(spec, path) as flow:
        next(event for event in flow if event.type == "step_finished")
    other = magento_bi.OnboardingSpec(**{**parts, "company": "Other"})
    with pytest.raises(tenantry.CheckpointError, match=r"company|spec"):
        bi.onboardings.resume(other, path)


@pytest.mark.parametrize("kind", [Store, AsyncStore])
def test_any_store_keeps_the_checkpoint(sandbox, spec, kind):
    store = kind()

    async def main():
        async with magento_bi.AsyncClient(**sandbox.magento_bi) as bi:
            result = await bi.onboardings.start(spec, store)
            assert await bi.onboardings.resume(spec, store).run() == result

    asyncio.run(main())
    assert json.loads(store.text)["step"] == "done"
    assert store.saves > 10
    assert creates(sandbox) == ONCE


def test_a_checkpoint_is_saved_before_its_request_leaves(sandbox, bi, spec):
    seen = []

    class Watching(Store):
        def save(self, text):
            super().save(text)
            seen.append((json.loads(text)["step"], json.loads(text)["phase"], len(sandbox.journal())))

    bi.onboardings.start(spec, Watching()).run()
    assert seen[0] == ("create_client", "sending", 0)


def test_a_store_that_fails_stops_the_flow_before_the_request(sandbox, bi, spec):
    class Full(Store):
        def save(self, text):
            raise OSError("disk full")

    with pytest.raises(tenantry.TenantryError) as caught:
        bi.onboardings.start(spec, Full()).run()
    assert isinstance(caught.value.__cause__, OSError)
    assert creates(sandbox) == {}


def test_an_async_store_needs_the_async_client(sandbox, bi, spec):
    with pytest.raises(tenantry.TenantryError) as caught:
        bi.onboardings.start(spec, AsyncStore()).run()
    assert "asynchronous client" in str(caught.value.__cause__)
    with pytest.raises(tenantry.ConfigError, match="load"):
        bi.onboardings.start(spec, object())


def test_a_need_ends_the_iteration_until_it_is_answered(sandbox, bi, parts, spec):
    flow = bi.onboardings.start(magento_bi.OnboardingSpec(**parts, confirm_user=True))
    assert flow.need is None
    events = list(flow)
    attention = next(event for event in events if event.type == "attention")
    assert str(attention) == "confirm_user: attention confirm_user: confirmed"
    need = flow.need
    assert (need.step, need.reason) == ("confirm_user", "confirm_user")
    assert [choice.choice for choice in need.choices] == ["confirmed"]
    with pytest.raises(tenantry.NeedsAttentionError) as caught:
        _ = flow.result
    assert caught.value.choices == need.choices
    assert json.loads(caught.value.checkpoint)["step"] == "confirm_user"
    sent = len(sandbox.journal())
    assert [event.type for event in flow if event.step != "confirm_user"] == []
    assert (flow.need, len(sandbox.journal())) == (need, sent)
    with pytest.raises(tenantry.ValidationError, match="confirmed"):
        flow.answer("perhaps")
    assert flow.need == need
    flow.answer("confirmed")
    assert flow.need is None
    assert flow.run().client_id


def test_run_asks_for_each_need(sandbox, bi, parts, spec):
    start = bi.onboardings.start
    confirming = magento_bi.OnboardingSpec(**parts, confirm_user=True)
    with pytest.raises(tenantry.NeedsAttentionError, match="confirm_user"):
        start(confirming).run()
    with pytest.raises(tenantry.NeedsAttentionError):
        start(confirming).run(on_need=lambda _: None)
    assert start(confirming).run(on_need=lambda need: need.choices[0].choice)
    assert start(confirming).run(on_need=lambda _: ("confirmed", {}))
    flow = start(confirming)
    assert flow.run(on_need=lambda _: flow.answer("confirmed"))

    async def main():
        async def on_need(need):
            await asyncio.sleep(0)
            return need.choices[0].choice

        async with magento_bi.AsyncClient(**sandbox.magento_bi) as abi:
            return await abi.onboardings.start(confirming).run(on_need=on_need)

    assert asyncio.run(main())


def test_a_lost_create_asks_and_is_adopted(sandbox, bi, spec):
    sandbox.fault(operation="magento_bi.signups.create", when="after", drop=True)
    store = Store()
    flow = bi.onboardings.start(spec, store)
    assert "reply_lost" in {event.type for event in flow}
    assert flow.need.reason == "outcome_unknown"
    choices = {choice.choice: choice.arguments for choice in flow.need.choices}
    assert set(choices) >= {"adopt_signup", "adopt_client", "force_retry"}
    signup = sandbox.state()["magento_bi"]["signups"][0]
    resumed = bi.onboardings.resume(spec, store)
    resumed.run(on_need=lambda _: ("adopt_signup", {choices["adopt_signup"][0]: signup["id"]}))
    assert creates(sandbox) == ONCE


def test_stop_from_another_thread_is_graceful(sandbox, bi, spec):
    flow = bi.onboardings.start(spec, Store())
    with pytest.raises(tenantry.FlowStopped) as caught:
        for event in flow:
            if event.type == "step_started" and event.step == "await_client":
                thread = threading.Thread(target=flow.stop)
                thread.start()
                thread.join()
    assert json.loads(caught.value.checkpoint)["step"] == "await_client"


def test_a_limit_is_seconds_and_carries_the_checkpoint(sandbox, bi, spec):
    sandbox.outcome(signup="still thinking")
    with pytest.raises(tenantry.WaitTimeoutError) as caught:
        bi.onboardings.start(spec, max_wait=60).run()
    assert isinstance(caught.value, TimeoutError)
    waited = sandbox.journal()[-1]["at_ms"]
    assert 59_000 <= waited <= 61_000
    store = Store()
    store.text = caught.value.checkpoint
    with pytest.raises(tenantry.WaitTimeoutError, match="await_client"):
        bi.onboardings.resume(spec, store, max_wait=None, step_max_wait={"await_client": 5}).run()
    assert sandbox.journal()[-1]["at_ms"] - waited <= 6_000
    assert creates(sandbox) == {"magento_bi.signups.create": 1}


def test_polls_follow_the_policy(sandbox, bi, spec):
    sandbox.outcome(signup="still thinking")
    poll = {"min": 2, "max": 4, "factor": 2, "jitter": 0, "max_errors": 0}
    with pytest.raises(tenantry.WaitTimeoutError):
        bi.onboardings.start(spec, max_wait=12, poll=poll).run()
    times = [entry["at_ms"] for entry in sandbox.journal() if entry["operation"] == "magento_bi.signups.get"]
    assert [after - before for before, after in pairwise(times)][:3] == [2000, 4000, 4000]
    with pytest.raises(tenantry.ConfigError, match="poll"):
        bi.onboardings.start(spec, poll={"factor": 0.5})
    with pytest.raises(tenantry.ConfigError, match="interval"):
        bi.onboardings.start(spec, poll={"interval": 3})
    with pytest.raises(tenantry.ConfigError, match="max_wait"):
        bi.onboardings.start(spec, max_wait=-1)
    with pytest.raises(tenantry.ConfigError, match="create_client"):
        bi.onboardings.start(spec, step_max_wait={"create_client": 1})


def test_a_failed_step_is_final(sandbox, bi, spec):
    sandbox.outcome(signup="failed")
    with pytest.raises(tenantry.StepFailedError, match="failed") as caught:
        bi.onboardings.start(spec).run()
    assert pickle.loads(pickle.dumps(caught.value)).checkpoint == caught.value.checkpoint


def test_own_words_of_success(sandbox, bi, spec):
    sandbox.outcome(autodash="listo")
    assert bi.onboardings.start(spec, done_words=["listo", "completed"]).run().client_id


def test_a_cancelled_flow_goes_on(sandbox, spec):
    async def main():
        store = AsyncStore()
        async with magento_bi.AsyncClient(**sandbox.magento_bi) as bi:
            sandbox.outcome(signup="still thinking")
            flow = bi.onboardings.start(spec, store)
            reached = asyncio.Event()

            async def drive():
                async for event in flow:
                    if event.type == "polled":
                        reached.set()

            task = asyncio.create_task(drive())
            await reached.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            with pytest.raises(tenantry.WaitTimeoutError):
                await bi.onboardings.resume(spec, store, max_wait=5).run()

    asyncio.run(main())
    assert creates(sandbox) == {"magento_bi.signups.create": 1}


def test_listeners_hear_the_requests_beneath(sandbox, bi, spec):
    heard = []
    bi.onboardings.start(spec, on_event=heard.append).run()
    assert "magento_bi.autodash.get" in {event.operation for event in heard if event.kind == "attempt"}


def test_progress_shows_each_step(sandbox, bi, spec, capsys):
    bi.onboardings.start(spec).run(progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 9
    assert lines[0].startswith("✓ create_client")


def test_progress_in_a_terminal(sandbox, bi, parts, spec, monkeypatch):
    import io
    import sys

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(tenantry.NeedsAttentionError):
        bi.onboardings.start(magento_bi.OnboardingSpec(**parts, confirm_user=True)).run(progress=True)
    assert "await_client: pending, look 1" in screen.getvalue()
    assert screen.getvalue().endswith("! confirm_user: confirm_user\n")


def test_progress_as_bars(sandbox, bi, spec, monkeypatch):
    import sys
    import types

    made = []

    class Bar:
        def __init__(self, **options):
            self.options, self.done, self.closed, self.words = options, 0, False, []
            made.append(self)

        def update(self, n):
            self.done += n

        def set_postfix_str(self, words, refresh=True):
            self.words.append(words)

        def close(self):
            self.closed = True

    package, auto = types.ModuleType("tqdm"), types.ModuleType("tqdm.auto")
    auto.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", package)
    monkeypatch.setitem(sys.modules, "tqdm.auto", auto)
    monkeypatch.setitem(sys.modules, "ipykernel", types.ModuleType("ipykernel"))
    bi.onboardings.start(spec).run(progress=True)
    assert [bar.options["desc"] for bar in made][:2] == ["create_client", "await_client"]
    assert all(bar.closed and bar.done == 1 for bar in made)
    assert "pending, look 1" in made[1].words


def test_a_flow_is_no_value(sandbox, bi, spec):
    flow = bi.onboardings.start(spec)
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="checkpoint"):
            act(flow)
    with pytest.raises(RuntimeError, match="run"):
        _ = flow.result
