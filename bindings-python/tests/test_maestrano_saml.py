"""The SAML corpus through the package: nothing hostile is accepted, nothing legitimate refused."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

import tenantry
from tenantry import maestrano

SCRIPT = Path(__file__).parents[2] / "tests/saml/make_corpus.py"
NOTHING_SIGNS = 77


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    made = subprocess.run([sys.executable, "-B", SCRIPT, folder], capture_output=True, text=True, check=False)
    if made.returncode == NOTHING_SIGNS:
        pytest.skip(made.stdout)
    assert made.returncode == 0, made.stderr
    return folder, json.loads((folder / "manifest.json").read_text())


class Store:
    """A replay store of the program's own."""

    def __init__(self):
        self.keys = {}

    def claim(self, key, until):
        assert until.utcoffset() is not None
        fresh = key not in self.keys
        self.keys.setdefault(key, until)
        return fresh


class AsyncStore(Store):
    async def claim(self, key, until):
        await asyncio.sleep(0)
        return Store.claim(self, key, until)


def holds(expected, found, place):
    if isinstance(expected, dict):
        for key, value in expected.items():
            holds(value, (found or {}).get(key), f"{place}.{key}")
    else:
        assert found == expected, place


def runnable(manifest):
    """The cases of now: this language cannot set its clock."""
    cases = {case["name"]: case for case in manifest["cases"]}
    return cases, [case for case in cases.values() if case["now_offset_ms"] == 0]


def test_the_corpus_is_accepted_and_refused_as_its_manifest_says(corpus):
    folder, manifest = corpus
    cases, chosen = runnable(manifest)
    accepted = refused = 0
    for case in chosen:
        text = json.dumps(manifest["configurations"][case["configuration"]])
        sso = maestrano.Marketplaces.from_json(text).client(case["marketplace"]).sso
        store = Store()

        def consume(case, sso=sso, store=store):
            return sso.consume((folder / case["file"]).read_text(), replay_store=store, **case["arguments"])

        for before in case.get("before", ()):
            consume(cases[before])
        if "reason" in case["expect"]:
            with pytest.raises(tenantry.SamlError) as raised:
                consume(case)
            assert raised.value.reason == case["expect"]["reason"], case["name"]
            refused += 1
        else:
            holds(case["expect"]["identity"], consume(case).to_dict(), case["name"])
            accepted += 1
    assert accepted >= 10, accepted
    assert refused >= 28, refused


def test_the_corpus_says_the_same_of_an_async_client(corpus):
    folder, manifest = corpus
    cases, chosen = runnable(manifest)

    async def judge(case):
        text = json.dumps(manifest["configurations"][case["configuration"]])
        sso = maestrano.AsyncMarketplaces.from_json(text).client(case["marketplace"]).sso
        store = AsyncStore()
        for one in [*(cases[name] for name in case.get("before", ())), case]:
            response = (folder / one["file"]).read_bytes()
            try:
                consumed = await sso.consume(response, replay_store=store, **one["arguments"])
            except tenantry.SamlError as error:
                assert one is case
                return error.reason
        return consumed.user.uid

    async def main():
        return [await judge(case) for case in chosen]

    for case, found in zip(chosen, asyncio.run(main()), strict=True):
        expected = case["expect"]
        assert found == expected.get("reason", "usr-1"), case["name"]


@pytest.fixture
def answered(account):
    """A response of the sandbox's provider, and the id of the request that it answers."""
    import html
    import re
    import urllib.request

    def answered(**behaviour):
        login = account.sso.login_url({"group_id": "cld-4"})
        with urllib.request.urlopen(login.url) as page:
            found = re.findall(r'name="SAMLResponse" value="([^"]*)"', page.read().decode())
        return html.unescape(found[0]), login.request_id

    return answered


def test_a_sign_on_from_login_to_session(account, answered):
    response, request_id = answered()
    identity = account.sso.consume(response, request_id=request_id)
    assert (identity.user.uid, identity.group.uid) == ("usr-1", "cld-4")
    assert "***" in repr(identity.session)
    assert account.sessions.check(identity.user.uid, session=identity.session.token).valid
    with pytest.raises(tenantry.SamlError) as raised:
        account.sso.consume(response, request_id=request_id)
    assert raised.value.reason == "replayed"


def test_sha1_is_refused_with_the_way_to_allow_it(sandbox, account, answered):
    sandbox.behave_maestrano(signature="sha1")
    response, request_id = answered()
    with pytest.raises(tenantry.SamlError, match="allow_sha1"):
        account.sso.consume(response, request_id=request_id)
    assert account.sso.consume(response, request_id=request_id, allow_sha1=True).user.uid == "usr-1"


def test_a_store_that_fails_lets_nobody_in(account, answered):
    response, request_id = answered()

    class Broken:
        def claim(self, key, until):
            raise OSError("full")

    class Chatty:
        def claim(self, key, until):
            return "yes"

    class Later:
        async def claim(self, key, until):
            return True

    for store in (Broken(), Chatty(), Later()):
        with pytest.raises(tenantry.ConfigError):
            account.sso.consume(response, request_id=request_id, replay_store=store)
    assert account.sso.consume(response, request_id=request_id).user.uid == "usr-1"


def test_addresses_are_made_of_the_configuration(account, sandbox):
    sso = account.sso
    assert sso.init_url().startswith("http://")
    assert sso.consume_url() != sso.init_url()
    assert sso.logout_url("usr-1").endswith("/app_logout?user_uid=usr-1")
    assert sso.unauthorized_url().endswith("/app_access_unauthorized")
    assert sso.session_check_url("usr-1", "token").startswith(f"{sandbox.url}/api/v1/auth/saml/usr-1?session=token")
    assert "/api/openid/provider/" in sso.openid_provider_url()
    assert set(sso.fingerprint()) == {"sha1", "sha256"}
    with pytest.raises(tenantry.SamlError):
        sso.fingerprint("no certificate")
