"""Forks, pickles, interruptions and ends, with calls to Maestrano under way.

Each program is run with `-X dev -W error`; its standard error must be empty.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal

import pytest

import tenantry
from tenantry import Secret, maestrano

PRELUDE = """
import asyncio, json, os, pickle, sys, threading, warnings
import tenantry
from tenantry import Secret, maestrano
line = json.loads(os.environ["SANDBOX_LINE"])
settings = {**line["maestrano"], "max_retries": 0}
bill = {"group_id": "cld-4", "price_cents": 2000, "currency": "USD", "description": "Product purchase"}
# asyncio's debug mode prints what a busy machine is slow at.
_make = asyncio.BaseEventLoop.__init__
def _patient(loop):
    _make(loop)
    loop.slow_callback_duration = 60
asyncio.BaseEventLoop.__init__ = _patient
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_set_and_its_clients_go_through_a_fork(program):
    out = program.run(
        PRELUDE
        + """
warnings.simplefilter("ignore", DeprecationWarning)
marketplaces = maestrano.Marketplaces.fetch(**settings)
account = marketplaces.client("some-telco")
own = maestrano.Marketplaces.from_json(json.dumps({"marketplaces": []}))
account.ping()
unused = marketplaces.client("maestrano")
children = []
for number in range(8):
    child = os.fork()
    if child == 0:
        # The configuration is the parent's, the connections are not.
        assert marketplaces.names() == ["maestrano", "some-telco"]
        assert own.names() == []
        if number % 2:
            marketplaces.refresh()
        for client in (account, unused, marketplaces.client("maestrano")):
            assert client.ping() and client.sso.consume_url()
        assert account.bills.create(**bill, reference=f"child-{number}").status == "submitted"
        grandchild = os.fork()
        if grandchild == 0:
            os._exit(0 if account.ping() and marketplaces.names() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) == 0
        os._exit(0) if number % 3 else sys.exit(0)
    children.append(child)
for child in children:
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
account.ping()
""",
        timeout=120,
    )
    assert out.split() == ["0"] * 8


def test_what_is_made_of_references_pickles(sandbox, monkeypatch):
    settings = sandbox.maestrano
    monkeypatch.setenv("PLATFORM_KEY", settings["api_key"])
    monkeypatch.setenv("PLATFORM_SECRET", settings["api_secret"])
    given = {
        **settings,
        "api_key": Secret.env("PLATFORM_KEY"),
        "api_secret": Secret.env("PLATFORM_SECRET"),
        "trusted_hosts": ["example.com"],
    }
    with maestrano.Marketplaces.fetch(**given) as marketplaces:
        account = marketplaces.client("some-telco", timeout=20)
        texts = pickle.dumps(marketplaces), pickle.dumps(account)
        before = len(sandbox.journal())
        again, client = (pickle.loads(text) for text in texts)
        assert len(sandbox.journal()) == before, "nothing is sent before it is used"
        assert again.names() == ["maestrano", "some-telco"]
        assert repr(client) == repr(account)
        assert client.ping()
        assert pickle.loads(pickle.dumps(client)).sso.consume_url() == account.sso.consume_url()

    async def main():
        async with maestrano.AsyncMarketplaces.fetch(**given) as marketplaces:
            texts = pickle.dumps(marketplaces), pickle.dumps(marketplaces.client("some-telco"))
        again, client = (pickle.loads(text) for text in texts)
        with pytest.raises(tenantry.ConfigError, match="await refresh"):
            client.sso.consume_url()
        assert await client.ping()
        assert client.sso.consume_url()
        assert (await again.refresh()).names
        assert again.names()

    asyncio.run(main())


def test_what_holds_a_secret_refuses_to_be_pickled(sandbox, marketplaces, account):
    alone = maestrano.Client(app_id="app-1", app_key="k" * 20, base_url=sandbox.url)
    own = maestrano.Marketplaces.from_json('{"marketplaces": []}')
    for value in (marketplaces, account, alone, own):
        with pytest.raises(TypeError, match="inline secret"):
            pickle.dumps(value)


@pytest.mark.parametrize(
    "waiting",
    [
        "account.bills.wait(account.bills.create(**bill).id)",
        'list(account.recurring_bills.watch(account.recurring_bills.create(**bill, period="Year").id))',
        'list(account.changes("groups", since="2999-01-01T00:00:00Z"))',
        "next(marketplaces.watch())",
    ],
)
def test_ctrl_c_ends_a_wait_at_once(program, waiting):
    process = program.start(
        PRELUDE
        + f"""
with maestrano.Marketplaces.fetch(**settings) as marketplaces:
    account = marketplaces.client("some-telco")
    threading.Timer(0.3, lambda: os.write(1, b"waits\\n")).start()
    try:
        {waiting}
    except KeyboardInterrupt:
        print("interrupted", bool(account.ping()))
"""
    )
    assert process.stdout.readline() == "waits\n"
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (out, err, process.returncode) == ("interrupted True\n", "", 0)


def test_cancelled_waits_leave_nothing_behind(program):
    out = program.run(
        PRELUDE
        + """
async def main():
    async with maestrano.AsyncMarketplaces.fetch(**settings) as marketplaces:
        account = marketplaces.client("some-telco")
        made = await account.bills.create(**bill)

        async def follow():
            async for _ in account.changes("groups", since="2999-01-01T00:00:00Z"):
                pass

        waits = [account.bills.wait(made.id), marketplaces.watch().__anext__(), follow()]
        tasks = [asyncio.create_task(one) for one in waits]
        await asyncio.wait(tasks, timeout=0.2)
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        print(sum(isinstance(one, asyncio.CancelledError) for one in ended))
        print(bool(await account.ping()))
        left = asyncio.create_task(account.bills.wait(made.id))
        await asyncio.sleep(0)

asyncio.run(main())
"""
    )
    assert out.split() == ["3", "True"]


def test_closing_ends_the_waits_of_other_threads(program):
    out = program.run(
        PRELUDE
        + """
marketplaces = maestrano.Marketplaces.fetch(**settings)
account = marketplaces.client("some-telco")
made = account.bills.create(**bill)
begun = threading.Barrier(3)
ended = []

def wait(work):
    begun.wait()
    try:
        work()
    except tenantry.TenantryError as error:
        ended.append(type(error).__name__)

works = (lambda: account.bills.wait(made.id), lambda: next(marketplaces.watch()))
threads = [threading.Thread(target=wait, args=(work,)) for work in works]
for thread in threads:
    thread.start()
begun.wait()
import time
while len(marketplaces._session._calls) + len(account._session._calls) < 2:
    time.sleep(0.01)
marketplaces.close()
for thread in threads:
    thread.join()
print(*ended)
"""
    )
    assert out.split() == ["APIConnectionError"] * 2


def test_importing_the_system_is_left_to_its_first_use(program):
    out = program.run(
        """
import sys
import tenantry
assert not {"tenantry.maestrano", "datetime", "decimal", "typing"} & {*sys.modules}, sys.modules
tenantry.maestrano
heavy = {"asyncio", "logging", "dataclasses", "inspect", "html", "threading", "signal", "http", "urllib"}
print(sorted(heavy & {*sys.modules} - {"inspect"}))
"""
    )
    assert out == "[]\n"
