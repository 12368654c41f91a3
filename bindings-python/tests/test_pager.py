"""Lists: lazy, read page by page, and complete though what they hold leaves them meanwhile."""

from __future__ import annotations

import asyncio
import pickle
from itertools import islice

import pytest

import tenantry
from tenantry import cloudblue

PENDING = 2500


@pytest.fixture
def pending(sandbox):
    sandbox.generate(requests=PENDING, product_id="PRD-1", type="purchase", status="pending", clear=True)


def approved(sandbox):
    return sum(request["status"] == "approved" for request in sandbox.state()["cloudblue"]["requests"])


def test_each_of_2500_pending_requests_is_approved_as_it_comes(sandbox, connect, pending):
    seen = []
    for request in connect.requests.list(product_id="PRD-1", type="purchase"):
        assert connect.requests.approve(request.id, template_id="TL-1").status == "approved"
        seen.append(request.id)
    assert len(seen) == len(set(seen)) == PENDING
    assert approved(sandbox) == PENDING
    lists = [entry for entry in sandbox.journal() if entry["operation"] == "cloudblue.requests.list"]
    assert PENDING / 100 <= len(lists) <= PENDING / 100 + 3


def test_each_of_2500_pending_requests_is_approved_while_others_are_awaited(sandbox, pending):
    async def main():
        seen = []
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as connect:
            async for request in connect.requests.list(product_id="PRD-1", type="purchase"):
                await connect.requests.approve(request.id, template_id="TL-1")
                seen.append(request.id)
        return seen

    seen = asyncio.run(main())
    assert len(seen) == len(set(seen)) == PENDING
    assert approved(sandbox) == PENDING


def test_nothing_is_sent_before_the_first_row_is_asked_for(connect, calls):
    listed = connect.requests.list(product_id="PRD-1")
    assert repr(listed) == "Pager(cloudblue.requests.list)"
    iter(listed)
    listed.pages()
    assert calls() == []


def test_each_iteration_begins_anew(connect):
    listed = connect.requests.list(product_id="PRD-1", page_size=7)
    first = [request.id for request in listed]
    assert len(first) == len(set(first)) >= 60
    assert [request.id for request in listed] == first == [request.id for request in listed.to_list()]
    assert listed.count() == len(first)
    pages = list(listed.pages())
    assert [request.id for page in pages for request in page] == first
    # Each page begins with the last one's last row again, which is left out, and so are its ties.
    assert all(1 <= len(page) <= 7 for page in pages)
    found = listed.first()
    assert found is not None
    assert found.id == first[0]
    assert isinstance(found, cloudblue.Request)


def test_the_same_awaited(sandbox, connect):
    async def main():
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as client:
            listed = client.requests.list(product_id="PRD-1", page_size=7)
            assert repr(listed) == "AsyncPager(cloudblue.requests.list)"
            ids = [request.id async for request in listed]
            assert [request.id async for page in listed.pages() for request in page] == ids
            assert [request.id for request in await listed.to_list()] == ids
            assert await listed.count() == len(ids)
            first = await listed.first()
            assert first is not None
            assert first.id == ids[0]
            none = client.requests.list(product_id="PRD-9")
            assert (await none.first(), await none.to_list(), await none.count()) == (None, [], 0)
            return ids

    assert asyncio.run(main()) == [request.id for request in connect.requests.list(product_id="PRD-1")]


def test_an_empty_list(connect):
    none = connect.requests.list(product_id="PRD-9")
    assert (none.first(), none.to_list(), none.count(), list(none.pages())) == (None, [], 0, [])
    assert "none" in none._repr_html_()


def test_max_items_ends_a_list(connect, calls):
    assert len(connect.requests.list(page_size=5, max_items=12).to_list()) == 12
    assert calls() == ["requests.list"] * 3


def test_the_next_page_is_fetched_while_the_caller_works_on_this_one(sandbox, connect, calls):
    rows = iter(connect.requests.list(page_size=10))
    request = next(rows)
    # Virtual time passes only when nobody has anything to do: by the reply, the next page was asked for.
    sandbox.fault(operation="cloudblue.requests.get", latency_ms=1000)
    connect.requests.get(request.id)
    assert sorted(calls()) == ["requests.get", "requests.list", "requests.list"]
    for _ in range(9):
        next(rows)
    assert calls() == []


def test_without_prefetch_a_page_is_fetched_when_it_is_asked_for(sandbox, connect, calls):
    rows = iter(connect.requests.list(page_size=10, prefetch=False))
    request = next(rows)
    sandbox.fault(operation="cloudblue.requests.get", latency_ms=1000)
    connect.requests.get(request.id)
    assert calls() == ["requests.list", "requests.get"]
    for _ in range(9):
        next(rows)
    assert calls() == []
    next(rows)
    assert calls() == ["requests.list"]


