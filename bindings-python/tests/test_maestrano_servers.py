"""Webhooks at real servers on this machine: the examples, called by the sandbox as Maestrano calls an app."""

from __future__ import annotations

import http.client
import importlib
import json
import logging
import socket
import sys
import threading
import wsgiref.simple_server
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from tenantry import maestrano

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


@contextmanager
def asgi(app):
    """Serves an ASGI app by uvicorn."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        # Who calls before it has started waits in the listener's queue.
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


class Quiet(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *arguments):
        pass


@contextmanager
def by_wsgiref(app):
    """Serves a WSGI app by the standard library."""
    server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Quiet)
    with running(server) as url:
        yield url


@contextmanager
def by_werkzeug(app):
    """Serves a WSGI app by werkzeug."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Silent(WSGIRequestHandler):
        def log(self, *arguments):
            pass

    with running(make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)) as url:
        yield url


@contextmanager
def running(server):
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


SERVED = {"webhooks_fastapi": asgi, "webhooks_flask": by_werkzeug, "webhooks_django": by_wsgiref}


@pytest.fixture
def load(real_sandbox, monkeypatch):
    """Imports an example anew, which fetches its marketplaces from the sandbox."""
    settings = real_sandbox.maestrano
    monkeypatch.setenv("MNO_DEVPL_HOST", settings["base_url"])
    monkeypatch.setenv("MNO_DEVPL_ENV_KEY", settings["api_key"])
    monkeypatch.setenv("MNO_DEVPL_ENV_SECRET", settings["api_secret"])
    monkeypatch.syspath_prepend(str(EXAMPLES))

    def load(name):
        monkeypatch.delitem(sys.modules, name, raising=False)
        if name == "webhooks_django":
            from django.urls import clear_url_caches

            clear_url_caches()
        module = importlib.import_module(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return load


@pytest.fixture(params=sorted(SERVED))
def served(request, load):
    """An example, and the URL where it is served."""
    example = load(request.param)
    app = example.application if request.param == "webhooks_django" else example.app
    with SERVED[request.param](app) as url:
        yield example, url


def send(url, method, path, headers=(), body=None):
    """Sends a request; gives the status, the headers and the body of the reply."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        connection.request(method, path, body, dict(headers))
        reply = connection.getresponse()
        return reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read()
    finally:
        connection.close()


def test_what_the_sandbox_tells_reaches_the_app(served, real_sandbox, capsys):
    example, url = served

    def tell(**order):
        ((status, body),) = [(reply["status"], reply["body"]) for reply in real_sandbox.webhook(to=url, **order)]
        return status, body

    assert tell(type="group_user_removed", user_id="usr-2") == (200, {"success": True})
    assert example.customers == {"cld-4": {"usr-1"}}
    assert tell(type="connec_notification")[0] == 200
    assert "maestrano: cld-4 changed ['organizations']" in capsys.readouterr().out
    assert tell(type="synchronization_start", marketplace="some-telco")[0] == 201
    assert tell(type="synchronization_toggle", marketplace="some-telco")[0] == 200
    status, body = tell(type="synchronization_status", marketplace="some-telco")
    assert (status, body["group_id"], body["sync_enabled"], body["status"]) == (200, "cld-4", True, "SUCCESS")
    assert tell(type="group_deleted", credentials=False) == (401, {"error": "Invalid credentials"})
    assert "cld-4" in example.customers
    assert tell(type="group_deleted")[0] == 200
    assert example.customers == {}
    assert tell(type="group_deleted")[0] == 204
    assert tell(type="synchronization_status", marketplace="some-telco")[0] == 404
    assert json.loads(send(url, "GET", "/customers")[2]) == {}


def test_what_is_no_webhook_is_refused(served, marketplaces_of):
    _, url = served
    signed = marketplaces_of.webhooks.sign("group_deleted", marketplace="maestrano", group_id="cld-4")
    assert send(url, "GET", "/maestrano/nowhere", signed.headers)[0] == 404
    status, headers, body = send(url, "POST", signed.path, signed.headers)
    assert (status, headers["allow"], json.loads(body)) == (405, "DELETE", {"error": "Method not allowed"})
    status, headers, _ = send(url, "DELETE", signed.path)
    assert status == 401
    assert headers["www-authenticate"].startswith("Basic ")
    told = marketplaces_of.webhooks.sign("connec_notification", marketplace="maestrano", entities={"people": []})
    assert send(url, "POST", told.path, told.headers, b"no JSON")[0] == 400
    assert send(url, "POST", told.path, told.headers, told.body)[0] == 200


@pytest.fixture
def marketplaces_of(real_sandbox):
    with maestrano.Marketplaces.fetch(**real_sandbox.maestrano) as marketplaces:
        yield marketplaces


def test_a_body_that_is_too_large_is_not_read_to_its_end(served, marketplaces_of):
    _, url = served
    told = marketplaces_of.webhooks.sign("connec_notification", marketplace="maestrano", entities={})
    host, _, port = url.removeprefix("http://").partition(":")
    head = f"POST {told.path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in told.headers.items() if name != "content-length")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        # A gigabyte is announced, and a little of it sent.
        connection.sendall(f"{head}content-length: 1073741824\r\n\r\n{{".encode())
        assert b" 413 " in connection.recv(4096).partition(b"\r\n")[0]


def test_a_body_without_a_length_is_given_up_at_the_limit(load, marketplaces_of):
    told = marketplaces_of.webhooks.sign("connec_notification", marketplace="maestrano", entities={})
    sent = 0
    with asgi(load("webhooks_fastapi").app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = f"POST {told.path} HTTP/1.1\r\nhost: {host}\r\ntransfer-encoding: chunked\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in told.headers.items())
            connection.sendall(f"{head}\r\n".encode())
            connection.settimeout(0.2)
            answer = b""
            while not answer and sent < 64:
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
                sent += 1
                try:
                    answer = connection.recv(4096)
                except TimeoutError:
                    continue
    assert b" 413 " in answer.partition(b"\r\n")[0]
    assert sent < 40, "many times the limit was taken"


def failing(event):
    raise LookupError(f"the database of {event.group_id} is at db-7.internal")


def adapters(webhooks, handler, **options):
    """Each adapter with a server for it."""
    yield asgi, webhooks.asgi(handler, **options)
    yield by_wsgiref, webhooks.wsgi(handler, **options)


def test_a_handler_that_fails_is_logged_and_told_nobody(marketplaces_of, caplog):
    signed = marketplaces_of.webhooks.sign("group_deleted", marketplace="maestrano", group_id="cld-4")
    for serve, app in adapters(marketplaces_of.webhooks, failing):
        caplog.clear()
        with caplog.at_level(logging.ERROR, "tenantry"), serve(app) as url:
            status, _, body = send(url, signed.method, signed.path, signed.headers)
        assert (status, json.loads(body)) == (500, {"error": "Internal error"})
        assert "db-7.internal" in caplog.text
        assert [record.levelname for record in caplog.records] == ["ERROR"]


class Seen:
    def __init__(self):
        self.keys = {}

    def claim(self, key, until):
        fresh = key not in self.keys
        self.keys.setdefault(key, until)
        return fresh

    def release(self, key):
        del self.keys[key]


def test_a_repeated_deletion_is_handled_once_and_a_repeated_wish_each_time(marketplaces_of, real_sandbox):
    for kind in range(2):
        told = []
        serve, app = list(adapters(marketplaces_of.webhooks, told.append, seen=Seen()))[kind]
        with serve(app) as url:
            replies = real_sandbox.webhook(type="group_user_removed", to=url, times=3)
            assert [reply["status"] for reply in replies] == [200, 200, 200]
            real_sandbox.webhook(type="synchronization_toggle", marketplace="some-telco", to=url, times=2)
        assert [event.type for event in told] == ["group_user_removed", *["synchronization_toggle"] * 2]


def test_a_delivery_whose_handler_failed_is_handled_when_it_comes_again(marketplaces_of, real_sandbox):
    for kind in range(2):
        left = [LookupError("first"), None]

        def handle(event, left=left):
            problem = left.pop(0)
            if problem is not None:
                raise problem

        serve, app = list(adapters(marketplaces_of.webhooks, handle, seen=Seen()))[kind]
        with serve(app) as url:
            replies = real_sandbox.webhook(type="group_user_removed", to=url, times=3)
        assert ([reply["status"] for reply in replies], left) == ([500, 200, 200], [])


def test_an_async_django_view_answers_in_an_asgi_server(load, marketplaces_of, real_sandbox):
    example = load("webhooks_django")
    told = []

    async def handle(event):
        told.append(event.type)

    view = marketplaces_of.webhooks.django(handle)
    from django.core.asgi import get_asgi_application
    from django.urls import clear_url_caches, re_path

    example.urlpatterns[:] = [re_path("", view)]
    clear_url_caches()
    with asgi(get_asgi_application()) as url:
        replies = real_sandbox.webhook(type="group_deleted", to=url)
        refused = real_sandbox.webhook(type="group_deleted", to=url, credentials=False)
    assert [reply["status"] for reply in [*replies, *refused]] == [200, 401]
    assert told == ["group_deleted"]


def test_a_handler_in_a_thread_does_not_hold_the_event_loop(marketplaces_of, real_sandbox):
    loops = threading.get_ident()
    threads = []
    with asgi(marketplaces_of.webhooks.asgi(lambda event: threads.append(threading.current_thread().name))) as url:
        real_sandbox.webhook(type="group_deleted", to=url)
    assert threads
    assert "asyncio" in threads[0] or "Executor" in threads[0], (threads, loops)


def test_an_async_handler_is_refused_where_there_is_no_event_loop(marketplaces_of):
    async def handle(event):
        pass

    with pytest.raises(TypeError, match="ASGI"):
        marketplaces_of.webhooks.wsgi(handle)
    with pytest.raises(TypeError, match="function of one event"):
        marketplaces_of.webhooks.asgi("handle")
