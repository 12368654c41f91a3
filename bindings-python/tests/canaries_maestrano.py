"""Uses everything of Maestrano that takes or meets a secret, well and badly."""

from __future__ import annotations

import base64
import html
import io
import json
import re
import urllib.parse
import urllib.request

from tenantry import maestrano
from tenantry.secret import Hidden


def bills(canaries, corpus, sandbox):
    """Maestrano: the platform's secret, the apps' keys, sessions, responses of the provider, what webhooks bring."""
    canaries.add("platform secret", sandbox.maestrano["api_secret"])
    marketplaces = maestrano.Marketplaces.fetch(
        **sandbox.maestrano, on_event=lambda event: corpus.look_at("event", event)
    )
    account = marketplaces.client("some-telco")
    for place, value in (("marketplaces", marketplaces), ("account", account), ("session", account._session)):
        corpus.look_at(place, value)
    for name in marketplaces.names():
        config = marketplaces.config(name)
        corpus.see("configuration", repr(config) + config.raw + repr(config.api) + config.api._repr_html_())
    webhooks(canaries, corpus, sandbox, marketplaces)
    sign_on(canaries, corpus, sandbox, account)

    arguments = {"group_id": "cld-4", "price_cents": 1, "currency": "USD", "description": "x"}
    account.bills.create(**arguments)
    sandbox.fault(operation="maestrano.bills.create", when="after", drop=True)
    corpus.catch("a bill", lambda: account.bills.create(**arguments))
    for number, spoilt in enumerate([{"status": 500, "times": 3}, {"status": 401}, {"body": "<html>"}, {"cut_at": 9}]):
        sandbox.fault(operation="maestrano.bills.get", **spoilt)
        corpus.catch(f"a bill spoilt {number}", lambda: account.bills.get("bill-1"))
    # A server that repeats what it was sent.
    echo = {"success": False, "errors": {"id": [canaries._all["app key"]]}, "data": {}}
    sandbox.fault(operation="maestrano.groups.get", json=echo)
    corpus.catch("an echo of a key", lambda: account.groups.get("cld-4"))
    user = account.users.get("usr-1")
    canaries.add("session of a user", user.sso_session)
    corpus.see("a user", repr(user) + user._repr_html_() + repr(account.users.list()))
    connec = account.connec("cld-4")
    corpus.catch("data", lambda: connec.post("nowhere", data={"token": canaries.make("token in data")}))
    corpus.catch("a batch", lambda: connec.batch([{"method": "DELETE", "data": {"x": canaries.make("a batch")}}]))
    corpus.catch(
        "the way out", lambda: account.request("POST", "/nowhere", json={"password": canaries.make("way out")})
    )
    apps_gone_wrong(canaries, corpus, sandbox, account)


