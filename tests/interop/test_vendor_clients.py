"""The vendor's own clients, unchanged, against the sandbox, which so answers as the vendor does.

`connect-openapi-client` (PyPI) in both its forms, and `@cloudblueconnect/connect-javascript-sdk` (npm). Faults of
theirs that are met on the way are asserted as theirs.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from connect.client import AsyncConnectClient, ClientError, ConnectClient, R

import tenantry
from tenantry import cloudblue

PROGRAM = Path(__file__).parent / "vendor.mjs"
PENDING = {"status": "pending", "asset.product.id": "PRD-1", "type": "purchase"}


def requests_of(sandbox: tenantry.Sandbox, **wanted: str) -> list[str]:
    """The ids of the requests that have these values, the oldest first, as the sandbox itself says."""
    rows = sandbox.state()["cloudblue"]["requests"]
    rows = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    return [row["id"] for row in sorted(rows, key=lambda row: (row["created_ms"], row["id"]))]


def status_of(sandbox: tenantry.Sandbox, request_id: str) -> str:
    return next(row["status"] for row in sandbox.state()["cloudblue"]["requests"] if row["id"] == request_id)


def client_of(kind: type, sandbox: tenantry.Sandbox, **options: Any) -> Any:
    line = sandbox.cloudblue
    return kind(line["api_key"], endpoint=line["base_url"], **options)


async def got(answer: Any) -> Any:
    """What a call of either client gives."""
    return await answer if inspect.isawaitable(answer) else answer


async def all_of(rows: Any) -> list[Any]:
    return [row async for row in rows] if hasattr(rows, "__aiter__") else list(rows)


async def refused(answer: Any) -> ClientError:
    try:
        await got(answer() if callable(answer) else answer)
    except ClientError as error:
        return error
    raise AssertionError("it was not refused")


async def lists(client: Any, sandbox: tenantry.Sandbox) -> None:
    pending = requests_of(sandbox, status="pending", type="purchase", product_id="PRD-1")
    queue = client.requests.filter(status="pending", type="purchase", asset__product__id="PRD-1")
    assert await got(queue.count()) == len(pending) >= 50
    ordered = queue.order_by("created").limit(25)
    assert sorted(row["id"] for row in await all_of(ordered)) == sorted(pending)
    assert sorted(row["id"] for row in await all_of(ordered.select("-asset.items", "-activation_key"))) == sorted(
        pending
    )
    some = await all_of(ordered.values_list("id", "asset.product.id"))
    assert {row["asset.product.id"] for row in some} == {"PRD-1"}
    newest = await got(queue.order_by("-created").first())
    assert newest["created"] >= (await got(ordered.first()))["created"]
    # Nothing found is `items 0-0/0`, which it reads as well.
    nothing = client.requests.filter(status="failed", asset__product__id="PRD-9")
    assert (await got(nothing.count()), await all_of(nothing), await got(nothing.first())) == (0, [], None)


async def filters(client: Any, sandbox: tenantry.Sandbox) -> None:
    async def ids(*conditions: Any, **keywords: Any) -> list[str]:
        return sorted([row["id"] for row in await all_of(client.requests.filter(*conditions, **keywords))])

    both = sorted(requests_of(sandbox, status="approved") + requests_of(sandbox, status="failed"))
    assert await ids(status__in=("approved", "failed")) == both
    assert await ids(R().status.eq("approved") | R().status.eq("failed")) == both
    assert await ids("(status=approved|status=failed)") == both
    one = requests_of(sandbox, status="approved")[0]
    asset = next(row["asset_id"] for row in sandbox.state()["cloudblue"]["requests"] if row["id"] == one)
    assert one in await ids(R().asset.id.eq(asset) & R().status.ne("failed"), status__in=("approved", "pending"))
    assert await ids(R().id.like(f"*{one[3:]}*"), status="approved") == [one]
    assert await ids(id=one.lower(), status="approved") == []
    assert await ids(R().created.ge("2100-01-01T00:00:00+00:00"), status="approved") == []
    unknown = await refused(lambda: all_of(client.requests.filter(no_such_filter="x")))
    assert (unknown.status_code, unknown.error_code) == (400, "VAL_001")
    # Its negation is lost on the way (`filter` copies it without); the text that the server gets is the opposite.
    assert await ids(~R().status.eq("approved")) == sorted(requests_of(sandbox, status="approved"))


async def works_off(client: Any, sandbox: tenantry.Sandbox) -> None:
    approved, failed, asked = requests_of(sandbox, status="pending", product_id="PRD-1", type="purchase")[:3]
    request = await got(client.requests[approved].get())
    assert (request["id"], request["status"], request["asset"]["product"]["id"]) == (approved, "pending", "PRD-1")
    change = {"asset": {"params": [{"id": "email", "value": "new@example.com"}]}, "note": "seen"}
    request = await got(client.requests[approved].update(payload=change))
    assert request["note"] == "seen"
    assert {"new@example.com"} == {row["value"] for row in request["asset"]["params"] if row["id"] == "email"}

    request = await got(client.requests[approved]("approve").post(payload={"template_id": "TL-1"}))
    assert (request["status"], status_of(sandbox, approved)) == ("approved", "approved")
    again = await refused(lambda: client.requests[approved]("approve").post(payload={"template_id": "TL-1"}))
    assert again.status_code == 400
    assert again.error_code
    assert "approved" in str(again)

    request = await got(client.requests[failed]("fail").post(payload={"reason": "no such customer"}))
    assert (request["status"], request["reason"], status_of(sandbox, failed)) == (
        "failed",
        "no such customer",
        "failed",
    )

    complaint = {"asset": {"params": [{"id": "email", "value_error": "Please fill this in"}]}}
    await got(client.requests[asked].update(payload=complaint))
    request = await got(client.requests[asked]("inquire").post(payload={"template_id": "TL-2"}))
    assert (request["status"], status_of(sandbox, asked)) == ("inquiring", "inquiring")
    request = await got(client.requests[asked]("pend").post())
    assert (request["status"], status_of(sandbox, asked)) == ("pending", "pending")
    sandbox.behave(pend_reply="empty")
    await got(client.requests[asked]("inquire").post(payload={}))
    assert await got(client.requests[asked]("pend").post()) is None
    assert status_of(sandbox, asked) == "pending"

    missing = await refused(client.requests["PR-0000-0000-0000-000"].get)
    assert (missing.status_code, missing.error_code) == (404, "NFND_000")


async def reads_the_rest(client: Any, sandbox: tenantry.Sandbox) -> None:
    request = requests_of(sandbox, status="approved", product_id="PRD-1")[0]
    asset = (await got(client.requests[request].get()))["asset"]["id"]
    assert (await got(client.assets[asset].get()))["id"] == asset
    assert request in [row["id"] for row in await all_of(client.assets[asset].requests.all())]
    assert await got(client.assets.filter(id=asset).count()) == 1
    templates = await all_of(client.products["PRD-1"].templates.filter(scope="asset"))
    assert {"TL-1", "TL-2"} <= {row["id"] for row in templates}
    (conversation,) = await all_of(client.conversations.filter(instance_id=request))
    posted = await got(client.conversations[conversation["id"]].messages.create(payload={"text": "Hello"}))
    assert posted["text"] == "Hello"
    assert "Hello" in [row["text"] for row in await all_of(client.conversations[conversation["id"]].messages.all())]


@pytest.fixture(scope="module")
def loop(server: tenantry.Sandbox) -> Iterator[asyncio.AbstractEventLoop]:
    """One for all: the asynchronous client keeps the connections of an endpoint for whatever loop comes next."""
    loop = asyncio.new_event_loop()
    yield loop
    loop.run_until_complete(client_of(AsyncConnectClient, server).session.aclose())
    loop.close()


@pytest.mark.parametrize("story", [lists, filters, works_off, reads_the_rest], ids=lambda story: story.__name__)
@pytest.mark.parametrize("kind", [ConnectClient, AsyncConnectClient], ids=["sync", "async"])
def test_the_python_client_runs_unchanged(
    kind: type, story: Any, sandbox: tenantry.Sandbox, loop: asyncio.AbstractEventLoop
) -> None:
    client = client_of(kind, sandbox)
    loop.run_until_complete(story(client, sandbox))


def test_another_key_is_refused(sandbox: tenantry.Sandbox) -> None:
    client = ConnectClient("ApiKey SU-000-000-000:another", endpoint=sandbox.cloudblue["base_url"])
    with pytest.raises(ClientError) as raised:
        client.requests.all().count()
    assert (raised.value.status_code, raised.value.error_code) == (401, "AUTH_001")


def test_the_python_client_loses_rows_behind_a_cap(sandbox: tenantry.Sandbox) -> None:
    """It advances by the rows that it asked for, not by those that it got."""
    sandbox.behave(page_cap=20)
    queue = client_of(ConnectClient, sandbox).requests.filter(status="pending", type="purchase").limit(60)
    assert len(list(queue)) < queue.count()
    with cloudblue.Client(**sandbox.cloudblue) as connect:
        assert len(list(connect.requests.list(type="purchase", page_size=60))) == queue.count()


def test_the_python_client_repeats_a_lost_approval(sandbox: tenantry.Sandbox) -> None:
    """It sends the POST a second time and reports a failure, although the request is approved."""
    first, second = requests_of(sandbox, status="pending", product_id="PRD-1", type="purchase")[:2]
    lost = {"operation": "cloudblue.requests.approve", "when": "after", "drop": True}
    sandbox.fault(lost)
    with pytest.raises(ClientError) as raised:
        client_of(ConnectClient, sandbox, max_retries=1).requests[first]("approve").post(
            payload={"template_id": "TL-1"}
        )
    assert (raised.value.status_code, status_of(sandbox, first)) == (400, "approved")
    sandbox.fault(lost)
    with cloudblue.Client(**sandbox.cloudblue) as connect:
        request = connect.requests.approve(second, template_id="TL-1")
    assert (request.status, request.already_applied, status_of(sandbox, second)) == ("approved", True, "approved")
    arrived = [row["path"] for row in sandbox.journal() if row["operation"] == "cloudblue.requests.approve"]
    assert [path.count(first) for path in arrived] == [1, 1, 0]


def javascript(story: str, sandbox: tenantry.Sandbox, *ids: str) -> Any:
    """What a story of `vendor.mjs` tells; the program must end well and silently."""
    line = json.dumps({**sandbox.cloudblue, "ids": ids})
    done = subprocess.run(["node", PROGRAM, story], input=line, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_the_javascript_client_lists_and_filters(sandbox: tenantry.Sandbox) -> None:
    told = javascript("lists", sandbox, requests_of(sandbox, status="approved")[0])
    pending = requests_of(sandbox, status="pending", type="purchase", product_id="PRD-1")
    assert sorted(told["pending"]) == sorted(pending)
    assert told["first_ten"] == pending[:10]
    assert sorted(told["ended"]) == sorted(
        requests_of(sandbox, status="approved") + requests_of(sandbox, status="failed")
    )
    assert told["either"] == told["ended"]
    assert sorted(told["others"]) == sorted(
        row["id"] for row in sandbox.state()["cloudblue"]["requests"] if row["status"] not in ("approved", "pending")
    )
    assert told["like"] == [requests_of(sandbox, status="approved")[0]]
    assert told["bare"] == {"has_items": False, "has_activation_key": False}
    assert told["none"] == []
    assert told["unknown"] == {"name": "APIError", "status": 400, "code": "VAL_001"}
    # It writes `gte(…)`, which the language does not have.
    assert told["gte"]["status"] == 400


def test_the_javascript_client_works_off_requests(sandbox: tenantry.Sandbox) -> None:
    ids = requests_of(sandbox, status="pending", product_id="PRD-1", type="purchase")[:3]
    told = javascript("works_off", sandbox, *ids)
    assert told == {
        "got": ids[0],
        "updated": {"note": "seen", "email": "new@example.com"},
        "approved": "approved",
        "again": {"name": "APIError", "status": 400, "listed": True},
        "failed": ["failed", "no such customer"],
        "asked": ["inquiring", "Please fill this in"],
        "pended": "pending",
        "missing": {"name": "APIError", "status": 404, "code": "NFND_000"},
    }
    assert [status_of(sandbox, request_id) for request_id in ids] == ["approved", "failed", "pending"]


def test_the_javascript_client_stumbles_over_an_empty_pend(sandbox: tenantry.Sandbox) -> None:
    """A 204 is carried out, and then read as JSON."""
    (asked,) = requests_of(sandbox, status="inquiring", product_id="PRD-1")[:1]
    sandbox.behave(pend_reply="empty")
    assert javascript("pends", sandbox, asked) == {"name": "FetchError", "type": "invalid-json"}
    assert status_of(sandbox, asked) == "pending"
