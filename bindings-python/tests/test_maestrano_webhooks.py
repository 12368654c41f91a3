"""Webhooks as the shared vectors say (`tests/vectors/maestrano_webhooks.json`), and adapters without a server."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import os
import pickle
import re
import traceback
from pathlib import Path

import pytest

import tenantry
from tenantry import maestrano

VECTORS = json.loads((Path(__file__).parents[2] / "tests/vectors/maestrano_webhooks.json").read_text())


class World:
    """The vectors with credentials of this run."""

    def __init__(self):
        names = [row["api"]["id"].removeprefix("$").removesuffix(".id") for row in VECTORS["marketplaces"]]
        self.secrets = {}
        for name in names:
            self.secrets[f"${name}.id"] = f"app-{os.urandom(8).hex()}"
            self.secrets[f"${name}.key"] = f"{os.urandom(8).hex()}:{os.urandom(8).hex()}"
        self.vectors = self.fill(VECTORS)
        text = json.dumps({"marketplaces": self.vectors["marketplaces"]})
        self.marketplaces = maestrano.Marketplaces.from_json(text, trusted_hosts=["example"])
        self.webhooks = self.marketplaces.webhooks

    def fill(self, value):
        if isinstance(value, str):
            for name, secret in self.secrets.items():
                value = value.replace(name, secret)
            return re.sub(r"\$base64\((.*?)\)", lambda found: base64.b64encode(found[1].encode()).decode(), value)
        if isinstance(value, list):
            return [self.fill(item) for item in value]
        return {key: self.fill(item) for key, item in value.items()} if isinstance(value, dict) else value

    def check_silence(self, *shown):
        halves = {half for secret in self.secrets.values() for half in secret.split(":")}
        assert not [half for half in halves for text in shown if half in text]


@pytest.fixture(scope="module")
def world():
    return World()


def matches(expected, found, place):
    if isinstance(expected, dict):
        for key, value in expected.items():
            matches(value, found[key], f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(expected) == len(found), place
        for index, pair in enumerate(zip(expected, found, strict=True)):
            matches(*pair, f"{place}[{index}]")
    else:
        assert expected == found, place


def unwrapped(world, request):
    given = dict(request)
    spaces, body = given.pop("body_spaces", None), given.pop("body", "")
    encoded = given.pop("body_base64", None)
    if encoded is not None:
        try:
            body = base64.b64decode(encoded, validate=True)
        except ValueError:
            pytest.skip("a caller of this language gives bytes, not base64")
    body = b" " * spaces if spaces is not None else body
    limit = {"max_body_bytes": given.pop("max_body_bytes")} if "max_body_bytes" in given else {}
    return world.webhooks.unwrap(given["method"], given["path"], given["headers"], body, **limit)


def test_the_vectors_are_what_this_runner_knows():
    assert set(VECTORS) == {"about", "marketplaces", "cases", "orders", "replies", "masks", "unmasks"}
    keys = {"name", "request", "event", "text_holds", "dedupe_key", "same_key_as", "refused"}
    assert {key for case in VECTORS["cases"] for key in case} <= keys
    assert len(VECTORS["cases"]) > 60


def test_every_request_is_taken_or_refused_as_the_vectors_say(world):
    keys = {}
    for case in world.vectors["cases"]:
        name = case["name"]
        if "refused" in case:
            with pytest.raises(tenantry.WebhookError) as raised:
                unwrapped(world, case["request"])
            error = raised.value
            assert error.details == case["refused"], name
            assert error.reason == case["refused"]["reason"], name
            matches(case["refused"]["reply"], error.reply.to_dict(), name)
            world.check_silence(str(error), repr(error), repr(error.reply))
            continue
        event = unwrapped(world, case["request"])
        matches(case["event"], event.to_dict(), name)
        assert all(part in event.raw for part in case.get("text_holds", ())), name
        assert event.dedupe_key == case.get("dedupe_key", event.dedupe_key), name
        if "same_key_as" in case:
            assert keys[event.dedupe_key] == case["same_key_as"], name
        else:
            assert keys.setdefault(event.dedupe_key, name) == name
        world.check_silence(repr(event), event.raw)


def test_what_is_signed_is_taken(world):
    for case in world.vectors["orders"]:
        name, order = case["name"], dict(case["order"])
        kind, marketplace = order.pop("type", None), order.pop("marketplace", None)
        if kind is None or marketplace is None or set(order) - {"group_id", "user_id", "entities", "opts"}:
            assert "refused" in case, name  # a TypeError in this language
            continue
        if "refused" in case:
            with pytest.raises((tenantry.ValidationError, tenantry.ConfigError)) as raised:
                world.webhooks.sign(kind, marketplace=marketplace, **order)
            assert raised.value.code == case["refused"]["code"], name
            assert raised.value.details.get("field") == case["refused"].get("field"), name
            continue
        signed = world.webhooks.sign(kind, marketplace=marketplace, **order)
        matches(case.get("request", {}), signed.to_dict(), name)
        world.check_silence(repr(signed), signed._repr_html_())
        event = world.webhooks.unwrap(signed.method, signed.path, signed.headers, signed.body)
        matches(case.get("event", {}), event.to_dict(), name)


def test_replies_and_masks(world):
    for case in world.vectors["replies"]:
        matches(case["reply"], world.webhooks.reply(**case["arguments"]).to_dict(), str(case))
    for user, group, masked in world.vectors["masks"]:
        assert world.webhooks.mask_user(user, group) == masked
    for masked, user in world.vectors["unmasks"]:
        assert world.webhooks.unmask_user(masked) == user


def test_headers_and_bodies_come_in_every_form_that_frameworks_give(world):
    signed = world.webhooks.sign("connec_notification", marketplace="maestrano", entities={"people": [{"name": "ü"}]})
    pairs = list(signed.headers.items())
    forms = [signed.headers, pairs, iter(pairs), [(name.encode(), value.encode()) for name, value in pairs]]
    for headers in forms:
        assert world.webhooks.unwrap("POST", signed.path, headers, signed.body).type == "connec_notification"
    for body in (signed.body.encode(), bytearray(signed.body.encode()), memoryview(signed.body.encode())):
        assert world.webhooks.unwrap("post", signed.path, signed.headers, body).groups
    with pytest.raises(tenantry.WebhookError) as raised:
        world.webhooks.unwrap("POST", signed.path, signed.headers, b'{"people": "\xff"}')
    assert raised.value.reply.status == 400


def test_a_refusal_pickles_and_its_traceback_shows_no_credentials(world):
    def forged():
        header = base64.b64encode(b":".join(part.encode() for part in ("app-1", os.environ["FORGED"]))).decode()
        return {"authorization": f"Basic {header}"}

    os.environ["FORGED"] = os.urandom(12).hex()
    with pytest.raises(tenantry.WebhookError) as raised:
        world.webhooks.unwrap("DELETE", "/maestrano/account/groups/cld-4/maestrano-dev", forged(), b"")
    trace = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format())
    value = os.environ.pop("FORGED")
    assert value not in trace
    assert base64.b64encode(value.encode()).decode()[4:-4] not in trace
    again = pickle.loads(pickle.dumps(raised.value))
    assert (again.reason, again.reply.status) == ("wrong_credentials", 401)


def called(app, signed, **environ):
    """What a WSGI app answers."""
    answers = []
    path, _, query = signed.path.partition("?")
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in signed.headers.items()}
    body = signed.body.encode()
    given = {
        "REQUEST_METHOD": signed.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **headers,
        **environ,
    }
    body = b"".join(app(given, lambda status, headers: answers.append((status, dict(headers)))))
    ((status, headers),) = answers
    return int(status.split()[0]), headers, body


class Endless(io.RawIOBase):
    """A body without an end, which counts what is taken of it."""

    taken = 0

    def readable(self):
        return True

    def read(self, size=-1):
        assert size >= 0, "it is read to its end"
        self.taken += size
        return b" " * size


def test_a_wsgi_app_reads_no_more_than_the_limit(world):
    app = world.webhooks.wsgi(lambda event: None, max_body_bytes=1000)
    signed = world.webhooks.sign("group_deleted", marketplace="maestrano", group_id="cld-4")
    body = Endless()
    assert called(app, signed, CONTENT_LENGTH="1001", **{"wsgi.input": body})[0] == 413
    assert body.taken == 0
    assert called(app, signed, CONTENT_LENGTH="", **{"wsgi.input": body, "wsgi.input_terminated": True})[0] == 413
    assert body.taken == 1001
    # Without a length and a sign of its end, nothing is read: it would wait for ever.
    assert called(app, signed, CONTENT_LENGTH="", **{"wsgi.input": body})[0] == 200
    assert body.taken == 1001


def test_a_wsgi_path_is_the_one_that_arrived_where_the_server_tells_it(world):
    told = []
    app = world.webhooks.wsgi(told.append)
    signed = world.webhooks.sign("group_deleted", marketplace="maestrano", group_id="cld-4")
    escaped = signed.path.replace("cld-4", "cld%2D4")
    for environ in (
        {"SCRIPT_NAME": "/maestrano", "PATH_INFO": signed.path.removeprefix("/maestrano")},
        {"PATH_INFO": "/elsewhere", "RAW_URI": escaped},
        {"PATH_INFO": "/elsewhere", "REQUEST_URI": f"http://app.example{escaped}"},
    ):
        assert called(app, signed, **environ)[0] == 200, environ
    assert [event.group_id for event in told] == ["cld-4"] * 3


def test_what_a_handler_returns_decides_the_reply(world):
    answers = {}
    app = world.webhooks.wsgi(lambda event: answers["now"])
    deleted = world.webhooks.sign("group_deleted", marketplace="some-telco", group_id="cld-4")
    status = world.webhooks.sign("synchronization_status", marketplace="some-telco", group_id="cld-4")
    start = world.webhooks.sign("synchronization_start", marketplace="some-telco", group_id="cld-4")
    running = {"sync_enabled": True, "status": "RUNNING"}
    for signed, returned, expected in (
        (deleted, None, 200),
        (deleted, True, 200),
        (deleted, False, 204),
        (deleted, running, 500),
        (deleted, "yes", 500),
        (start, None, 201),
        (status, running, 200),
        (status, False, 404),
        (status, {"sync_enabled": True, "status": "SLEEPING"}, 500),
    ):
        answers["now"] = returned
        assert called(app, signed)[0] == expected, (signed.path, returned)


def test_an_asgi_app_lives_and_ends_with_its_server(world):
    app = world.webhooks.asgi(lambda event: None)
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent = []

    async def receive():
        return incoming.pop(0)

    async def send(message):
        sent.append(message["type"])

    async def gone():
        return {"type": "http.disconnect"}

    asyncio.run(app({"type": "lifespan"}, receive, send))
    asyncio.run(app({"type": "websocket"}, receive, send))
    asyncio.run(app({"type": "http", "method": "POST", "path": "/", "headers": []}, gone, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]


def test_adapters_import_no_framework(program):
    out = program.run(
        """
import sys
from tenantry import maestrano
marketplaces = maestrano.Marketplaces.from_json('{"marketplaces": []}')
for adapter in (marketplaces.webhooks.asgi, marketplaces.webhooks.wsgi, marketplaces.webhooks.django):
    adapter(lambda event: None)
print(sorted(name for name in sys.modules if name.split(".")[0] in ("django", "flask", "fastapi", "starlette")))
"""
    )
    assert out == "[]\n"
