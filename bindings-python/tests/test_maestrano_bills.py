"""Bills are never charged twice: lost replies, decisions of a person, journals, crashes, several processes."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import pickle
import subprocess
import sys
from decimal import Decimal

import pytest

import tenantry
from tenantry import maestrano
from tenantry.maestrano import models

CREATE = "maestrano.bills.create"
LOST = {"operation": CREATE, "when": "after", "drop": True}


def committed(sandbox, operation=CREATE):
    return sum(entry["operation"] == operation and entry["committed"] for entry in sandbox.journal())


@pytest.fixture
def undecided(sandbox, account, bill):
    """Two bills that are alike, of which the reply to the latter was lost: the error that it ends with."""
    account.bills.create(**bill)
    sandbox.fault(**LOST)
    with pytest.raises(tenantry.OutcomeUnknownError) as raised:
        account.bills.create(**bill)
    return raised.value


class Journal:
    """A journal in memory, which notes what it is asked."""

    def __init__(self):
        self.kept, self.asked = {}, []

    def load(self, key):
        self.asked.append(("load", key))
        return self.kept.get(key)

    def save(self, key, text):
        self.asked.append(("save", key))
        assert isinstance(text, str)
        self.kept[key] = text


class AsyncJournal(Journal):
    async def load(self, key):
        await asyncio.sleep(0)
        return Journal.load(self, key)

    async def save(self, key, text):
        await asyncio.sleep(0)
        Journal.save(self, key, text)


def test_a_lost_reply_is_settled_by_the_reference(sandbox, account, bill):
    sandbox.fault(**LOST)
    made = account.bills.create(**bill, reference="order-123")
    assert (made.already_applied, committed(sandbox)) == (True, 1)
    assert made.description == "Product purchase [ref:order-123]"


def test_without_a_reference_a_person_decides(undecided, sandbox, account):
    assert (undecided.code, undecided.outcome, undecided.retryable) == ("outcome_unknown", "unknown", False)
    assert len(undecided.candidates) == 2
    assert all(isinstance(candidate, models.Bill) for candidate in undecided.candidates)
    chosen = undecided.candidates[1]
    adopted = undecided.adopt(chosen.id)
    assert (adopted.id, adopted.already_applied, committed(sandbox)) == (chosen.id, True, 2)
    made = undecided.force()
    assert made.id not in {candidate.id for candidate in undecided.candidates}
    assert committed(sandbox) == 3


def test_what_is_adopted_must_be_such_a_bill(undecided, account, bill):
    other = account.bills.create(**{**bill, "price_cents": 1})
    with pytest.raises(tenantry.ConflictError):
        undecided.adopt(other.id)
    with pytest.raises(tenantry.NotFoundError):
        undecided.adopt("bill-0")


def test_a_forced_bill_whose_reply_is_lost_can_be_decided_about_again(undecided, sandbox):
    sandbox.fault(**LOST)
    with pytest.raises(tenantry.OutcomeUnknownError) as raised:
        undecided.force()
    assert len(raised.value.candidates) == 3
    assert raised.value.adopt(raised.value.candidates[2].id).already_applied


def test_recurring_bills_are_decided_about_alike(sandbox, account, bill):
    account.recurring_bills.create(**bill)
    sandbox.fault(operation="maestrano.recurring_bills.create", when="after", drop=True)
    with pytest.raises(tenantry.OutcomeUnknownError) as raised:
        account.recurring_bills.create(**bill)
    assert all(isinstance(candidate, models.RecurringBill) for candidate in raised.value.candidates)
    assert isinstance(raised.value.adopt(raised.value.candidates[0].id), models.RecurringBill)


def test_after_pickling_the_candidates_are_there_and_the_client_is_gone(undecided):
    for again in (pickle.loads(pickle.dumps(undecided)), copy.copy(undecided)):
        assert again.candidates == undecided.candidates
        with pytest.raises(tenantry.ConfigError, match="the client of the call, which is gone"):
            again.adopt("bill-1")
        with pytest.raises(tenantry.ConfigError, match="gone"):
            again.force()
    with pytest.raises(tenantry.ConfigError, match="nothing to force"):
        tenantry.OutcomeUnknownError("of something else").force()


def test_an_async_decision_is_awaited(sandbox, bill):
    async def main():
        async with maestrano.AsyncMarketplaces.fetch(**sandbox.maestrano) as marketplaces:
            account = marketplaces.client("some-telco")
            await account.bills.create(**bill)
            sandbox.fault(**LOST)
            with pytest.raises(tenantry.OutcomeUnknownError) as raised:
                await account.bills.create(**bill)
            adopted = await raised.value.adopt(raised.value.candidates[0].id)
            forced = await raised.value.force()
            return adopted, forced

    adopted, forced = asyncio.run(main())
    assert adopted.already_applied
    assert (forced.already_applied, committed(sandbox)) == (None, 3)


def test_a_journal_remembers_by_reference(sandbox, account, bill, tmp_path):
    path = tmp_path / "bills.json"
    for journal in (path, str(path)):
        made = account.bills.create(**bill, reference="order-1", journal=journal)
    assert (made.already_applied, committed(sandbox)) == (True, 1)
    with pytest.raises(tenantry.ConflictError, match="order-1"):
        account.bills.create(**{**bill, "price_cents": 1}, reference="order-1", journal=path)
    with pytest.raises(tenantry.ValidationError) as raised:
        account.bills.create(**bill, journal=path)
    assert raised.value.details["field"] == "reference"


def test_a_journal_of_ones_own_is_asked_before_anything_is_sent(sandbox, account, bill):
    journal = Journal()
    assert isinstance(journal, tenantry.Journal)
    made = account.bills.create(**bill, reference="order-1", journal=journal)
    (key,) = journal.kept
    assert key.endswith("/bills/order-1")
    assert [asked for asked, _ in journal.asked][:2] == ["load", "save"]
    again = account.bills.create(**bill, reference="order-1", journal=journal)
    assert (again.id, again.already_applied, committed(sandbox)) == (made.id, True, 1)
    assert json.loads(journal.kept[key])["id"] == made.id


def test_an_async_journal_with_an_async_client(sandbox, bill):
    journal = AsyncJournal()

    async def main():
        async with maestrano.AsyncMarketplaces.fetch(**sandbox.maestrano) as marketplaces:
            create = marketplaces.client("some-telco").bills.create
            return [await create(**bill, reference="order-1", journal=journal) for _ in range(2)]

    first, second = asyncio.run(main())
    assert (first.id, second.already_applied, committed(sandbox)) == (second.id, True, 1)


def test_nothing_is_sent_when_the_journal_cannot_be_kept(sandbox, account, bill, tmp_path):
    class Broken(Journal):
        def save(self, key, text):
            raise OSError("full")

    for journal in (Broken(), AsyncJournal()):
        with pytest.raises(tenantry.CheckpointError) as raised:
            account.bills.create(**bill, reference="order-1", journal=journal)
        assert isinstance(raised.value.__cause__, (OSError, TypeError))
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(tenantry.CheckpointError):
        account.bills.create(**bill, reference="order-1", journal=tmp_path / "broken.json")
    with pytest.raises(tenantry.ValidationError):
        account.bills.create(**bill, reference="order-1", journal=3)
    assert committed(sandbox) == 0


BILLING = """
import json, os, sys
import tenantry
from tenantry import maestrano
line = json.loads(os.environ["SANDBOX_LINE"])
bill = {"group_id": "cld-4", "price_cents": 2000, "currency": "USD", "description": "Product purchase"}

