"""The worker: every request ends as its handler chose, once; nothing is approved by accident."""

from __future__ import annotations

import logging
import pickle
import re
from datetime import timedelta

import pytest

import tenantry
from queued import approving, only, sandbox_now, statuses
from tenantry import cloudblue


def test_the_sketch_of_the_product(sandbox, connect):
    worker = connect.fulfillment_worker(product_ids=["PRD-1"], types="purchase", interval=180)

    @worker.handler
    def handle(request):
        if not request.asset.param("email"):
            return cloudblue.Inquire(errors={"email": "Please fill this in"}, template_id="TL-2")
        return cloudblue.Approve(template_id="TL-1", params={"subscription_id": f"S-{request.id}"})

    pending = {request.id: request for request in connect.requests.list(product_id="PRD-1", type="purchase")}
    report = worker.run_once()
    assert isinstance(report, cloudblue.Report)
    assert (report.cycles, report.seen, report.error_count) == (1, len(pending), 0)
    assert report.approved + report.inquired == len(pending)
    assert report.inquired > 0 < report.approved
    after = statuses(sandbox)
    for request_id, request in pending.items():
        wanted = "approved" if request.asset.param("email") else "inquiring"
        assert after[request_id] == wanted
    one = next(request_id for request_id in pending if after[request_id] == "approved")
    assert connect.requests.get(one).asset.param("subscription_id").value == f"S-{one}"
    assert worker.report == report
    assert "approved" in str(report)
    assert "cycles=1" in repr(report)
    assert worker.run_once().seen == 0


def test_an_hour_of_cycles(sandbox, connect):
    expected = only(sandbox, 5)
    worker = connect.fulfillment_worker(interval=180)
    seen, starts = [], []

    @worker.handler
    def handle(request):
        seen.append(request.id)
        return cloudblue.Approve(template_id="TL-1")

    def arrive(event):
        if event.get("type") == "cycle_started":
            starts.append(sandbox.journal()[-1]["at_ms"] / 1000 if sandbox.journal() else 0)
            sandbox.generate(requests=3, seed=event.cycle, product_id="PRD-1", type="purchase", status="pending")

    worker = connect.fulfillment_worker(interval=180, on_event=arrive)
    worker.handler(handle)
    report = worker.run(max_cycles=20)
    assert (report.cycles, report.approved, report.error_count) == (20, 5 + 20 * 3, 0)
    assert len(seen) == len(set(seen)) == 65
    assert set(expected) < set(seen)
    assert set(statuses(sandbox).values()) == {"approved"}
    ends = [entry["at_ms"] / 1000 for entry in sandbox.journal()]
    assert 3000 <= ends[-1] <= 4000, "twenty cycles of three minutes"
    assert starts == sorted(starts)


def test_every_outcome(sandbox, connect):
    ids = only(sandbox, 6)
    later = sandbox_now() + timedelta(days=2)
    chosen = dict(
        zip(
            ids,
            [
                cloudblue.Approve(template_id="TL-1", effective_date=sandbox_now()),
                cloudblue.Approve(activation_tile="**Done**"),
                cloudblue.Fail("no stock"),
                cloudblue.Inquire(errors={"email": "whose is it?"}),
                cloudblue.Schedule(later),
                cloudblue.Skip("not now", not_before=later),
            ],
            strict=True,
        )
    )
    worker = connect.fulfillment_worker()
    worker.handler(lambda request: chosen[request.id])
    report = worker.run_once()
    counts = (report.approved, report.failed, report.inquired, report.scheduled, report.skipped, report.error_count)
    assert counts == (2, 1, 1, 1, 1, 0)
    assert [statuses(sandbox)[request_id] for request_id in ids] == [
        "approved",
        "approved",
        "failed",
        "inquiring",
        "scheduled",
        "pending",
    ]
    assert connect.requests.get(ids[2]).reason == "no stock"
    assert connect.requests.get(ids[3]).asset.param("email").value_error == "whose is it?"
    assert connect.requests.get(ids[4]).planned_date == later
    # Until its time has come, the one that was left does not come again.
    worker.handler(lambda request: pytest.fail(f"{request.id} came again"))
    assert worker.run_once().skipped == 1


