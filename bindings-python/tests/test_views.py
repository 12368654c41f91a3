"""Records are views of the page that they came in: what that must not change, and what it costs."""

from __future__ import annotations

import gc
import inspect
import os
import pickle
import pydoc
import subprocess
import sys
import threading
from typing import ClassVar

import pytest

from tenantry import _native, cloudblue
from tenantry.cloudblue import models

REQUEST = """{ "id": "PR-1", "type": "purchase", "asset": {"id": "AS-1", "tiers": {"customer": {"id": "TA-1",
 "tier1": {"id": "TA-2", "tier1": {}}}}, "items": [{"mpn": "M-1", "quantity": "1"}, {"mpn": "M-\\u0032"}],
 "params": []}, "created": "2026-01-01T00:00:00.5Z", "contract": {}, "template": "odd", "new": 1.50 }"""


@pytest.fixture
def request_():
    return cloudblue.Request(REQUEST)


def test_records_within_a_record_are_read_where_they_lie(request_):
    asset = request_.asset
    assert isinstance(asset, cloudblue.Asset)
    assert asset.raw.startswith('{"id": "AS-1"')
    assert [item.mpn for item in asset.items] == ["M-1", "M-2"]
    assert isinstance(asset.items, list)
    assert (asset.params, asset.product, request_.contract, request_.template) == ([], None, None, "odd")
    assert str(request_.created) == "2026-01-01 00:00:00.500000+00:00"


def test_an_account_within_an_account_is_one(request_):
    customer = request_.asset.tiers.customer
    assert isinstance(customer.tier1, models.Tier)
    assert (customer.tier1.id, customer.tier1.tier1, customer.tier1.tier2) == ("TA-2", None, None)


def test_a_record_of_a_list_is_the_one_read_alone():
    listed = _native.records(cloudblue.Request, f"[{REQUEST}, 7, {REQUEST}]")
    alone = cloudblue.Request(REQUEST)
    assert listed[0] == listed[2] == alone
    assert listed[2].raw == REQUEST
    assert listed[2].asset == alone.asset
    assert listed[2].asset.items == alone.asset.items
    assert repr(listed[2]) == repr(alone)
    assert listed[2].extra == alone.extra
    assert pickle.loads(pickle.dumps(listed[2].asset.items[1])) == alone.asset.items[1]
    assert (listed[1].id, listed[1].raw) == (None, "7")


def test_a_detached_record_is_equal_and_by_itself(request_):
    item = request_.asset.items[1]
    detached = item.detach()
    assert type(detached) is cloudblue.Item
    assert detached is not item
    assert (detached, detached.raw, detached.mpn) == (item, item.raw, "M-2")
    assert detached.detach() is detached


def test_words_that_repeat_are_one_object():
    first, second = _native.records(models.Param, '[{"type": "text", "id": "a1"}, {"type": "text", "id": "a1"}]')
    assert first.type is second.type
    assert [models.Param(f'{{"type": "{n}"}}').type for n in range(20)] == [str(n) for n in range(20)]


def test_a_field_shows_its_documentation():
    assert inspect.getdoc(cloudblue.Request.status).startswith("Its status")
    assert cloudblue.Request.status.fget.__annotations__ == {"return": "str | None"}
    assert cloudblue.Request.status.__name__ == "status"
    assert inspect.isdatadescriptor(cloudblue.Request.status)
    assert "Its parameters" in pydoc.render_doc(cloudblue.Asset)


def test_a_field_cannot_be_set_or_removed(request_):
    with pytest.raises(AttributeError, match="status cannot be set"):
        request_.status = "approved"
    with pytest.raises(AttributeError):
        del request_.status
    with pytest.raises(TypeError):
        cloudblue.Request.status.__get__(7)


class Mine(cloudblue.Request):
    @property
    def id(self):
        return "mine " + (super().id or "")

    label = "text"


class Other(cloudblue.Request):
    """Names other fields than its model."""

    _fields = (("new", "value", None), ("id", "value", None), ("asset", "record", cloudblue.Asset))

    @property
    def new(self):
        return self._get(0)


def test_a_class_made_from_a_model_is_one():
    mine = Mine(REQUEST)
    assert (mine.id, mine.type, mine.asset.id, mine.label) == ("mine PR-1", "purchase", "AS-1", "text")
    other = Other(REQUEST)
    assert (str(other.new), other.id, other.asset.id, other.type) == ("1.50", "PR-1", "AS-1", None)
    assert mine != other


