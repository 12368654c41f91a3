"""A worker's jobs as an iterator, and several of them at a time, by threads and by tasks."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import threading
from datetime import timedelta

import pytest

import tenantry
from queued import approving, only, sandbox_now, statuses
from tenantry import cloudblue


def test_jobs_is_the_same_as_an_iterator(sandbox, connect):
    ids = only(sandbox, 8)
    worker = connect.fulfillment_worker()
    results = []
    jobs = worker.jobs(max_cycles=1)
    with pytest.warns(RuntimeWarning, match="nothing"):  # noqa: PT031 - the warning comes from the loop
        for at, job in enumerate(jobs):
            assert (job.request.id, job.lane, job.attempt) == (ids[at], "pending", 1)
            assert job.request.id in repr(job)
            act = [
                lambda job: job.approve(template_id="TL-1"),
                lambda job: job.fail("no"),
                lambda job: job.inquire(template_id="TL-2"),
                lambda job: job.schedule(sandbox_now() + timedelta(days=1)),
                lambda job: job.skip("later"),
                lambda job: job.confirm_revoke(),
                lambda job: job.decide(cloudblue.Approve()),
                lambda job: None,
            ][at]
            results.append(act(job))
    assert [result and result.result for result in results] == [
        "approved",
        "failed",
        "inquired",
        "scheduled",
        "skipped",
        "error",
        "error",
        None,
    ]
    assert results[0].request.status == "approved"
    assert isinstance(results[0].request, cloudblue.Request)
    assert isinstance(results[5].error, tenantry.TenantryError)
    assert isinstance(results[6].error, tenantry.ValidationError)
    assert "error" in repr(results[6])
    assert (worker.report.skipped, worker.report.error_count) == (2, 2)
    assert next(jobs, None) is None


def test_a_job_is_decided_once(sandbox, connect):
    only(sandbox, 1)
    for job in connect.fulfillment_worker().jobs(max_cycles=1):
        with pytest.raises(TypeError, match="str is no outcome"):
            job.decide("approve")
        job.approve(template_id="TL-1")
        with pytest.raises(tenantry.ValidationError, match="acted upon"):
            job.approve(template_id="TL-1")
        with pytest.raises(TypeError):
            pickle.dumps(job)


def test_leaving_the_loop_leaves_the_job_and_ends_the_run(sandbox, connect, calls):
    ids = only(sandbox, 3)
    worker = connect.fulfillment_worker()
    for job in worker.jobs():
        if job.request.id == ids[1]:
            break
        job.approve(template_id="TL-1")
    del job
    assert worker.report.skipped == 1
    assert [statuses(sandbox)[request_id] for request_id in ids] == ["approved", "pending", "pending"]
    calls()
    seen = approving(worker)
    assert worker.run_once().approved == 2
    assert seen == ids[1:]
    jobs = worker.jobs()
    jobs.close()
    jobs.close()
    assert list(jobs) == []


def test_one_run_at_a_time(sandbox, connect):
    only(sandbox, 2)
    worker = connect.fulfillment_worker()
    for _ in worker.jobs(max_cycles=1):
        with pytest.raises(tenantry.ValidationError, match="under way"):
            worker.jobs()
        break


def test_several_threads_handle_side_by_side_and_one_asset_in_order(sandbox, connect):
    only(sandbox, 12)
    together = threading.Barrier(4, timeout=20)
    worker = connect.fulfillment_worker(concurrency=4)
    threads = set()

    @worker.handler
    def handle(request):
        together.wait()
        threads.add(threading.get_ident())
        return cloudblue.Approve(template_id="TL-1")

    assert worker.run_once().approved == 12
    assert len(threads) == 4
    only(sandbox, 12, assets=1)
    hand, most = [0], [0]

    @worker.handler
    def one_by_one(request):
        hand[0] += 1
        most[0] = max(most[0], hand[0])
        hand[0] -= 1
        return cloudblue.Skip() if request.id is None else cloudblue.Approve(template_id="TL-1")

    worker.run_once()
    assert most == [1]


def test_what_ends_one_thread_ends_the_run(sandbox, connect):
    only(sandbox, 12)
    worker = connect.fulfillment_worker(concurrency=3)
    approving(worker)
    sandbox.fault(operation="cloudblue.requests.approve", skip=4, status=403, times=None)
    with pytest.raises(tenantry.PermissionDeniedError):
        worker.run()


def test_handlers_may_be_async(sandbox):
    only(sandbox, 12)

    async def main():
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as connect:
            worker = connect.fulfillment_worker(concurrency=4)
            waiting, all_here = [], asyncio.Event()

            @worker.handler
            async def handle(request):
                waiting.append(request.id)
                if len(waiting) == 4:
                    all_here.set()
                await asyncio.wait_for(all_here.wait(), 20)
                return cloudblue.Approve(template_id="TL-1")

            first = await worker.run_once()
            worker.handler(lambda request: cloudblue.Fail("no"))
            only(sandbox, 2)
            second = await worker.run(max_cycles=3)
            only(sandbox, 1)
            worker.handler(lambda request: 3)
            third = await worker.run_once()
            return first, second, third, len(asyncio.all_tasks())

    first, second, third, tasks = asyncio.run(main())
    assert (first.approved, first.error_count) == (12, 0)
    assert (second.failed, second.cycles) == (2, 3)
    assert third.errors[0].message.endswith("no outcome, but int")
    assert tasks == 1


def test_jobs_may_be_awaited(sandbox):
    ids = only(sandbox, 4)

    async def main():
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as connect:
            worker = connect.fulfillment_worker()
            async for job in worker.jobs():
                if job.request.id == ids[2]:
                    break
                result = await job.approve(template_id="TL-1")
                assert result.result == "approved"
            del job
            assert worker.report.skipped == 1
            async for job in worker.jobs(max_cycles=1):
                await job.fail("no")
            return worker.report

    report = asyncio.run(main())
    assert report.failed == 2
    assert [statuses(sandbox)[request_id] for request_id in ids] == ["approved", "approved", "failed", "failed"]


def test_cancelling_ends_a_run_at_once(sandbox):
    only(sandbox, 3)

    async def main():
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as connect:
            worker = connect.fulfillment_worker(concurrency=3)
            begun, for_ever = asyncio.Event(), asyncio.Event()

            @worker.handler
            async def handle(request):
                begun.set()
                await for_ever.wait()

            run = asyncio.create_task(worker.run())
            await begun.wait()
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
            assert run.cancelled()
            left = len(asyncio.all_tasks())
            worker.handler(lambda request: cloudblue.Approve(template_id="TL-1"))
            return left, await worker.run_once()

    left, report = asyncio.run(main())
    assert (left, report.approved) == (1, 3)


def test_stop_ends_a_run_gracefully_from_any_thread(sandbox, connect):
    only(sandbox, 5)
    worker = connect.fulfillment_worker()

    @worker.handler
    def handle(request):
        stopper = threading.Thread(target=worker.stop)
        stopper.start()
        stopper.join()
        return cloudblue.Approve(template_id="TL-1")

    assert worker.run().approved == 1