def test_revoking_requests_are_a_lane_of_their_own(sandbox, connect):
    revoking = [request_id for request_id, status in statuses(sandbox).items() if status == "revoking"]
    worker = connect.fulfillment_worker(lanes=["revoking"])
    lanes = []

    @worker.handler
    def handle(request):
        lanes.append(request.status)
        return cloudblue.ConfirmRevoke()

    assert worker.run_once().revoked == len(revoking) > 0
    assert set(lanes) == {"revoking"}
    assert {statuses(sandbox)[request_id] for request_id in revoking} == {"revoked"}


def test_nothing_returned_is_counted_and_warned_of_once(sandbox, connect):
    ids = only(sandbox, 3)
    worker = connect.fulfillment_worker()
    worker.handler(lambda request: None)
    with pytest.warns(RuntimeWarning, match="returned nothing about PR-") as warned:
        report = worker.run_once()
    assert (report.skipped, report.error_count, len(warned)) == (3, 0, 1)
    assert [statuses(sandbox)[request_id] for request_id in ids] == ["pending"] * 3


async def _awaitable():
    return cloudblue.Approve(template_id="TL-1")


@pytest.mark.parametrize(
    ("returned", "says"),
    [
        (lambda: "approve", "TypeError: the handler returned no outcome, but str"),
        (lambda: True, "but bool"),
        (lambda: {"approve": {"template_id": "TL-1"}}, "but dict"),
        (lambda: cloudblue.Approve, "but the class Approve"),
        (_awaitable, "an async handler needs an asynchronous client"),
        (lambda: cloudblue.Approve(), "template_id"),  # noqa: PLW0108 - the class itself is another case
        (lambda: cloudblue.Approve(template_id="TL-1", activation_tile="x"), "template_id"),
        (lambda: cloudblue.Fail(" "), "reason"),
        (lambda: cloudblue.Fail(3), "reason|string"),
        (lambda: cloudblue.Skip(not_before="soon"), "not_before"),
        (lambda: cloudblue.Approve(template_id="TL-1", params={"nosuch": "x"}), "nosuch"),
    ],
)
def test_what_is_no_outcome_is_an_error_in_the_report_and_never_an_action(sandbox, connect, returned, says):
    (request_id,) = only(sandbox, 1)
    worker = connect.fulfillment_worker()
    worker.handler(lambda request: returned())
    report = worker.run_once()
    assert (report.error_count, len(report.errors), report.approved) == (1, 1, 0)
    assert report.errors[0].request == request_id
    assert re.search(says, report.errors[0].message), report.errors[0].message
    assert statuses(sandbox)[request_id] == "pending"
    assert request_id in str(report)


def test_an_exception_is_logged_reported_and_tried_again_later(sandbox, connect, caplog):
    (request_id,) = only(sandbox, 1)
    attempts = []
    worker = connect.fulfillment_worker()

    @worker.handler
    def handle(request):
        attempts.append(sandbox.journal()[-1]["at_ms"])
        if len(attempts) < 3:
            raise LookupError("the directory is down")
        return cloudblue.Approve(template_id="TL-1")

    with caplog.at_level(logging.ERROR, logger="tenantry.fulfillment"):
        report = worker.run(max_cycles=6)
    assert (report.approved, report.error_count) == (1, 2)
    assert report.errors[0].message == "LookupError: the directory is down"
    assert statuses(sandbox)[request_id] == "approved"
    first, second, third = attempts
    assert third - second > second - first > 100_000, "later each time"
    assert len(caplog.records) == 2
    assert "the directory is down" in caplog.text
    assert "in handle" in caplog.text


def test_a_request_that_somebody_else_ended_is_a_conflict(sandbox, connect):
    ids = only(sandbox, 3)
    worker = connect.fulfillment_worker()

    @worker.handler
    def handle(request):
        connect.requests.approve(request.id, template_id="TL-1")
        if request.id == ids[0]:
            return cloudblue.Fail("no")
        if request.id == ids[2]:
            sandbox.fault(operation="cloudblue.requests.approve", status=404)
        return cloudblue.Approve(template_id="TL-1")

    report = worker.run_once()
    assert (report.conflicts, report.already_applied, report.gone, report.error_count) == (1, 1, 1, 0)
    assert set(statuses(sandbox).values()) == {"approved"}