def webhooks(canaries, corpus, sandbox, marketplaces):
    told = marketplaces.webhooks.sign("group_deleted", marketplace="some-telco", group_id="cld-4")
    name = next(name for name in told.headers if name.lower() == "authorization")
    app_id, _, app_key = base64.b64decode(told.headers[name].split()[1]).decode().partition(":")
    canaries.add("app key", app_key)
    corpus.see("a signed request", repr(told) + told._repr_html_() + str(told))
    corpus.see("found", marketplaces.find_by_credentials(app_id=app_id, app_key=app_key))
    find = marketplaces.find_by_credentials
    corpus.catch("no such credentials", lambda: find(app_id=3, app_key=canaries.make("key to find")))

    def forged():
        text = f"{app_id}:{canaries.make('forged key')}"
        return {"authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}

    unwrap = marketplaces.webhooks.unwrap
    corpus.catch("a forged webhook", lambda: unwrap("DELETE", told.path, forged(), b""))
    corpus.catch("a webhook of bytes", lambda: unwrap("DELETE", told.path, list(forged().items()), b"\xff"))
    corpus.catch("a webhook nowhere", lambda: unwrap("POST", "/", told.headers, canaries.make("body").encode()))
    event = unwrap(told.method, told.path, told.headers, told.body)
    corpus.look_at("a webhook's event", event)

    def start(environ):
        return b"".join(marketplaces.webhooks.wsgi(fail)(environ, lambda status, headers: corpus.see("reply", headers)))

    def fail(event):
        raise LookupError("the handler")

    environ = {"REQUEST_METHOD": told.method, "PATH_INFO": told.path, "wsgi.input": io.BytesIO()}
    corpus.see("a failed webhook", start({**environ, "HTTP_AUTHORIZATION": told.headers[name]}))
    corpus.see("a refused webhook", start({**environ, "HTTP_AUTHORIZATION": forged()["authorization"]}))


def sign_on(canaries, corpus, sandbox, account):
    login = account.sso.login_url({"group_id": "cld-4"})
    corpus.look_at("login", login)
    with urllib.request.urlopen(login.url) as page:
        found = re.findall(r'name="SAMLResponse" value="([^"]*)"', page.read().decode())
    canaries.add("response", html.unescape(found[0])[200:500])
    consume = account.sso.consume

    class Broken:
        def claim(self, key, until):
            raise OSError("full")

    posted = Hidden(html.unescape(found[0]))
    del found
    corpus.catch("a broken store", lambda: consume(posted.value, request_id=login.request_id, replay_store=Broken()))
    corpus.catch("an unasked response", lambda: consume(posted.value))
    corpus.catch("a response and an option", lambda: consume(posted.value, timeout=-1))
    identity = consume(posted.value, request_id=login.request_id)
    corpus.catch("a response again", lambda: consume(posted.value, request_id=login.request_id))
    canaries.add("session token", identity.session.token)
    corpus.see("identity", repr(identity) + repr(identity.session) + identity._repr_html_() + str(identity.session))
    sandbox.fault(operation="maestrano.sessions.check", status=500, times=3)
    check = account.sessions.check
    corpus.see("a check", repr(check("usr-1", session=canaries.make("another token"))))
    corpus.catch("a check of nobody", lambda: check("", session=canaries.make("a token of nobody")))
    corpus.catch("an address", lambda: account.sso.session_check_url("", canaries.make("a token in a URL")))


def apps_gone_wrong(canaries, corpus, sandbox, account):
    def client(**more):
        return maestrano.Client(app_id="app-1", app_key=canaries.make("own app key"), **more)

    corpus.catch("a wrong time", lambda: client(timeout="soon"))
    corpus.catch("plain http", lambda: client(base_url="http://api.example.com"))
    corpus.catch("a wrong id", lambda: maestrano.Client(app_id="a:b", app_key=canaries.make("key of a wrong id")))
    corpus.catch("a wrong key", lambda: client(base_url=f"{sandbox.url}/api/v1").ping())

    def fetch(**more):
        return maestrano.Marketplaces.fetch(api_key="k", api_secret=canaries.make("other platform secret"), **more)

    corpus.catch("a platform of plain http", lambda: fetch(base_url="http://api.example.com"))
    corpus.catch("a wrong platform secret", lambda: fetch(base_url=sandbox.url))
    corpus.catch("a wrong option of the platform", lambda: fetch(base_url=sandbox.url, max_retries=99))

    def behind_a_proxy():
        # In one expression: this function's own variables are in the tracebacks too.
        return maestrano.Marketplaces.fetch(
            api_key="k",
            api_secret="s",
            proxy=f"http://user:{urllib.parse.quote(canaries.make('platform proxy'), safe='')}@proxy.invalid:99999",
        )

    corpus.catch("a proxy of the platform", behind_a_proxy)

    def configuration(key):
        api = {"id": "app-1", "key": canaries.make(key), "host": "https://api.maestrano.com"}
        return json.dumps({"marketplaces": [{"marketplace": "one", "api": api}]})

    corpus.catch(
        "a configuration with a comment", lambda: maestrano.Marketplaces.from_json(configuration("key") + "//")
    )
    own = maestrano.Marketplaces.from_json(configuration("key of a malformed one"))
    corpus.look_at("a set of its own", own)
    corpus.see("problems", own.problems())
    corpus.catch("a malformed marketplace", lambda: own.client("one"))
