"""Event loops: what they watch, what they leave behind, and what their calls end with.

Each case is a program of its own, run with `-X dev -W error`; its standard error must be empty.
"""

from __future__ import annotations

import importlib.util
import os
import sys

import pytest

from test_lifetimes import NEVER, PRELUDE, latency

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_loops_leave_no_descriptor_behind(program):
    out = program.run(
        PRELUDE
        + """
bi = magento_bi.AsyncClient(**settings)
counts = []
for _ in range(100):
    assert asyncio.run(bi.tokens.create()).token_type == "bearer"
    counts.append(len(os.listdir("/proc/self/fd")))
print(counts[-1] - counts[1], len({*threading.enumerate()}))
"""
    )
    assert out.split() == ["0", "1"]


def test_calls_of_a_loop_that_is_closed_let_their_sockets_go(real_sandbox, program):
    real_sandbox.fault(NEVER)
    out = program.run(
        PRELUDE
        + """
import gc
bi = magento_bi.AsyncClient(**settings)
def abandon():
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(bi.signups.get("s-1")) for _ in range(10)]
    for task in tasks:
        task._log_destroy_pending = False     # asyncio's own complaint about a program that does this
    loop.run_until_complete(asyncio.sleep(0.1))
    loop.close()
abandon()
gc.collect()
before = len(os.listdir("/proc/self/fd"))
for _ in range(5):
    abandon()
gc.collect()
print(len(os.listdir("/proc/self/fd")) - before)
"""
    )
    assert out.split() == ["0"]


def test_a_loop_that_cannot_watch_descriptors_is_told_by_threads(real_sandbox, program):
    out = program.run(
        PRELUDE
        + """
class Blind(asyncio.SelectorEventLoop):
    def add_reader(self, fd, callback, *args):
        raise NotImplementedError

def run(main):
    loop = Blind()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.close()

async def many():
    return {token.token_type for token in await asyncio.gather(*(bi.tokens.create() for _ in range(50)))}

bi = magento_bi.AsyncClient(**settings)
for _ in range(3):
    print(*run(many()))
"""
    )
    assert out.split() == ["bearer"] * 3


@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="not a requirement")
def test_uvloop(real_sandbox, program):
    out = program.run(
        PRELUDE
        + """
import uvloop
async def many():
    return {token.token_type for token in await asyncio.gather(*(bi.tokens.create() for _ in range(50)))}

bi = magento_bi.AsyncClient(**settings)
counts = []
for _ in range(20):
    assert uvloop.run(many()) == {"bearer"}
    counts.append(len(os.listdir("/proc/self/fd")))
print(counts[-1] - counts[1])
"""
    )
    assert out.split() == ["0"]


def test_a_time_limit_ends_an_awaited_call(real_sandbox, program):
    real_sandbox.fault(NEVER)
    out = program.run(
        PRELUDE
        + """
import time
async def main():
    async with magento_bi.AsyncClient(**settings) as bi:
        await bi.tokens.create()
        start = time.monotonic()
        try:
            await bi.signups.get("s-1", timeout=0.3)
        except tenantry.APITimeoutError:
            return time.monotonic() - start
print(asyncio.run(main()))
"""
    )
    # A loop looks at the clock each 20 ms.
    assert 0.29 < float(out) < 2


def test_cancelling_drops_the_connection_at_once(real_sandbox, program):
    real_sandbox.fault(NEVER)
    out = program.run(
        PRELUDE
        + """
async def main():
    async with magento_bi.AsyncClient(**settings) as bi:
        await bi.tokens.create()
        before = len(os.listdir("/proc/self/fd"))
        tasks = [asyncio.create_task(bi.signups.get("s-1")) for _ in range(10)]
        await asyncio.sleep(0.1)
        during = len(os.listdir("/proc/self/fd"))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        # One of them had the connection that was idle before.
        print(during - before, len(os.listdir("/proc/self/fd")) - before)
asyncio.run(main())
"""
    )
    assert out.split() == ["9", "-1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_loop_goes_on_when_its_thread_forks(real_sandbox, program):
    latency(real_sandbox, 200)
    out = program.run(
        PRELUDE
        + """
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
bi = magento_bi.AsyncClient(**settings)
async def one():
    try:
        await bi.signups.get("s-1")
    except tenantry.NotFoundError as error:
        return error.status

async def main():
    tasks = [asyncio.create_task(one()) for _ in range(10)]
    await asyncio.sleep(0.05)
    child = os.fork()
    if child == 0:
        os._exit(7)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, {await task for task in tasks}

print(asyncio.run(main()))
child = os.fork()
if child == 0:
    print(asyncio.run(one()), flush=True)
    sys.exit(0)
os.waitpid(child, 0)
"""
    )
    assert out.splitlines() == ["(7, {404})", "404"]
