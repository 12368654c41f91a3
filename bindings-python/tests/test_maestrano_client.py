"""The surface of Maestrano: marketplaces, clients of them, sync and async."""

from __future__ import annotations

import asyncio
import inspect
import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

import tenantry
from tenantry import Secret, maestrano
from tenantry.maestrano import models, resources

SINCE = datetime(2020, 1, 1, tzinfo=timezone.utc)


def configuration(**other):
    """A configuration's text: one marketplace, changed by `other`."""
    marketplace = {
        "marketplace": "one",
        "app": {"host": "https://app.example"},
        "api": {"id": "app-1", "key": "a:b", "host": "https://api.example", "base": "/api/v1/"},
        "sso": {"init_path": "/init", "consume_path": "/consume", "idp": "https://idp.example"},
        **other,
    }
    return json.dumps({"marketplaces": [marketplace]})


def test_marketplaces_are_fetched_and_listed(marketplaces):
    assert marketplaces.names() == ["maestrano", "some-telco"]
    assert marketplaces.problems() == {}
    config = marketplaces.config("some-telco")
    assert isinstance(config, models.Marketplace)
    assert (config.marketplace, config.connec.base_path) == ("some-telco", "/api/v2")
    assert repr(marketplaces).startswith("tenantry.maestrano.Marketplaces(base_url='http://127.0.0.1:")
    assert repr(marketplaces.client("maestrano")) == "tenantry.maestrano.Client(marketplace='maestrano')"


def test_an_unknown_marketplace_is_refused_with_those_there_are(marketplaces):
    for ask in (marketplaces.config, marketplaces.client):
        with pytest.raises(tenantry.ConfigError, match="some-telco"):
            ask("other")


def test_nothing_given_is_taken_from_the_environment_and_anything_given_is_all(sandbox, monkeypatch):
    settings = sandbox.maestrano
    monkeypatch.setenv("MNO_DEVPL_HOST", settings["base_url"])
    monkeypatch.setenv("MNO_DEVPL_ENV_KEY", settings["api_key"])
    monkeypatch.setenv("MNO_DEVPL_ENV_SECRET", settings["api_secret"])
    with maestrano.Marketplaces.fetch(trusted_hosts=["example.com"], timeout=5) as marketplaces:
        assert marketplaces.names() == ["maestrano", "some-telco"]
    with pytest.raises(tenantry.ConfigError, match="api_key"):
        maestrano.Marketplaces.fetch(base_url=settings["base_url"])


def test_a_wrong_secret_and_an_unknown_option_are_refused(sandbox):
    settings = sandbox.maestrano
    with pytest.raises(tenantry.AuthenticationError):
        maestrano.Marketplaces.fetch(**{**settings, "api_secret": "wrong"})
    with pytest.raises(TypeError, match="colour"):
        maestrano.Marketplaces.fetch(**settings, colour="red")
    with pytest.raises(tenantry.ConfigError, match="ttl"):
        maestrano.Marketplaces.fetch(**settings, ttl=-1)


def test_a_configuration_of_ones_own(marketplaces):
    own = maestrano.Marketplaces.from_json(configuration(), trusted_hosts="example")
    assert own.names() == ["one"]
    assert own.find_by_credentials(app_id="app-1", app_key="a:b") == "one"
    assert own.find_by_credentials(app_id="app-1", app_key="a") is None
    with pytest.raises(tenantry.ConfigError, match="JSON"):
        own.refresh()
    with pytest.raises(tenantry.ConfigError, match="line 1"):
        maestrano.Marketplaces.from_json("// no\n{}")
    stranger = maestrano.Marketplaces.from_json(configuration())
    assert stranger.names() == []
    assert "example" in stranger.problems()["one"]


def test_one_malformed_marketplace_loses_itself_alone(sandbox):
    sandbox.behave_maestrano(broken="maestrano")
    with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        assert marketplaces.names() == ["some-telco"]
        assert set(marketplaces.problems()) == {"maestrano"}
        with pytest.raises(tenantry.ConfigError):
            marketplaces.client("maestrano")


def test_a_refresh_tells_what_changed_and_keeps_the_old_when_it_fails(sandbox, marketplaces):
    sandbox.behave_maestrano(rotate_keys=True)
    refreshed = marketplaces.refresh()
    assert [(change.type, change.marketplace) for change in refreshed.changes] == [
        ("changed", "maestrano"),
        ("changed", "some-telco"),
    ]
    assert (refreshed.stale, refreshed.error) == (False, None)
    sandbox.fault(operation="maestrano.marketplaces.fetch", status=503, times=None)
    stale = marketplaces.refresh()
    assert (stale.names, stale.stale) == (["maestrano", "some-telco"], True)
    assert isinstance(stale.error, tenantry.InternalServerError)
    assert marketplaces.refresh(force=False).stale is False, "it is fresh"


