"""Models are views of a reply, whichever class holds the data: all tests run over two."""

from __future__ import annotations

import copy
import importlib.util
import json
import pickle
import sys
import types
from decimal import Decimal

import pytest

from tenantry import _native
from tenantry.magento_bi import models as text_models


class SlotRecord:
    """A stand-in for `Record` that parses at once and holds one value per slot."""

    __slots__ = ("_slots", "_text")
    _fields = ()

    def __init__(self, text):
        data = json.loads(text, parse_float=Decimal)
        object.__setattr__(self, "_text", text)
        object.__setattr__(
            self, "_slots", [self._read(data.get(name), kind, model) for name, kind, model in self._fields]
        )

    @staticmethod
    def _read(value, kind, model):
        if kind == "record" and isinstance(value, dict):
            return model(json.dumps(value))
        if kind == "list" and isinstance(value, list):
            return [model(json.dumps(item)) for item in value]
        return value

    def __setattr__(self, name, value):
        raise AttributeError(name)

    def _get(self, slot):
        return self._slots[slot]

    def to_dict(self):
        return json.loads(self._text, parse_float=Decimal)

    def to_json(self):
        return self._text

    raw = property(to_json)

    @property
    def extra(self):
        known = {name for name, _, _ in self._fields}
        return {name: value for name, value in self.to_dict().items() if name not in known}

    def __eq__(self, other):
        return self.to_dict() == other.to_dict() if type(self) is type(other) else NotImplemented

    __hash__ = None

    def __repr__(self):
        shown = []
        for slot, (name, kind, _) in enumerate(self._fields):
            if name in self.to_dict():
                value = self._slots[slot]
                secret = kind == "secret" and value is not None
                text = f"{{…{len(value)}}}" if isinstance(value, dict) else repr(value)
                shown.append(f"{name}={'***' if secret else text!s}" if not secret else f"{name}='***'")
        return f"{type(self).__name__}({', '.join(shown)})"

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return type(self), (self._text,)


def over_slots():
    """The generated models with the stand-in beneath."""
    native = types.ModuleType("tenantry._native")
    native.Record = SlotRecord
    spec = importlib.util.spec_from_file_location("slot_models", text_models.__file__)
    module = importlib.util.module_from_spec(spec)
    module.__package__ = "tenantry.magento_bi"
    real = sys.modules["tenantry._native"]
    sys.modules["slot_models"] = module
    try:
        sys.modules["tenantry._native"] = native
        spec.loader.exec_module(module)
    finally:
        sys.modules["tenantry._native"] = real
    return module


@pytest.fixture(params=["text", "slots"], scope="module")
def models(request):
    return text_models if request.param == "text" else over_slots()


JOB = (
    '{"id": null, "status": {"name": "Queued", "id": 1}, "type": {"id": 27, "new": [1]}, '
    '"ratio": 10.10, "big": 9007199254740993}'
)


def test_fields_are_attributes_and_missing_ones_none(models):
    job = models.Job(JOB)
    assert (job.id, job.status.id, job.status.name) == (None, 1, "Queued")
    assert (job.type.id, job.type.name, job.start, job.end) == (27, None, None, None)
    assert isinstance(job.status, models.Label)


def test_what_the_model_does_not_name_is_kept_exactly(models):
    job = models.Job(JOB)
    assert job.extra == {"ratio": Decimal("10.10"), "big": 9007199254740993}
    assert str(job.extra["ratio"]) == "10.10"
    assert job.type.extra == {"new": [1]}
    assert job.raw == job.to_json() == JOB
    assert job.to_dict()["status"] == {"name": "Queued", "id": 1}


def test_equal_by_content_not_by_spelling(models):
    assert models.Signup('{"id":1,"url":"\\u0061"}') == models.Signup('{ "url": "a", "id": 1 }')
    assert models.Signup('{"id":1}') != models.Signup('{"id":"1"}')
    assert models.AutodashJob('{"id":1}') != models.Signup('{"id":1}')
    assert models.Signup('{"id":1}') != {"id": 1}
    with pytest.raises(TypeError):
        hash(models.Signup('{"id":1}'))


def test_frozen(models):
    signup = models.Signup('{"id":1}')
    with pytest.raises(AttributeError):
        signup.id = 2
    with pytest.raises(AttributeError):
        signup.other = 2
    signup.to_dict()["id"] = 2
    assert signup.id == 1


def test_copies_and_pickles_are_equal(models):
    job = models.Job(JOB)
    assert copy.copy(job) == copy.deepcopy(job) == job
    assert copy.deepcopy({"jobs": [job]}) == {"jobs": [job]}
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(job, protocol))
        assert back == job
        assert back.raw == JOB


def test_repr_masks_secrets_and_sizes_maps(models):
    token = models.Token('{"access_token": "canary-canary", "refresh_token": null, "id": 7}')
    assert token.access_token == "canary-canary"
    assert "canary" not in repr(token)
    assert "access_token='***'" in repr(token)
    assert "refresh_token=None" in repr(token)
    connection = models.Connection('{"id": 1, "properties": {"encryption_groupSecret": "canary"}}')
    assert repr(connection) == "Connection(id=1, properties={…1})"


def test_maps_and_unicode(models):
    record = models.ClientRecord('{"id":"ä\\ud83d\\ude00","name":"\\"","properties":{"a":null,"b":{"c":[1.5]}}}')
    assert (record.id, record.name) == ("ä😀", '"')
    assert record.properties == {"a": None, "b": {"c": [Decimal("1.5")]}}


def test_the_last_of_equal_keys_counts(models):
    assert models.Signup('{"id":1,"id":2}').id == 2


def test_html_is_escaped():
    shown = text_models.Signup('{"id":"<script>","url":"&"}')._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_long_texts_are_cut_in_displays():
    shown = repr(text_models.SignupStatus(json.dumps({"status": "x" * 500})))
    assert len(shown) < 100
    assert "…" in shown


def test_a_list_of_records_keeps_each_text():
    jobs = _native.records(text_models.Job, f'[ {JOB} , {{"id":2,"status":{{}}}} ]')
    assert [job.raw for job in jobs] == [JOB, '{"id":2,"status":{}}']
    assert _native.records(text_models.Job, "[]") == []


def test_a_field_of_another_shape_is_given_as_it_is():
    assert text_models.Job('{"status": "odd"}').status == "odd"


def test_lone_surrogates_do_not_break_reading():
    assert text_models.Signup('{"id":"\\ud800"}').id == "\ud800"
