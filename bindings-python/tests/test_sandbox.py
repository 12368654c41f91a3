"""The sandbox: in this process, and as a program."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import signal
import sys
from datetime import timedelta

import pytest

import tenantry
from tenantry import magento_bi


def test_it_starts_serves_and_ends(signup_arguments):
    with tenantry.Sandbox.start(wait=timedelta(seconds=2), clock="virtual") as sandbox:
        assert sandbox.url.startswith("http://127.0.0.1:")
        assert repr(sandbox) == f"Sandbox('{sandbox.url}')"
        with magento_bi.Client(**sandbox.magento_bi) as bi:
            signup = bi.signups.create(**signup_arguments)
            sandbox.advance(1.9)
            assert bi.signups.get(signup.id).status == "pending"
            sandbox.advance(timedelta(milliseconds=200))
            assert bi.signups.get(signup.id).status == "completed"
            sandbox.expire_tokens()
            assert [entry.operation for entry in sandbox.journal()][-1] == "magento_bi.signups.get"
            sandbox.reset()
            assert (sandbox.journal(), sandbox.state().magento_bi.signups) == ([], [])
    sandbox.close()
    with magento_bi.Client(**sandbox.magento_bi, max_retries=0) as bi, pytest.raises(tenantry.APIConnectionError):
        bi.tokens.create()


def test_wrong_use_is_named(sandbox, real_sandbox):
    with pytest.raises(tenantry.ConfigError, match="virtual"):
        real_sandbox.advance(1)
    for wrong in ({"clock": "slow"}, {"vocabulary": "x"}):
        with pytest.raises(tenantry.ValidationError, match=next(iter(wrong))):
            tenantry.Sandbox.start(**wrong)
    with pytest.raises(tenantry.ConfigError, match="port"):
        tenantry.Sandbox.start(port=int(sandbox.url.rsplit(":", 1)[1]))
    for wrong in ({"stauts": 500}, {"operation": "magento_bi.none", "status": 500}, {}):
        with pytest.raises(tenantry.ValidationError):
            sandbox.fault(wrong)
    with pytest.raises(tenantry.ValidationError, match="sinup"):
        sandbox.outcome(sinup="x")
    sandbox.fault([{"operation": "*", "status": 500}, {"operation": "*", "status": 501}])


def test_both_vocabularies(parts, spec):
    parts["user"]["user_id"] = 77
    with tenantry.Sandbox.start(clock="virtual", vocabulary="document") as sandbox:
        with magento_bi.Client(**sandbox.magento_bi) as bi:
            bi.onboardings.start(magento_bi.OnboardingSpec(**parts)).run()
        created = next(entry for entry in sandbox.journal() if entry.operation == "magento_bi.autodash.create")
        assert created.body.user_id == 77


def test_for_asynchronous_programs():
    async def main():
        async with await tenantry.AsyncSandbox.start(clock="virtual") as sandbox:
            async with magento_bi.AsyncClient(**sandbox.magento_bi) as bi:
                await bi.tokens.create()
            remote = tenantry.AsyncSandbox.from_line(sandbox.line)
            assert remote.journal() == sandbox.journal()
            await remote.aclose()
            return len(sandbox.journal())

    assert asyncio.run(main()) == 1


def test_a_sandbox_is_no_value(sandbox):
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="from_line"):
            act(sandbox)


def test_virtual_time_makes_a_long_wait_short(sandbox, bi, spec):
    sandbox.outcome(signup="thinking")
    with pytest.raises(tenantry.WaitTimeoutError):
        bi.onboardings.start(spec).run()
    assert sandbox.journal()[-1].at_ms >= 30 * 60_000


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_the_sandbox_as_a_program(end, program):
    process = program.start(
        "import runpy, sys; sys.argv[1:] = ['sandbox', '--port', '0', '--wait', '0.05']; "
        "runpy.run_module('tenantry', run_name='__main__')"
    )
    line = process.stdout.readline()
    remote = tenantry.Sandbox.from_line(line)
    assert set(json.loads(line)) >= {"url", "magento_bi"}
    with remote, tenantry.magento_bi.Client(**remote.magento_bi) as bi:
        remote.fault(operation="magento_bi.signups.get", status=503)
        with pytest.raises(tenantry.NotFoundError):
            bi.signups.get("s-1")
        assert [entry.status for entry in remote.journal()] == [503, 404]
        assert remote.state().magento_bi.signups == []
        assert remote.seed(client_id=9).client_id == 9
        with pytest.raises(tenantry.ValidationError, match="opration"):
            remote.fault(opration="x")
        with pytest.raises(tenantry.ValidationError, match="clock"):
            remote.advance(1)
        remote.outcome(signup="failed")
        remote.expire_tokens()
        remote.reset()
        assert remote.journal() == []
    process.send_signal(end)
    assert program.finish(process) == ""
    with pytest.raises(tenantry.APIConnectionError):
        remote.state()


def test_the_sandbox_program_says_why_it_cannot_start(program, real_sandbox):
    port = real_sandbox.url.rsplit(":", 1)[1]
    process = program.start(
        "import runpy, sys; sys.argv[1:] = ['sandbox', '--port', sys.argv[1]]; "
        "runpy.run_module('tenantry', run_name='__main__')",
        port,
    )
    out, err = process.communicate(timeout=30)
    assert (out, process.returncode) == ("", 1)
    assert err.startswith("tenantry: the sandbox cannot listen on 127.0.0.1:")