def test_a_lost_reply_is_settled_by_reading(sandbox, connect, calls):
    only(sandbox, 2)
    worker = connect.fulfillment_worker(max_retries=0)
    approving(worker)
    sandbox.fault(operation="cloudblue.requests.approve", when="after", drop=True)
    report = worker.run_once()
    assert (report.approved, report.already_applied) == (1, 1)
    assert calls().count("requests.approve") == 2


def test_refused_credentials_end_a_run(sandbox, connect):
    ids = only(sandbox, 3)
    worker = connect.fulfillment_worker()
    seen = approving(worker)
    sandbox.fault(operation="cloudblue.requests.approve", skip=1, status=401, times=None)
    with pytest.raises(tenantry.AuthenticationError) as raised:
        worker.run()
    assert raised.value.details["report"]["approved"] == 1
    assert len(seen) == 2
    assert worker.report.approved == 1
    assert sum(status == "approved" for status in statuses(sandbox).values()) == 1
    sandbox.reset()
    assert ids
    worker.run_once()


def test_a_dry_run_prints_decisions_and_sends_none(sandbox, connect, calls, capsys):
    ids = only(sandbox, 3)
    decided = iter(
        [
            cloudblue.Approve(template_id="TL-1", params={"subscription_id": "hush"}),
            cloudblue.Fail("no stock"),
            cloudblue.Skip(),
        ]
    )
    worker = connect.fulfillment_worker()
    worker.handler(lambda request: next(decided))
    report = worker.run_once(dry_run=True)
    assert (report.decided, report.approved) == (3, 0)
    assert set(calls()) == {"requests.list"}
    assert set(statuses(sandbox).values()) == {"pending"}
    assert capsys.readouterr().out.splitlines() == [
        f"{ids[0]}: approve params={{subscription_id: ***}} template_id='TL-1'",
        f"{ids[1]}: fail reason='no stock'",
        f"{ids[2]}: skip",
    ]


def test_events_of_a_worker(sandbox, connect):
    only(sandbox, 1)
    told = []
    worker = connect.fulfillment_worker(on_event=told.append)
    approving(worker)
    worker.run_once()
    events = [event for event in told if "type" in event]
    assert [event.type for event in events] == ["cycle_started", "acted", "cycle_ended"]
    acted = events[1]
    assert (acted.result, acted.request_type) == ("approved", "purchase")
    assert str(acted).startswith("PR-")
    assert str(events[0]) == "worker: cycle started cycle=1"
    assert [event.operation for event in told if "kind" in event][-1] == "cloudblue.requests.approve"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"interval": 60}, "interval"),
        ({"interval": -1}, "interval"),
        ({"concurrency": 0}, "concurrency"),
        ({"lanes": ["approved"]}, "approved"),
        ({"status": "pending"}, "lanes"),
        ({"query": cloudblue.R("status").eq("pending")}, "lanes"),
        ({"query": "eq(a,b)"}, "text with R"),
        ({"limit": 3}, "page_size"),
        ({"produkt": 3}, "produkt"),
    ],
)
def test_wrong_options_are_told_at_once(connect, calls, wrong, says):
    with pytest.raises((tenantry.ValidationError, tenantry.ConfigError), match=says):
        connect.fulfillment_worker(**wrong)
    assert calls() == []


def test_a_worker_without_a_handler(connect):
    worker = connect.fulfillment_worker(interval=5, any_interval=True)
    with pytest.raises(tenantry.ConfigError, match=r"@worker\.handler"):
        worker.run()
    with pytest.raises(TypeError):
        worker.handler(3)
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(worker)
    assert worker.report.seen in (0, None)
    assert "FulfillmentWorker" in repr(worker)


def test_outcomes_hide_values_of_parameters():
    outcome = cloudblue.Approve(template_id="TL-1", params={"admin_password": "hush"})
    assert repr(outcome) == "Approve(template_id='TL-1', params={'admin_password': ***})"
    assert "hush" not in repr(outcome.wire)
    assert outcome == cloudblue.Approve(template_id="TL-1", params={"admin_password": "hush"})
    assert outcome != cloudblue.Approve(template_id="TL-1", params={"admin_password": "other"})
    assert cloudblue.Fail("x") != cloudblue.Skip("x")
    assert repr(cloudblue.ConfirmRevoke()) == "ConfirmRevoke()"
