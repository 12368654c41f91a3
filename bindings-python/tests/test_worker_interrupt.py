"""Ctrl-C: the first one finishes what is in hand, the second one ends at once."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

PROGRAM = """
import json, os, sys
import tenantry
from tenantry import cloudblue
line = json.loads(os.environ["SANDBOX_LINE"])
with cloudblue.Client(**line["cloudblue"]) as connect:
    worker = connect.fulfillment_worker(product_ids=["PRD-1"], types=["purchase"], concurrency=int(sys.argv[1]))

    @worker.handler
    def handle(request):
        os.write(1, b"in hand\\n")
        sys.stdin.readline()
        return cloudblue.Approve(template_id="TL-1")

    try:
        report = worker.run()
    except KeyboardInterrupt:
        print("interrupted", worker.report.approved)
    else:
        print("returned", report.approved)
"""


def start(program, concurrency=1):
    program.environment["PYTHONUNBUFFERED"] = "1"
    process = program.start(PROGRAM, str(concurrency), stdin=subprocess.PIPE)
    for _ in range(concurrency):
        assert process.stdout.readline() == "in hand\n"
    return process


@pytest.mark.parametrize("concurrency", [1, 3])
def test_ctrl_c_finishes_the_requests_in_hand_and_prints_the_report(real_sandbox, program, concurrency):
    process = start(program, concurrency)
    os.kill(process.pid, signal.SIGINT)
    process.stdin.write("go on\n" * concurrency)
    process.stdin.flush()
    out, err = process.communicate(timeout=30)
    assert (err, process.returncode) == ("", 0)
    report, last = out.splitlines()
    assert report.startswith("1 cycle, ")
    assert f"{concurrency} approved" in report
    assert last == f"returned {concurrency}"
    done = sum(entry["operation"] == "cloudblue.requests.approve" for entry in real_sandbox.journal())
    assert done == concurrency


def test_a_second_ctrl_c_interrupts(real_sandbox, program):
    process = start(program)
    os.kill(process.pid, signal.SIGINT)
    out = interrupted_until_it_ends(process)
    assert out.splitlines()[-1] == "interrupted 0"
    assert all(entry["operation"] != "cloudblue.requests.approve" for entry in real_sandbox.journal())


def interrupted_until_it_ends(process):
    """Two signals that come together are one: sends another until the program ends."""
    for _ in range(50):
        try:
            process.wait(timeout=0.3)
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate()
    assert (err, process.returncode) == ("", 0)
    return out


def test_ctrl_c_while_it_sleeps_ends_a_run_at_once(real_sandbox, program):
    process = program.start(
        """
import json, os, sys
from tenantry import cloudblue
line = json.loads(os.environ["SANDBOX_LINE"])

def tell(event):
    if event.get("type") == "cycle_ended":
        print("asleep", flush=True)

with cloudblue.Client(**line["cloudblue"]) as connect:
    worker = connect.fulfillment_worker(product_ids=["PRD-9"], on_event=tell)
    worker.handler(lambda request: None)
    print("returned", worker.run().cycles)
"""
    )
    assert process.stdout.readline() == "asleep\n"
    os.kill(process.pid, signal.SIGINT)
    out = program.finish(process, 10)
    assert out.splitlines()[-1] == "returned 1"


def test_ctrl_c_drains_an_async_run(real_sandbox, program):
    process = program.start(
        """
import asyncio, json, os, sys
from tenantry import cloudblue
line = json.loads(os.environ["SANDBOX_LINE"])

async def main():
    async with cloudblue.AsyncClient(**line["cloudblue"]) as connect:
        worker = connect.fulfillment_worker(product_ids=["PRD-1"], types=["purchase"], concurrency=2)

        @worker.handler
        async def handle(request):
            print("in hand", flush=True)
            await asyncio.sleep(0.5)
            return cloudblue.Approve(template_id="TL-1")

        print("returned", (await worker.run()).approved)

asyncio.run(main())
"""
    )
    for _ in range(2):
        assert process.stdout.readline() == "in hand\n"
    os.kill(process.pid, signal.SIGINT)
    out = program.finish(process, 20)
    assert out.splitlines()[-1] == "returned 2"
    assert "2 approved" in out
