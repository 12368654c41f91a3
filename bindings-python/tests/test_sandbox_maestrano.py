"""The sandbox's Maestrano as Python sees it: its arguments, its behaviour, and the calls that it makes to an app."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

import tenantry


class App(BaseHTTPRequestHandler):
    """Answers every call and remembers it."""

    def do_DELETE(self):
        self.server.calls.append(self.path)
        body = b'{"success": true}'
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def app():
    server = HTTPServer(("127.0.0.1", 0), App)
    server.calls = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def configuration(sandbox):
    line = sandbox.maestrano
    basic = base64.b64encode(f"{line['api_key']}:{line['api_secret']}".encode()).decode()
    request = urllib.request.Request(
        f"{line['base_url']}/api/config/v1/marketplaces", headers={"authorization": f"Basic {basic}"}
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
        return json.load(reply)["marketplaces"]


def test_its_arguments_reach_the_configuration(sandbox):
    assert set(sandbox.maestrano) == {"base_url", "api_key", "api_secret"}
    assert [entry["marketplace"] for entry in configuration(sandbox)] == ["maestrano", "some-telco"]
    assert set(sandbox.state().maestrano["marketplaces"]) == {"maestrano", "some-telco"}


@pytest.mark.parametrize("remote", [False, True])
def test_behaviour_is_merged_and_wrong_keys_are_named(sandbox, remote):
    control = tenantry.Sandbox.from_line(sandbox.line) if remote else sandbox
    behaviour = control.behave_maestrano(app_host="http://127.0.0.1:9999", invoice_ms=1000)
    assert (behaviour.app_host, behaviour.signature) == ("http://127.0.0.1:9999", "sha256")
    assert control.behave_maestrano(invoice_ms=None).invoice_ms is None
    assert configuration(sandbox)[0]["app"]["host"] == "http://127.0.0.1:9999"
    with pytest.raises(tenantry.ValidationError, match="app_hots"):
        control.behave_maestrano(app_hots="x")


@pytest.mark.parametrize("remote", [False, True])
def test_an_app_is_called_and_its_reply_comes_back(sandbox, app, remote):
    control = tenantry.Sandbox.from_line(sandbox.line) if remote else sandbox
    url = f"http://127.0.0.1:{app.server_port}"
    replies = control.webhook(type="group_deleted", marketplace="some-telco", to=url, times=2)
    assert [(reply.status, reply.body.success) for reply in replies] == [(200, True)] * 2
    assert app.calls == ["/maestrano/account/groups/cld-4/some-telco"] * 2
    with pytest.raises(tenantry.ValidationError, match="type"):
        control.webhook(type="group_born", to=url)
    app.shutdown()
    app.server_close()
    with pytest.raises(tenantry.APIConnectionError, match="does not answer"):
        control.webhook(type="group_deleted", to=url)


def test_an_app_on_the_same_event_loop_can_answer():
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        writer.close()

    async def main():
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, await tenantry.AsyncSandbox.start() as sandbox:
            return await sandbox.webhook(type="group_user_removed", to=url)

    assert [reply.status for reply in asyncio.run(main())] == [204]
