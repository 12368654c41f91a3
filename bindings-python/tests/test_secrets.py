"""The canary test: every secret is a text that occurs nowhere else, and nothing that can be seen holds it."""

from __future__ import annotations

import base64
import io
import json
import logging
import os
import urllib.parse

import pytest

import tenantry
from canaries import Canaries, Corpus
from canaries_maestrano import bills
from tenantry import Secret, cloudblue, maestrano, magento_bi
from tenantry.secret import Secret as SecretClass


def explore(canaries, corpus, monkeypatch, tmp_path):
    """Uses everything that takes or meets a secret, well and badly."""
    screen = io.StringIO()
    handler = logging.StreamHandler(screen)
    log = logging.getLogger()
    before = log.level
    log.addHandler(handler)
    log.setLevel(1)
    monkeypatch.setattr("sys.unraisablehook", lambda entry: corpus.see("unraisable", repr(entry)))
    try:
        with tenantry.Sandbox.start(clock="virtual") as sandbox:
            inside(canaries, corpus, sandbox, tmp_path)
            requests(canaries, corpus, sandbox)
            bills(canaries, corpus, sandbox)
            corpus.see("journal", json.dumps(sandbox.journal()))
            corpus.see("state", json.dumps(sandbox.state()))
            corpus.look_at("sandbox", sandbox)
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        corpus.see("log", screen.getvalue())
    assert screen.getvalue().count("attempt") > 20


def settings_of(canaries, sandbox):
    given = sandbox.magento_bi
    canaries.add("password", given["password"])
    canaries.add("client secret", given["client_secret"])
    return {**given, "password": Secret(given["password"]), "client_secret": Secret(given["client_secret"])}


def inside(canaries, corpus, sandbox, tmp_path):
    settings = settings_of(canaries, sandbox)
    bi = magento_bi.Client(**sandbox.magento_bi, on_event=lambda event: corpus.look_at("event", event))
    corpus.look_at("client", bi)
    corpus.look_at("session", bi._session)
    token = bi.tokens.create()
    canaries.add("token", token.access_token)
    corpus.see("repr of token", repr(token) + token._repr_html_())

    calls(canaries, corpus, sandbox, bi)
    settings_gone_wrong(canaries, corpus, settings)
    flows(canaries, corpus, sandbox, bi, tmp_path)
    callbacks(canaries, corpus, settings)


def calls(canaries, corpus, sandbox, bi):
    def connect(**more):
        return bi.connections.create(
            1,
            name="n",
            display_name="n",
            type="mysql",
            credentials={
                "password": canaries.make("database password"),
                "encryption_password": canaries.make("encryption password"),
            },
            properties={"host": "h", "encryption_groupSecret": canaries.make("group secret")},
            **more,
        )

    corpus.catch("connection of no client", connect)
    sandbox.seed(client_id=1)
    corpus.see("connection", repr(connect()))
    corpus.catch("connection with a wrong option", lambda: connect(timeout=-1))
    corpus.catch("connection with a wrong type", lambda: connect(extra_headers={"x": 3}))
    for number, spoilt in enumerate(
        [
            {"status": 500},
            {"status": 422, "json": {"errors": {"password": "echo"}}},
            {"when": "after", "drop": True},
            {"when": "after", "cut_at": 60},
            {"status": 200, "body": "<html>", "content_type": "text/html"},
            {"hold": True},
            {"status": 307, "headers": {"location": "http://127.0.0.1:9/"}},
        ]
    ):
        sandbox.fault(operation="magento_bi.connections.create", **spoilt)
        corpus.catch(f"connection spoilt {number}", connect)
    for operation, call in (
        ("magento_bi.tokens.create", bi.tokens.create),
        ("magento_bi.tokens.create", lambda: bi.jobs.list_by_type(1, 5)),
        ("magento_bi.signups.get", lambda: bi.signups.get("s")),
        ("magento_bi.jobs.list_by_type", lambda: bi.jobs.list_by_type(1, 5)),
    ):
        sandbox.expire_tokens()
        sandbox.fault(operation=operation, status=400)
        corpus.catch(f"refused {operation}", call)
    # A server that repeats what it was sent.
    echo = json.dumps(
        {"message": f"bad password {canaries._all['password']}", "errors": [canaries._all["client secret"]]}
    )
    sandbox.fault(operation="magento_bi.tokens.create", status=422, body=echo, content_type="application/json")
    corpus.catch("an echo", bi.tokens.create)


