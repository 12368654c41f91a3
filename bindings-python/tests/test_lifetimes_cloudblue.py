"""Ends of every kind, with lists and workers under way: nothing hangs, nothing crashes, nothing is printed.

Each case is a program of its own, run with `-X dev -W error`; its standard error must be empty.
"""

from __future__ import annotations

import os

import pytest

PRELUDE = """
import asyncio, json, os, sys, threading, warnings
import tenantry
from tenantry import cloudblue
settings = {**json.loads(os.environ["SANDBOX_LINE"])["cloudblue"], "max_retries": 0}
# asyncio's debug mode prints what a busy machine is slow at.
_make = asyncio.BaseEventLoop.__init__
def _patient(loop):
    _make(loop)
    loop.slow_callback_duration = 60
asyncio.BaseEventLoop.__init__ = _patient
"""

LISTS = (
    PRELUDE
    + """
connect = cloudblue.Client(**settings)
readings = [iter(connect.requests.list(page_size=10)) for _ in range(5)]
# Each fetches its second page meanwhile.
rows = [next(reading) for reading in readings]
print(len(rows))
"""
)

ASYNC_LISTS = (
    PRELUDE
    + """
async def one(connect):
    async for _ in connect.requests.list(page_size=10):
        await asyncio.sleep(0.01)

async def main(after):
    connect = cloudblue.AsyncClient(**settings)
    tasks = [asyncio.create_task(one(connect)) for _ in range(10)]
    await asyncio.wait(tasks, timeout=after)

asyncio.run(main(float(sys.argv[1])))
print(5)
"""
)

WORKERS = (
    PRELUDE
    + """
connect = cloudblue.Client(**settings)

def work():
    worker = connect.fulfillment_worker(product_ids=["PRD-1"], concurrency=2)
    worker.handler(lambda request: cloudblue.Skip())
    try:
        worker.run()
    except tenantry.TenantryError:
        pass

threads = [threading.Thread(target=work, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
threads[0].join(float(sys.argv[1]))
print(5)
"""
)

JOBS = (
    PRELUDE
    + """
connect = cloudblue.Client(**settings)
worker = connect.fulfillment_worker(product_ids=["PRD-1"])
jobs = worker.jobs()
job = next(jobs)
other = connect.fulfillment_worker(product_ids=["PRD-1"]).jobs()
next(other)

async def main():
    async with cloudblue.AsyncClient(**settings) as connect:
        async for job in connect.fulfillment_worker(product_ids=["PRD-1"]).jobs():
            print(5)
            break

asyncio.run(main())
"""
)


def slow(sandbox, ms):
    sandbox.fault(operation="cloudblue.requests.list", latency_ms=ms, times=None)


@pytest.mark.parametrize("code", [LISTS, ASYNC_LISTS, WORKERS, JOBS], ids=["lists", "async", "workers", "jobs"])
def test_exits_with_readings_under_way(real_sandbox, program, code):
    slow(real_sandbox, 30)
    for process in [program.start(code, str(0.02 + 0.015 * number)) for number in range(5)]:
        assert program.finish(process) == "5\n"


@pytest.mark.parametrize("code", [ASYNC_LISTS, WORKERS], ids=["async", "workers"])
def test_exits_while_no_page_ever_comes(real_sandbox, program, code):
    real_sandbox.fault(operation="cloudblue.requests.list", hold=True, times=None)
    assert program.run(code, "0.2", timeout=15) == "5\n"


def test_exits_while_the_next_page_never_comes(real_sandbox, program):
    real_sandbox.fault(operation="cloudblue.requests.list", skip=1, hold=True, times=None)
    assert program.run(LISTS.replace("range(5)", "range(1)"), timeout=15) == "1\n"


def test_closing_a_client_ends_its_worker_and_its_lists(real_sandbox, program):
    slow(real_sandbox, 50)
    out = program.run(
        PRELUDE
        + """
connect = cloudblue.Client(**settings)
worker = connect.fulfillment_worker(product_ids=["PRD-9"])
worker.handler(lambda request: None)
def work():
    try:
        worker.run()
    except tenantry.TenantryError as error:
        print(type(error).__name__)
thread = threading.Thread(target=work)
thread.start()
rows = iter(connect.requests.list(page_size=10))
next(rows)
thread.join(0.5)
connect.close()
thread.join(5)
print(thread.is_alive())
try:
    for _ in rows:
        pass
except tenantry.ConfigError:
    print("closed")
"""
    )
    assert out.splitlines() == ["APIConnectionError", "False", "closed"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_lists_and_workers_stay_with_the_parent_of_a_fork(real_sandbox, program):
    slow(real_sandbox, 20)
    out = program.run(
        PRELUDE
        + """
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
connect = cloudblue.Client(**settings)
listed = connect.requests.list(product_id="PRD-1", page_size=10)
rows = iter(listed)
next(rows)
pages = listed.pages()
worker = connect.fulfillment_worker(product_ids=["PRD-1"])
worker.handler(lambda request: cloudblue.Skip())
jobs = worker.jobs()
job = next(jobs)
children = []
for number in range(10):
    child = os.fork()
    if child == 0:
        # A client goes through a fork, and so does the list, which begins anew.
        assert len({request.id for request in listed}) > 20
        assert connect.fulfillment_worker(product_ids=["PRD-9"]).run_once is not None
        for uses in (lambda: next(pages), lambda: next(rows), lambda: job.skip(), lambda: next(jobs)):
            try:
                for _ in range(20):
                    uses()
                raise AssertionError("it went through the fork")
            except tenantry.ConfigError as error:
                assert "fork" in str(error), error
        worker.stop()
        # What broke is made anew, from the client.
        assert worker.run_once().error_count == 0
        if number % 2:
            os._exit(0)
        sys.exit(0)
    children.append(child)
for child in children:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(len(list(rows)) > 20, job.skip().result, next(jobs).request.id != job.request.id)
jobs.close()
print(worker.run_once().error_count)
""",
        timeout=120,
    )
    assert out.splitlines() == ["0"] * 10 + ["True skipped True", "0"]


def test_importing_the_system_is_left_to_its_first_use(program):
    out = program.run(
        """
import sys
import tenantry
assert not {"tenantry.cloudblue", "tenantry.pager", "datetime", "decimal", "typing"} & {*sys.modules}, sys.modules
tenantry.cloudblue
heavy = {"asyncio", "logging", "dataclasses", "inspect", "html", "threading", "signal", "warnings"}
print(sorted(name for name in heavy & {*sys.modules} if name != "warnings"))
"""
    )
    assert out in ("[]\n", "['inspect']\n"), out
