"""Fields of a list without its rows: as tuples, and as Arrow columns for data frames."""

from __future__ import annotations

import asyncio
import gc
from datetime import timezone

import polars as pl
import pyarrow as pa
import pytest

import tenantry
from tenantry import ValidationError, cloudblue

NAMES = (
    "id",
    "type",
    "created",
    "asset.id",
    "asset.product.id",
    "asset.tiers.customer.contact_info.contact.email",
    "asset.items",
)


def expected(request):
    customer = request.asset.tiers.customer
    contact = ((customer.contact_info if customer else None) or {}).get("contact") or {}
    items = [item.to_dict() for item in request.asset.items]
    product = request.asset.product.id
    return (request.id, request.type, request.created, request.asset.id, product, contact.get("email"), items)


def test_values_are_those_of_the_rows(connect):
    listed = connect.requests.list(product_id="PRD-1", page_size=20)
    rows = list(listed.values(*NAMES))
    assert rows == [expected(request) for request in listed]
    assert len(rows) >= 60
    assert rows[0][2].tzinfo is not None


def test_one_name_gives_tuples_of_one_and_a_record_is_a_dictionary(connect):
    listed = connect.requests.list(product_id="PRD-1", max_items=3)
    assert list(listed.values("id")) == [(request.id,) for request in listed]
    (asset,) = next(listed.values("asset"))
    assert asset == listed.first().asset.to_dict()
    # Nothing in a record means that there is none, and what the wire has not is none.
    assert {type(contract) for (contract,) in listed.values("contract")} <= {dict, type(None)}
    assert list(listed.values("asset.tiers.customer.tier1.tier1.id")) == [(None,)] * 3


def test_a_name_that_rows_have_not_is_refused_before_any_request(connect, calls):
    listed = connect.requests.list(product_id="PRD-1")
    for read in (listed.values, listed.columns):
        with pytest.raises(ValidationError, match="Asset has no field") as caught:
            read("id", "asset.serial")
        assert "external_id" in caught.value.hint
        assert caught.value.outcome == "not_sent"
    with pytest.raises(ValidationError):
        listed.columns()
    assert calls() == []


def test_the_same_awaited(sandbox, connect):
    wanted = list(connect.requests.list(product_id="PRD-1").values(*NAMES))
    table = pa.table(connect.requests.list(product_id="PRD-1").columns(*NAMES))

    async def main():
        async with cloudblue.AsyncClient(**sandbox.cloudblue) as client:
            listed = client.requests.list(product_id="PRD-1", page_size=7)
            assert [row async for row in listed.values(*NAMES)] == wanted
            assert pa.table(await listed.columns(*NAMES)).equals(table)
            assert len(await listed.to_arrow()) == len(wanted)
            with pytest.raises(ValidationError):
                listed.values("nothing")

    asyncio.run(main())


def test_columns_are_what_pyarrow_reads(connect):
    listed = connect.requests.list(product_id="PRD-1", page_size=20, max_items=50)
    columns = listed.columns("id", "created", "asset.product.id", "asset.items", "reason")
    assert isinstance(columns, tenantry.Columns)
    assert len(columns) == 50
    assert columns.names == ["id", "created", "asset.product.id", "asset.items", "reason"]
    assert repr(columns) == "Columns(50 rows: id, created, asset.product.id, asset.items, reason)"
    table = pa.table(columns)
    table.validate(full=True)
    text = pa.string()
    assert table.schema.types == [text, pa.timestamp("us", "UTC"), text, text, text]
    assert table.num_rows == 50
    # A page each, not copied together.
    assert table.column(0).num_chunks == 3
    rows = list(listed)
    assert table.column("id").to_pylist() == [row.id for row in rows]
    created = table.column("created").to_pylist()
    assert [time.astimezone(timezone.utc) for time in created] == [row.created for row in rows]
    assert table.column("asset.items").to_pylist()[0].startswith('[{"')
    assert table.column("reason").to_pylist() == [row.reason for row in rows]


def test_columns_outlive_all_and_can_be_read_again(sandbox):
    with cloudblue.Client(**sandbox.cloudblue) as client:
        columns = client.requests.list(product_id="PRD-1", page_size=20).columns("id", "type")
    tables = [pa.table(columns) for _ in range(3)]
    schema = pa.schema(columns)
    # Capsules that nobody reads, and a reading that is left, give up what they hold.
    columns.__arrow_c_stream__()
    columns.__arrow_c_schema__()
    next(iter(pa.RecordBatchReader.from_stream(columns)))
    length = len(columns)
    del columns, client
    gc.collect()
    assert tables[0].equals(tables[1])
    assert tables[2].schema == schema
    assert tables[2].num_rows == length


def test_a_list_of_none_has_columns(connect):
    none = connect.requests.list(product_id="PRD-9").columns("id", "created")
    assert len(none) == 0
    assert pa.table(none).num_rows == 0
    assert pl.DataFrame(none).shape == (0, 2)


def test_to_arrow_has_the_plain_fields_and_none_that_may_be_secret(connect):
    frame = pl.DataFrame(connect.requests.list(product_id="PRD-1").to_arrow())
    assert frame.height >= 60
    assert {"id", "status", "created"} <= set(frame.columns)
    assert not {"asset", "contract"} & set(frame.columns)
    assert frame.schema["created"] == pl.Datetime("us", "UTC")
    assert frame.schema["already_applied"] == pl.Boolean


def test_memory_of_columns_is_given_back(connect):
    listed = connect.requests.list(product_id="PRD-1", page_size=20)
    before = pa.total_allocated_bytes()
    for _ in range(50):
        table = pa.table(listed.columns("id", "asset.items"))
        assert table.num_rows >= 60
    del table
    gc.collect()
    # Not copied: pyarrow holds what is ours.
    assert pa.total_allocated_bytes() - before < 1_000_000
