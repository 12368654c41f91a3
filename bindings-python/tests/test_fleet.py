"""Many onboardings as Python drives them; what a fleet decides is tested in the core."""

from __future__ import annotations

import asyncio

import pytest

import tenantry
from tenantry import magento_bi

QUICK = {"min": 0.6, "max": 0.6, "factor": 1.0}


class Store:
    """Checkpoints in memory, by key."""

    def __init__(self):
        self.texts = {}

    def load(self, key):
        return self.texts.get(key)

    def save(self, key, text):
        self.texts[key] = text


class AsyncStore(Store):
    async def load(self, key):
        await asyncio.sleep(0)
        return self.texts.get(key)

    async def save(self, key, text):
        await asyncio.sleep(0)
        super().save(key, text)


def committed(sandbox, operation):
    name = f"magento_bi.{operation}"
    return sum(entry["operation"] == name and entry["committed"] for entry in sandbox.journal())


def keys(number):
    return [f"shop-{place}" for place in range(number)]


@pytest.fixture
def merchant(spec):
    parts = spec.to_dict()

    def give(key):
        return {**parts, "company": key}

    return give


def test_each_merchant_of_a_fleet_is_onboarded_once(sandbox, bi, merchant):
    fleet = bi.onboardings.run_all(iter(keys(150)), merchant, poll=QUICK, at_once=8)
    assert sandbox.journal() == []
    turns = list(fleet)
    assert sorted(turn.key for turn in turns) == sorted(keys(150))
    assert all(turn.kind == "result" and isinstance(turn.result, magento_bi.OnboardingResult) for turn in turns)
    assert len({turn.result.client_id for turn in turns}) == 150
    assert committed(sandbox, "signups.create") == committed(sandbox, "autodash.create") == 150
    assert fleet.status.polls > 150
    assert fleet.status.waiting == fleet.status.active == 0


def test_a_decision_comes_beside_the_others_and_is_answered_by_key(sandbox, bi, merchant):
    def give(key):
        return {**merchant(key), "confirm_user": key == "shop-1"}

    fleet = bi.onboardings.run_all(keys(3), give, poll=QUICK)
    turns = {turn.key: turn for turn in fleet}
    assert turns["shop-0"].result is not None
    assert turns["shop-1"].need.reason == "confirm_user"
    assert turns["shop-1"].result is turns["shop-1"].error is None
    with pytest.raises(tenantry.ValidationError, match="confirmed"):
        fleet.answer("shop-1", "maybe")
    fleet.answer("shop-1", "confirmed")
    assert [turn.kind for turn in fleet] == ["result"]


def test_an_answer_within_the_loop_is_enough(bi, merchant):
    fleet = bi.onboardings.run_all(keys(2), lambda key: {**merchant(key), "confirm_user": True}, poll=QUICK)
    kinds = []
    for turn in fleet:
        kinds.append(turn.kind)
        if turn.need is not None:
            fleet.answer(turn.key, "confirmed")
    assert sorted(kinds) == ["need", "need", "result", "result"]


def test_one_bad_spec_fails_one_flow(sandbox, bi, merchant):
    def give(key):
        if key == "shop-2":
            raise LookupError(key)
        return {**merchant(key), **({"tier": ""} if key == "shop-1" else {})}

    turns = {turn.key: turn for turn in bi.onboardings.run_all(keys(3), give, poll=QUICK)}
    assert turns["shop-0"].result is not None
    assert isinstance(turns["shop-1"].error, tenantry.ValidationError)
    assert "LookupError" in str(turns["shop-2"].error)
    assert committed(sandbox, "signups.create") == 1


@pytest.mark.parametrize("place", ["folder", "object"])
def test_a_stopped_fleet_goes_on_in_another_one(sandbox, bi, merchant, tmp_path, place):
    checkpoint = tmp_path if place == "folder" else Store()
    done = set()
    for _ in range(50):
        with bi.onboardings.run_all(keys(20), merchant, checkpoint, poll=QUICK, at_once=4) as fleet:
            for turn in fleet:
                # What has finished before is told again.
                if turn.key not in done and (len(done) + 1) % 5 == 0:
                    fleet.stop()
                done.add(turn.key)
        if len(done) == 20:
            break
    assert len(done) == 20
    for create in ("signups.create", "invites.create", "connections.create", "autodash.create"):
        assert committed(sandbox, create) == 20


def test_leaving_a_loop_loses_nothing(bi, merchant):
    fleet = bi.onboardings.run_all(keys(30), merchant, poll=QUICK, at_once=4)
    seen = []
    while len(seen) < 30:
        for turn in fleet:
            seen.append(turn.key)
            break
    assert sorted(seen) == sorted(keys(30))


def test_options_are_checked_before_anything_is_sent(bi, merchant):
    with pytest.raises(tenantry.ConfigError, match="at_once"):
        bi.onboardings.run_all(keys(1), merchant, at_once=0)
    with pytest.raises(tenantry.ConfigError, match="load"):
        bi.onboardings.run_all(keys(1), merchant, object())


def test_a_fleet_is_awaited_and_so_are_its_specs_and_checkpoints(sandbox, merchant):
    store = AsyncStore()

    async def give(key):
        await asyncio.sleep(0)
        return merchant(key)

    async def run():
        async with magento_bi.AsyncClient(**sandbox.magento_bi) as bi:
            turns = [turn async for turn in bi.onboardings.run_all(keys(40), give, store, poll=QUICK)]
            assert sorted(turn.key for turn in turns) == sorted(keys(40)) == sorted(store.texts)
            # What is finished is told again, and nothing is sent.
            again = [turn.result async for turn in bi.onboardings.run_all(keys(40), give, store)]
            assert {result.client_id for result in again} == {turn.result.client_id for turn in turns}

    asyncio.run(run())
    assert committed(sandbox, "signups.create") == 40