def settings_gone_wrong(canaries, corpus, settings):
    def client(**wrong):
        return magento_bi.Client(
            username="u",
            password=canaries.make("other password"),
            oauth_client_id=1,
            client_secret=canaries.make("other client secret"),
            **wrong,
        )

    corpus.catch("plain http", lambda: client(base_url="http://api.example.com"))
    corpus.catch("a wrong number", lambda: client(max_retries=99))
    corpus.catch("a wrong time", lambda: client(timeout="soon"))
    corpus.catch("a wrong file", lambda: client(ca_file="/no/such/file"))

    def behind_a_proxy(port, **more):
        # In one expression: this function's own variables are in the tracebacks too.
        return magento_bi.Client(
            username="u",
            password="p",
            oauth_client_id=1,
            client_secret="s",
            proxy=f"http://user:{urllib.parse.quote(canaries.make('proxy password'), safe='')}@proxy.invalid:{port}",
            **more,
        )

    corpus.catch("a proxy of a bad port", lambda: behind_a_proxy(99999))
    with behind_a_proxy(1, extra_headers={"x-api-key": canaries.make("header").replace("ü", "u")}) as proxied:
        corpus.look_at("a client with a proxy", proxied)
        corpus.catch("a call through a proxy", lambda: proxied.signups.get("s", max_retries=0, timeout=2))
    with magento_bi.Client(**{**settings, "password": canaries.make("wrong password")}) as wrong:
        corpus.catch("a wrong password", wrong.tokens.create)
        corpus.catch("a flow with a wrong password", lambda: wrong.request("GET", "/v3/x"))


def spec_of(canaries, **more):
    return magento_bi.OnboardingSpec(
        company="Coco Co.",
        tier="T100",
        admin={"email": "csm@example.com", "first_name": "F", "last_name": "L", "role": "csm"},
        magento={"customer_id": "MAG0000001", "subscription_id": "1000"},
        user={"email": "u@example.com", "first_name": "F", "last_name": "L", "client_rights": {"admin": 1}},
        connection={
            "name": "store",
            "type": "mysql",
            "properties": {
                "host": "db.example.com",
                "port": "3306",
                "username": "magento",
                "dbName": "store",
                "encryption_groupSecret": canaries.make("group secret of the spec"),
            },
            "password": canaries.make("password of the spec"),
            "encryption_password": canaries.make("encryption password of the spec"),
        },
        dashboards={"package": "p", "database": "store"},
        **more,
    )


def flows(canaries, corpus, sandbox, bi, tmp_path):
    spec = spec_of(canaries)
    corpus.look_at("spec", spec)
    corpus.see("spec as a dict", repr(spec.to_dict()) + repr(spec.check()) + repr(spec.warnings()))
    path = tmp_path / f"{os.urandom(4).hex()}.json"
    flow = bi.onboardings.start(spec, path)
    for event in flow:
        corpus.look_at("flow event", event)
        corpus.look_at("flow", flow)
        corpus.see("status", repr(flow.status) + flow.checkpoint)
        corpus.see("checkpoint file", path.read_bytes() if path.exists() else b"")
    corpus.look_at("result", flow.result)
    corpus.see("result", repr(flow.result.to_dict()))
    corpus.catch("a checkpoint that exists", lambda: bi.onboardings.start(spec, path))
    corpus.catch("another spec", lambda: bi.onboardings.resume(spec_of(canaries, confirm_user=True), path).run())
    corpus.catch("a bad spec", lambda: bi.onboardings.start({**spec_of(canaries)._data, "tier": 3}))
    corpus.catch("a bad option", lambda: bi.onboardings.start(spec_of(canaries), poll={"min": -1}))
    corpus.catch("a need", lambda: bi.onboardings.start(spec_of(canaries, confirm_user=True)).run())

    class Broken:
        def load(self):
            return None

        def save(self, text):
            raise OSError("full")

    corpus.catch("a broken store", lambda: bi.onboardings.start(spec_of(canaries), Broken()).run())
    sandbox.fault(operation="magento_bi.connections.create", when="after", drop=True)
    bi.onboardings.start(spec_of(canaries)).run()
    sandbox.fault(operation="magento_bi.connections.create", status=422, json={"message": "no"})
    corpus.catch("a refused connection", lambda: bi.onboardings.start(spec_of(canaries)).run())


def callbacks(canaries, corpus, settings):
    def failing():
        raise LookupError("vault")

    settings = {**settings, "password": Secret.callback(lambda: canaries.make("password of a callback"))}
    with magento_bi.Client(**settings) as bi:
        corpus.look_at("a client with a callback", bi)
        corpus.catch("a callback's wrong password", bi.tokens.create)
    with magento_bi.Client(**{**settings, "password": Secret.callback(failing)}) as bi:
        corpus.catch("a callback that fails", bi.tokens.create)