def test_a_watch_waits_for_changes_by_the_clock(sandbox):
    with maestrano.Marketplaces.fetch(**sandbox.maestrano, ttl=timedelta(minutes=5)) as marketplaces:
        sandbox.behave_maestrano(broken="maestrano")
        watch = marketplaces.watch()
        assert [change.type for change in next(watch).changes] == ["malformed"]
        sandbox.behave_maestrano(rotate_keys=True)
        assert {change.marketplace for change in next(watch).changes} >= {"some-telco"}


def test_a_client_goes_on_with_its_keys_until_a_new_one_is_asked_for(sandbox, marketplaces, account):
    sandbox.behave_maestrano(rotate_keys=True)
    with pytest.raises(tenantry.AuthenticationError):
        account.ping()
    marketplaces.refresh()
    assert marketplaces.client("some-telco").ping()


def test_every_operation_of_the_account_api(account, bill):
    assert [group.id for group in account.groups.list(status="running")][:1] == ["cld-4"]
    assert account.groups.get("cld-4").has_credit_card is True
    assert all(isinstance(user, models.User) for user in account.users.list(group_id="cld-4"))
    made = account.bills.create(**bill, units=Decimal("1.50"), third_party=True)
    assert account.bills.get(made.id) == made
    assert account.bills.cancel(made.id).status == "cancelled"
    assert account.bills.cancel(made.id).status == "cancelled", "again"
    again = account.recurring_bills.create(**bill, period="Week", cycles=3)
    assert (again.period, again.remaining_cycles) == ("week", 3)
    assert account.recurring_bills.cancel(again.id).status == "cancelled"
    reseller = account.resellers.list()[0]
    assert account.resellers.groups(reseller.id)
    assert account.request("GET", "/account/groups/cld-4")["data"]["id"] == "cld-4"
    assert account.ping()["msg"]


def test_a_client_of_the_account_api_alone(sandbox, marketplaces, bill):
    api = marketplaces.config("some-telco").api
    key = next(
        value
        for name, value in marketplaces.webhooks.sign(
            "group_deleted", marketplace="some-telco", group_id="cld-4"
        ).headers.items()
        if name.lower() == "authorization"
    )
    import base64

    app_key = base64.b64decode(key.removeprefix("Basic ")).decode().partition(":")[2]
    with maestrano.Client(app_id=api.id, app_key=app_key, base_url=f"{sandbox.url}/api/v1", timeout=5) as client:
        assert client.bills.create(**bill).status == "submitted"
        assert repr(client).startswith("tenantry.maestrano.Client(base_url='http://127.0.0.1:")
        for needs in (client.sso.login_url, lambda: client.connec("cld-4").get("company")):
            with pytest.raises(tenantry.ConfigError, match="Marketplaces"):
                needs()
    with pytest.raises(tenantry.ConfigError, match="closed"):
        client.ping()
    with pytest.raises(TypeError, match="app_key"):
        maestrano.Client(app_id="app-1")


def test_what_is_no_amount_is_refused_by_its_name(account, bill):
    for value in (20.0, True, "2000", Decimal("20.00"), 0, -5):
        with pytest.raises(tenantry.ValidationError) as raised:
            account.bills.create(**{**bill, "price_cents": value})
        assert raised.value.details["field"] == "price_cents", value
        assert raised.value.outcome in ("not_sent", None)
    with pytest.raises(TypeError, match="currency"):
        account.bills.create(group_id="cld-4", price_cents=2000, description="x")
    for field, value in (("currency", "usd"), ("group_id", "../x"), ("units", "1.234"), ("reference", "a b")):
        with pytest.raises(tenantry.ValidationError) as raised:
            account.bills.create(**{**bill, field: value})
        assert raised.value.details["field"] == field