def test_a_class_that_names_what_cannot_be_read_is_refused():
    for fields in (
        (("id", "values", None),),
        (("id", "record", None),),
        (('"', "value", None),),
        (("a", "list", int),),
    ):
        with pytest.raises(TypeError):
            type("Bad", (_native.Record,), {"_fields": fields})
    with pytest.raises(TypeError, match=r"no model cloudblue\.Ghost"):
        type("Ghost", (_native.Record,), {"_fields": (), "_model": ("cloudblue", "Ghost")})
    with pytest.raises(TypeError, match="not those of its model"):
        type("Request", (_native.Record,), {"_fields": (), "_model": ("cloudblue", "Request")})
    with pytest.raises(TypeError, match="no class of records"):
        _native.records(int, "[]")


def test_a_record_of_no_model_has_no_fields():
    record = _native.Record('{"a": 1}')
    assert (record.to_dict(), record.extra, repr(record)) == ({"a": 1}, {"a": 1}, "Record()")
    with pytest.raises(TypeError):
        _native.Record()
    with pytest.raises(ValueError, match="JSON"):
        _native.Record("{")


def test_text_is_read_as_the_standard_library_reads_it():
    text = '{"a": [1, -0, 1e2, 12345678901234567890, true, null, {}, [], {"b\\"": "\\ud83d\\ude00\\ud800"}], "a ": 2}'
    record = cloudblue.Request(f" {text} ")
    import json
    from decimal import Decimal

    assert record.to_dict() == json.loads(text, parse_float=Decimal)


def test_rows_outlive_their_list_and_their_client(sandbox):
    with cloudblue.Client(**sandbox.cloudblue) as client:
        rows = client.requests.list(product_id="PRD-1", page_size=10).to_list()
        page = next(client.requests.list(product_id="PRD-1", page_size=10).pages())
    del client
    gc.collect()
    assert [row.asset.product.id for row in rows] == ["PRD-1"] * len(rows)
    assert page[3].asset.items == rows[3].asset.items


def test_threads_read_one_page_at_once(connect):
    page = next(connect.requests.list(product_id="PRD-1", page_size=100).pages())
    wanted = [(row.id, row.asset.id, row.created, repr(row)) for row in page]
    wrong = []

    def read():
        wrong.extend(
            row
            for _ in range(20)
            for row, known in zip(page, wanted, strict=True)
            if (row.id, row.asset.id, row.created, repr(row)) != known
        )

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork() here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_reads_the_rows_of_its_parent(connect):
    page = next(connect.requests.list(product_id="PRD-1", page_size=100).pages())
    child = os.fork()
    if child == 0:
        found = [row.asset.id for row in page]
        del page
        os._exit(0 if all(found) and cloudblue.Request(REQUEST).asset.detach().id == "AS-1" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


MEMORY = """
import gc, sys, tenantry
from tenantry import cloudblue

def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

with tenantry.Sandbox.start() as sandbox, cloudblue.Client(**sandbox.cloudblue) as connect:
    sandbox.generate(requests=5000, product_id="PRD-1", type="purchase", status="pending", clear=True)
    listed = connect.requests.list(product_id="PRD-1", page_size=500)
    kept, marks, rows = [], [], 0
    for _ in range(int(sys.argv[1])):
        for row in listed:
            rows += 1
            if row.asset.id and rows % 1000 == 0:
                kept.append(row.detach() if sys.argv[2] == "detached" else row.id)
        gc.collect()
        marks.append(rss())
    assert len(kept) == rows // 1000
    print(rows, marks[2], marks[-1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("keep", ["nothing", "detached"])
def test_memory_stays_flat_while_a_hundred_thousand_rows_are_read(keep):
    told = subprocess.run([sys.executable, "-c", MEMORY, "20", keep], check=True, capture_output=True, text=True)
    rows, early, late = map(float, told.stdout.split())
    assert rows == 100_000
    # A page is two megabytes: keeping a row of each thousand with its page would be two hundred.
    assert late - early < 40, told.stdout


class Counted(_native.Record):
    _fields: ClassVar = (("id", "value", None), ("items", "list", cloudblue.Item))


def test_a_class_written_by_hand_reads_lists_of_models():
    counted = Counted('{"items": [{"mpn": "M-1"}, {}], "id": "x"}')
    assert [item.mpn for item in counted._get(1)] == ["M-1", None]
    assert counted._get(0) == "x"
    with pytest.raises(IndexError):
        counted._get(2)