def test_leaving_the_loop_ends_the_reading(sandbox, connect, calls):
    for prefetch in (False, True):
        for _ in connect.requests.list(page_size=10, prefetch=prefetch):
            break
        sandbox.fault(operation="cloudblue.requests.list", latency_ms=1000)
        sandbox.advance(10)
        assert len(connect.requests.list(page_size=1, max_items=1).to_list()) == 1
        lists = calls().count("requests.list")
        # The page ahead may have been asked for before the loop was left, and no other one was.
        assert lists == 2 if not prefetch else lists in (2, 3)


def test_leaving_an_async_loop_ends_the_reading(sandbox, calls):
    async def main():
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as connect:
            async for _ in connect.requests.list(page_size=10, prefetch=False):
                break
            await connect.assets.list().first()

    asyncio.run(main())
    assert calls() == ["requests.list", "assets.list"]


def test_a_closed_client_reads_no_further(sandbox, calls):
    connect = cloudblue.Client(**sandbox.cloudblue)
    rows = iter(connect.requests.list(page_size=10, prefetch=False))
    next(rows)
    connect.close()
    assert len(list(islice(rows, 9))) == 9
    with pytest.raises(tenantry.ConfigError, match="closed"):
        next(rows)
    with pytest.raises(tenantry.ConfigError, match="closed"):
        connect.requests.list()
    assert calls() == ["requests.list"]


def test_an_error_in_the_midst_is_raised_there(sandbox, connect):
    pages = connect.requests.list(page_size=10, prefetch=False, max_retries=0).pages()
    assert len(next(pages)) == 10
    sandbox.fault(operation="cloudblue.requests.list", status=503)
    with pytest.raises(tenantry.InternalServerError) as raised:
        next(pages)
    assert raised.value.operation == "cloudblue.requests.list"


def test_events_of_a_list_reach_their_listener(connect):
    seen = []
    listed = connect.requests.list(page_size=40, on_event=seen.append)
    listed.to_list()
    assert {event.operation for event in seen} == {"cloudblue.requests.list"}
    seen.clear()
    listed.count()
    assert [event.kind for event in seen] == ["attempt"]


def test_a_notebook_reads_one_page(connect, calls):
    listed = connect.requests.list(product_id="PRD-1", page_size=10)
    html = listed._repr_html_()
    assert calls() == ["requests.list"]
    rows = listed.to_list()
    assert html.startswith("<table>")
    assert all(request.id in html for request in rows[:10])
    assert rows[10].id not in html
    assert html.count("<tr>") == 11


def test_a_notebook_shows_why_a_list_cannot_be_read(sandbox, connect):
    sandbox.fault(operation="cloudblue.requests.list", status=403)
    html = connect.requests.list(max_retries=0)._repr_html_()
    assert html.startswith("<pre>PermissionDeniedError: ")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"limit": 5}, "page_size"),
        ({"created__gte": "2026-01-01T00:00:00Z"}, "calls it ge"),
        ({"produkt_id": "PRD-1"}, "produkt_id"),
        ({"page_size": 0}, "page_size"),
        ({"order_by": "a b"}, "order_by"),
        ({"query": "eq(status,pending)"}, "R.raw"),
        ({"status": 3}, "status"),
    ],
)
def test_wrong_arguments_are_told_at_once(connect, calls, wrong, says):
    with pytest.raises(tenantry.ValidationError, match=says):
        connect.requests.list(**wrong)
    assert calls() == []


def test_a_list_below_another_thing_takes_its_id(connect):
    templates = connect.templates.list("PRD-1", scope="asset").to_list()
    assert {"TL-1", "TL-2"} <= {template.id for template in templates}
    asset = connect.assets.list(status="active").first()
    assert asset is not None
    assert all(isinstance(row, cloudblue.Request) for row in connect.assets.requests(asset.id))
    with pytest.raises(tenantry.ValidationError, match=r"asset_id|id"):
        connect.assets.requests("AS-1/../x")
    with pytest.raises(tenantry.ValidationError, match="page_size"):
        connect.assets.requests(asset.id, limit=3)


def test_order_and_selection(connect):
    newest = connect.requests.list(status="any", order_by="-created", max_items=30).to_list()
    instants = [request.created for request in newest]
    assert instants == sorted(instants, reverse=True)
    bare = connect.requests.list(select=["-asset", "-events"], max_items=1).first()
    assert bare is not None
    assert (bare.asset, bare.events) == (None, None)
    both = connect.requests.list(status=("approved", "failed")).to_list()
    assert {request.status for request in both} == {"approved", "failed"}


def test_a_list_cannot_be_pickled(connect):
    with pytest.raises(TypeError, match="to_list"):
        pickle.dumps(connect.requests.list())