class Dying:
    # A file, whose process ends between the reply and the note of it.
    def __init__(self, path):
        self.path = path

    def load(self, key):
        if os.path.exists(self.path):
            with open(self.path) as file:
                return json.load(file).get(key)

    def save(self, key, text):
        if json.loads(text)["state"] == "done" and "die" in sys.argv:
            os._exit(9)
        with open(self.path, "w") as file:
            json.dump({key: text}, file)

with maestrano.Marketplaces.fetch(**line["maestrano"], timeout=1) as marketplaces:
    account = marketplaces.client("some-telco")
    journal = Dying(sys.argv[1]) if "own" in sys.argv else sys.argv[1]
    for number in range(int(sys.argv[2])):
        made = account.bills.create(**bill, reference=f"order-{number}", journal=journal)
        print(made.id, made.already_applied)
"""


def test_a_crash_between_sending_and_remembering_is_settled_by_the_next_call(real_sandbox, program, tmp_path):
    path = str(tmp_path / "own.json")
    process = program.start(BILLING, path, "1", "own", "die")
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == ("", "", 9)
    assert committed(real_sandbox) == 1
    out = program.run(BILLING, path, "1", "own")
    assert out.split()[1] == "True"
    assert committed(real_sandbox) == 1


def test_processes_with_one_journal_bill_once(real_sandbox, program, tmp_path):
    path, count = str(tmp_path / "shared.json"), 5
    processes = [program.start(BILLING, path, str(count)) for _ in range(3)]
    told = [program.finish(process, 120).split() for process in processes]
    ids = [tuple(words[::2]) for words in told]
    assert len(set(ids)) == 1
    assert len(set(ids[0])) == count
    assert committed(real_sandbox) == count


def test_decimals_are_sent_as_they_are(sandbox, account, bill):
    made = account.bills.create(**bill, units=Decimal("1.50"))
    assert made.units == Decimal("1.5")
    assert account.bills.create(**bill, units=Decimal("1E+1")).units == 10
    for units in (Decimal("NaN"), Decimal("Infinity"), Decimal("1.234")):
        with pytest.raises(tenantry.ValidationError):
            account.bills.create(**bill, units=units)


def test_the_example_of_the_product_runs(real_sandbox, bill):
    code = """
import sys, tenantry
from tenantry import maestrano
sandbox = tenantry.Sandbox.from_line(sys.stdin.readline())
with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
    account = marketplaces.client("some-telco")
    bill = account.bills.create(
        group_id="cld-4", price_cents=2000, currency="USD", description="Product purchase", reference="order-123"
    )
    print(account.bills.get(bill.id).status)
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        input=real_sandbox.line,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "TENANTRY_LOG"},
    )
    assert (done.stdout, done.stderr) == ("submitted\n", "")