def requests(canaries, corpus, sandbox):
    """Connect: its key, and passwords that are values of parameters."""
    canaries.add("api key", sandbox.cloudblue["api_key"].partition(":")[2])
    connect = cloudblue.Client(**sandbox.cloudblue, on_event=lambda event: corpus.look_at("event", event))
    corpus.look_at("connect", connect)
    corpus.look_at("connect's session", connect._session)
    listed = connect.requests.list(product_id="PRD-1", type="purchase")
    first, second, third, fourth = (request.id for request in listed.to_list()[:4])

    def password(name):
        return {"admin_password": canaries.make(name)}

    kept = connect.requests.set_param_values(first, values=password("password of a parameter"))
    param = kept.asset.param("admin_password")
    assert param is not None
    assert param.value in canaries._all.values()
    corpus.see("a request", repr(kept) + kept._repr_html_() + repr(kept.asset) + repr(param) + param._repr_html_())
    corpus.see("a list", repr(listed) + listed._repr_html_() + str(listed.first()))
    values_gone_wrong(canaries, corpus, sandbox, connect, request=first, password=password)
    corpus.see("outcome", repr(cloudblue.Approve(template_id="TL-1", params=password("password of an outcome"))))

    worker = connect.fulfillment_worker(product_ids=["PRD-1"], types=["purchase"], max_per_cycle=5)
    worker.handler(
        lambda request: {
            first: lambda: cloudblue.Approve(template_id="TL-1", params=password("password of an approval")),
            second: lambda: cloudblue.Approve(template_id="TL-9", params=password("password of a refusal")),
            third: lambda: cloudblue.Approve(template_id="TL-1", params={"nosuch": canaries.make("password of none")}),
            fourth: lambda: [cloudblue.Approve(template_id="TL-1", params=password("password of no outcome"))],
        }.get(request.id, cloudblue.Skip)()
    )
    dry = worker.run_once(dry_run=True)
    report = worker.run_once()
    assert (dry.decided, report.approved, report.error_count) == (4, 1, 2)
    for place, value in (("report", report), ("worker", worker), ("run", worker._run)):
        corpus.look_at(place, value)
    sandbox.fault(operation="cloudblue.requests.approve", status=401, times=None)
    corpus.catch("a run with a wrong key", worker.run)
    for job in worker.jobs():
        corpus.look_at("job", job)
        result = job.approve(template_id="TL-1", params=password("password of a job"))
        corpus.see("result", repr(result))
        corpus.catch(
            "a job twice", lambda job=job: job.approve(template_id="TL-1", params=password("password of a job again"))
        )
        break
    keys_gone_wrong(canaries, corpus, sandbox)


def values_gone_wrong(canaries, corpus, sandbox, connect, *, request, password):
    def update(**more):
        return connect.requests.update(
            request, params=[{"id": "admin_password", "value": canaries.make("password of an update")}], **more
        )

    for number, spoilt in enumerate(
        [
            {"status": 400, "json": {"error_code": "VAL_001", "errors": ["wrong"]}},
            {"status": 500, "times": 3},
            {"when": "after", "cut_at": 60, "times": 3},
            {"status": 200, "body": "<html>", "content_type": "text/html"},
        ]
    ):
        sandbox.fault(operation="cloudblue.requests.update", **spoilt)
        corpus.catch(f"update spoilt {number}", update)
    # A server that repeats what it was sent.
    canaries.make("password of an echo")

    def echoed():
        return next(reversed(canaries._all.values()))

    body = {"error_code": "VAL_001", "errors": [f"bad: {echoed()}!"], "params": {"x": echoed()}}
    sandbox.fault(operation="cloudblue.requests.update", status=400, json=body)
    del body
    corpus.catch(
        "an echo of a value",
        lambda: connect.requests.update(request, params=[{"id": "admin_password", "value": echoed()}]),
    )
    corpus.catch("a wrong option", lambda: update(timeout=-1))
    corpus.catch("a wrong field", lambda: connect.requests.update(request, params=[{"idd": "x", **password("odd")}]))
    corpus.catch("a wrong type", lambda: connect.requests.set_param_values(request, values=[password("in a list")]))
    corpus.catch(
        "no such parameter",
        lambda: connect.requests.set_param_values(request, values={"nosuch": canaries.make("password of nothing")}),
    )
    corpus.catch("a creation", lambda: connect.requests.create(type="purchase", asset={"params": [password("asset")]}))
    corpus.catch("the way out", lambda: connect.request("POST", "/nowhere", json=password("password of the way out")))