def test_an_unknown_filter_is_refused(account):
    with pytest.raises(TypeError, match="limit"):
        account.bills.list(limit=10)
    with pytest.raises(tenantry.ValidationError):
        account.bills.list(created_at_after="yesterday")
    with pytest.raises(tenantry.ValidationError, match="offset"):
        account.bills.list(created_at_after=datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point


def test_the_year_0_is_no_time(sandbox, account):
    group = json.loads(account.groups.get("cld-4").raw)
    group["free_trial_end_at"] = "0000-01-01T00:00:00Z"
    sandbox.fault(operation="maestrano.groups.get", json={"success": True, "errors": {}, "data": group})
    read = account.groups.get("cld-4")
    assert read.free_trial_end_at is None
    assert json.loads(read.raw)["free_trial_end_at"] == "0000-01-01T00:00:00Z"
    assert read.created_at.year > 2000


def test_changes_come_once_and_go_on_from_the_cursor(sandbox, account, bill):
    account.bills.create(**bill)
    changes = account.changes("bills", since=SINCE)
    begun = changes.cursor
    known = len(account.bills.list())
    first = next(changes)
    assert isinstance(first, models.Bill)
    assert changes.cursor == begun, "not all that was found is dealt with"
    seen = {first.id} | {next(changes).id for _ in range(known - 1)}
    assert len(seen) == known
    assert changes.cursor != begun
    kept = changes.cursor
    with pytest.raises(tenantry.WaitTimeoutError):
        next(account.changes("bills", cursor=kept, max_wait=120))
    late = account.bills.create(**bill)
    assert next(account.changes("bills", cursor=kept)).id == late.id
    assert next(iter(changes)).id == late.id


def test_changes_say_what_they_need(account):
    with pytest.raises(tenantry.ValidationError, match="recurring_bills"):
        account.changes("invoices", since=SINCE)
    for wrong in ({}, {"since": SINCE, "cursor": "{}"}, {"cursor": "[]"}, {"cursor": "no"}, {"cursor": 3}):
        with pytest.raises(tenantry.ValidationError):
            account.changes("bills", **wrong)
    with pytest.raises(tenantry.ValidationError):
        next(account.changes("bills", since=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(tenantry.ConfigError, match="interval"):
        account.changes("bills", since=SINCE, interval=-1)


def test_a_recurring_bill_is_watched_to_its_end(sandbox, account, bill):
    made = account.recurring_bills.create(**bill, period="Day", cycles=2)
    seen = list(account.recurring_bills.watch(made.id, interval=3600))
    assert seen[-1].status == "expired"
    assert len(seen) >= 2
    assert all(isinstance(row, models.RecurringBill) for row in seen)
    endless = account.recurring_bills.create(**bill, period="Year")
    watch = account.recurring_bills.watch(endless.id, max_wait=60)
    assert next(watch).id == endless.id
    with pytest.raises(tenantry.WaitTimeoutError):
        next(watch)
    assert next(account.recurring_bills.watch(made.id)).status == "expired"


def test_a_bill_is_waited_for(sandbox, account, bill):
    sandbox.behave_maestrano(invoice_ms=600_000)
    made = account.bills.create(**bill)
    with pytest.raises(tenantry.WaitTimeoutError):
        account.bills.wait(made.id, max_wait=60)
    assert account.bills.wait(made.id, until=["invoiced"]).status == "invoiced"


def test_connec_reads_writes_and_pages(account, sandbox):
    connec = account.connec("cld-4")
    made = connec.post("organizations", data={"name": "Coco Co.", "price": Decimal("10.10")})["organizations"]
    (pair,) = (
        (one["id"] for one in made["id"] if one["provider"] == "connec")
        if isinstance(made["id"], list)
        else (made["id"],)
    )
    assert connec.put("organizations", pair, data={"name": "Coco"})["organizations"]["name"] == "Coco"
    assert connec.get("organizations", pair)["organizations"]["name"] == "Coco"
    assert connec.get("company")["company"]
    assert len(connec.get("organizations", params={"$top": 3})["organizations"]) == 3
    before = len(sandbox.journal())
    rows = connec.list_all("organizations", params={"$top": 100})
    assert len(sandbox.journal()) == before, "nothing is read before"
    assert len(list(rows)) == 251
    assert len(sandbox.journal()) == before + 3
    results = connec.batch(
        [
            {"method": "GET", "resource": "organizations", "id": pair},
            {"method": "GET", "resource": "organizations", "id": "none"},
        ]
        * 30
    )
    assert [result.status for result in results] == [200, 404] * 30
    assert connec.report("profit_and_loss")
    with pytest.raises(tenantry.NotFoundError):
        connec.get("organizations", "none")


def test_closing_a_set_closes_its_clients(sandbox):
    with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        account = marketplaces.client("some-telco")
        with marketplaces.client("maestrano"):
            pass
        assert account.ping()
    for use in (account.ping, marketplaces.names, account.sso.login_url):
        with pytest.raises(tenantry.ConfigError, match="closed"):
            use()


def test_options_of_a_client_and_of_a_call(sandbox, marketplaces):
    events = []
    account = marketplaces.client("some-telco", on_event=events.append, max_retries=0)
    sandbox.fault(operation="maestrano.client.ping", status=503)
    with pytest.raises(tenantry.InternalServerError):
        account.ping()
    assert [event.operation for event in events] == ["maestrano.client.ping"]
    sandbox.fault(operation="maestrano.client.ping", status=503)
    own = []
    assert account.ping(max_retries=1, on_event=own.append)
    assert (len(events), len(own) > 1) == (1, True)
    with pytest.raises(TypeError, match="colour"):
        account.ping(colour="red")


def test_the_async_surface_is_the_same_and_its_methods_are_async():
    pairs = [
        (maestrano.Client, maestrano.AsyncClient),
        (maestrano.Marketplaces, maestrano.AsyncMarketplaces),
        (maestrano.Connec, maestrano.AsyncConnec),
        (maestrano.Sso, maestrano.AsyncSso),
        (maestrano.RecurringBills, maestrano.AsyncRecurringBills),
        (resources.Bills, resources.AsyncBills),
    ]
    for sync, other in pairs:
        names = {name for name in dir(sync) if not name.startswith("_")} - {"close"}
        assert names <= {name for name in dir(other) if not name.startswith("_")}, sync
        for name in names:
            method = getattr(sync, name)
            if callable(method) and name not in ("fetch", "from_json"):
                parameters = (list(inspect.signature(one).parameters) for one in (method, getattr(other, name)))
                assert len({tuple(one) for one in parameters}) == 1, (sync, name)
    for name in ("get", "post", "put", "batch", "report"):
        assert inspect.iscoroutinefunction(getattr(maestrano.AsyncConnec, name))


def test_the_quickstart_of_an_async_program(sandbox, bill):
    async def main():
        async with maestrano.AsyncMarketplaces.fetch(**sandbox.maestrano) as marketplaces:
            account = marketplaces.client("some-telco")
            made, pong = await asyncio.gather(account.bills.create(**bill, reference="order-1"), account.ping())
            assert pong
            assert (await account.bills.get(made.id)).status == "submitted"
            recurring = await account.recurring_bills.create(**bill, period="Day", cycles=1)
            assert [row.status async for row in account.recurring_bills.watch(recurring.id)][-1] == "expired"
            changes = account.changes("bills", since=SINCE)
            async for change in changes:
                assert isinstance(change, models.Bill)
                break
            assert json.loads(changes.cursor)["since"]
            connec = account.connec("cld-4")
            assert len([row async for row in connec.list_all("organizations")]) == 250
            assert (await connec.batch([{"method": "GET", "resource": "company"}]))[0].status == 200
            assert (await account.request("GET", "/ping"))["success"]
            assert (await marketplaces.refresh()).changes == []
            sandbox.behave_maestrano(rotate_keys=True)
            async for refreshed in marketplaces.watch():
                assert refreshed.changes
                break
        with pytest.raises(tenantry.ConfigError, match="closed"):
            await account.ping()

    asyncio.run(main())


def test_an_async_fetch_is_awaited_run_and_made_a_task(sandbox):
    fetch = maestrano.AsyncMarketplaces.fetch

    async def main():
        one = await fetch(**sandbox.maestrano)
        other = await asyncio.create_task(fetch(**sandbox.maestrano))
        three = await asyncio.wait_for(fetch(**sandbox.maestrano), 30)
        assert one.names() == other.names() == three.names() == ["maestrano", "some-telco"]
        with pytest.raises(tenantry.AuthenticationError):
            await fetch(**{**sandbox.maestrano, "api_secret": "wrong"})
        fetch(**sandbox.maestrano)  # left alone, it warns of nothing
        fetch(**sandbox.maestrano).close()

    asyncio.run(main())
    assert asyncio.run(fetch(**sandbox.maestrano)).names()
    unfetched = maestrano.AsyncMarketplaces(**sandbox.maestrano)
    with pytest.raises(tenantry.ConfigError, match="await refresh"):
        unfetched.names()


def test_secrets_may_come_by_reference(sandbox, monkeypatch):
    settings = sandbox.maestrano
    monkeypatch.setenv("PLATFORM_SECRET", settings["api_secret"])
    given = {
        **settings,
        "api_secret": Secret.env("PLATFORM_SECRET"),
        "api_key": Secret.callback(lambda: settings["api_key"]),
    }
    with maestrano.Marketplaces.fetch(**given) as marketplaces:
        assert marketplaces.client("maestrano").ping()