def keys_gone_wrong(canaries, corpus, sandbox):
    def client(key, **more):
        # In one expression: this function's own variables are in the tracebacks too.
        return cloudblue.Client(**{**sandbox.cloudblue, "api_key": key(), **more})

    def bad(name):
        return lambda: f"SU-1:{canaries.make(name)} x"

    corpus.catch("a key with a blank", lambda: client(bad("bad key")).requests.list().first())
    corpus.catch("a key and a wrong number", lambda: client(bad("other key"), max_retries=99))

    def plain(name):
        text = canaries.make(name)
        canaries.add(name, text.translate({ord(letter): "-" for letter in ' ü"\\'}))
        return f"SU-1:{canaries._all[name]}"

    with client(lambda: plain("wrong key")) as wrong:
        corpus.look_at("a client with a wrong key", wrong)
        corpus.catch("a wrong key", lambda: wrong.requests.list().first())
    with client(lambda: Secret.callback(lambda: plain("key of a callback"))) as wrong:
        corpus.catch("a wrong key of a callback", lambda: wrong.requests.get("PR-1"))


def test_no_secret_shows_anywhere(monkeypatch, tmp_path, capfd):
    canaries, corpus = Canaries(), Corpus()
    explore(canaries, corpus, monkeypatch, tmp_path)
    out, err = capfd.readouterr()
    corpus.see("stdout", out)
    corpus.see("stderr", err)
    assert len(canaries._all) > 20
    assert sum(len(data) for _, data in corpus) > 100_000
    assert "\n".join(canaries.found_in(corpus)) == ""


def test_the_search_finds_every_form():
    canaries = Canaries()
    text = canaries.make("x")
    for name, form, data in list(canaries.forms()):
        found = canaries.found_in([("here", b"abc" + data + b"def")])
        assert f"{name} as {form} in here" in found, form
    wrapped = base64.b64encode(b"Basic user:" + text.encode() + b"!")
    assert "x 0 as base64 in here" in canaries.found_in([("here", wrapped)])


def unmask_secret(monkeypatch):
    monkeypatch.setattr(SecretClass, "__repr__", lambda secret: str(secret._source))


def unseal_arguments(monkeypatch):
    monkeypatch.setattr("tenantry.magento_bi.resources.sealed", lambda value, *_: value)


def unseal_settings(monkeypatch):
    monkeypatch.setattr("tenantry.magento_bi.client.as_secret", lambda value: value)


def unseal_spec(monkeypatch):
    monkeypatch.setattr("tenantry.magento_bi.spec.sealed", lambda value, *_: value)


def unseal_proxy(monkeypatch):
    monkeypatch.setattr("tenantry.magento_bi.client.sealed_proxy", lambda value: value)


def pickle_inline(monkeypatch):
    monkeypatch.setattr(SecretClass, "__reduce__", lambda secret: (SecretClass, (secret._source,)))


def show_inline(monkeypatch):
    monkeypatch.setattr("tenantry.magento_bi.spec.described", lambda secret: str(secret._source))


def show_hidden(monkeypatch):
    monkeypatch.setattr("tenantry.secret.Hidden.__repr__", lambda hidden: repr(hidden.value))


def show_outcomes(monkeypatch):
    monkeypatch.setattr("tenantry.cloudblue.outcomes._shown", lambda name, value: repr(value))


def unseal_key(monkeypatch):
    monkeypatch.setattr("tenantry.cloudblue.client.as_secret", lambda value: value)


def unseal_app_key(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.client.as_secret", lambda value: value)


def unseal_platform(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.marketplaces.as_secret", lambda value: value)


def unseal_sessions(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.resources.as_secret", lambda value: value)


def unseal_addresses(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.sso.as_secret", lambda value: value)


def show_responses(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.sso.hidden", lambda value: value)


def show_webhooks(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.webhooks.hidden", lambda value: value)


def show_shared_data(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.connec.hidden", lambda value: value)


def show_options(monkeypatch):
    monkeypatch.setattr("tenantry.maestrano.marketplaces.sealed_options", dict)


def show_tokens(monkeypatch):
    session = maestrano.models.IdentitySession
    fields = tuple((name, "value", model) for name, _, model in session._fields)
    shown = type("Shown", (tenantry._native.Record,), {"__slots__": (), "_model": session._model, "_fields": fields})
    monkeypatch.setattr(session, "_table", shown._table)


@pytest.mark.parametrize(
    "redaction",
    [
        unseal_app_key,
        unseal_platform,
        unseal_sessions,
        unseal_addresses,
        show_responses,
        show_webhooks,
        show_shared_data,
        show_options,
        show_tokens,
        unmask_secret,
        unseal_arguments,
        unseal_settings,
        unseal_spec,
        unseal_proxy,
        pickle_inline,
        show_inline,
        show_hidden,
        show_outcomes,
        unseal_key,
    ],
)
def test_the_canaries_show_when_a_redaction_is_taken_out(redaction, monkeypatch, tmp_path):
    canaries, corpus = Canaries(), Corpus()
    redaction(monkeypatch)
    explore(canaries, corpus, monkeypatch, tmp_path)
    assert canaries.found_in(corpus)
