"""The client's surface: every call, sync and async, its options, its events, its end."""

from __future__ import annotations

import asyncio
import inspect
import logging
import pickle
import typing
from datetime import timedelta

import pytest

import tenantry
from tenantry import magento_bi
from tenantry.magento_bi import models, resources

ORDER = [
    "tokens.create",
    "signups.create",
    "signups.get",
    "invites.create",
    "clients.update",
    "connections.create",
    "connections.list",
    "jobs.start_connection_test",
    "jobs.list_by_type",
    "autodash.create",
    "autodash.get",
]


def onboard(bi, spec_parts, sandbox):
    """Every call of the contract, in its order; yields the replies."""
    yield bi.tokens.create()
    signup = yield bi.signups.create(
        tier=spec_parts["tier"], company=spec_parts["company"], magento=spec_parts["magento"], **spec_parts["admin"]
    )
    sandbox.advance(timedelta(seconds=2))
    status = yield bi.signups.get(signup.id)
    client_id = status.client_id
    yield bi.invites.create(client_id=client_id, **spec_parts["user"])
    yield bi.clients.update(client_id, name="Coco", properties={"timezone": "UTC", "is_implemented": False, "x": None})
    connection = yield bi.connections.create(
        client_id,
        name="store",
        display_name="store",
        type="mysql",
        credentials={"password": "not-a-real-one"},
        properties=spec_parts["connection"]["properties"],
    )
    yield bi.connections.list(client_id, include_deleted=True)
    yield bi.jobs.start_connection_test(client_id, connection_id=connection.meta_id)
    yield bi.jobs.list_by_type(client_id, 27)
    dashboards = yield bi.autodash.create(
        client_id,
        connections={"db": {"connection_id": connection.meta_id, "database": "d", "table_prefix": ""}},
        package="magento1_rjql1",
    )
    yield bi.autodash.get(client_id, dashboards.id)


def check_all(replies, sandbox):
    kinds = [type(reply) for reply in replies]
    assert kinds == [
        models.Token,
        models.Signup,
        models.SignupStatus,
        models.Invite,
        models.ClientRecord,
        models.Connection,
        list,
        models.Job,
        list,
        models.AutodashJob,
        models.AutodashStatus,
    ]
    assert [entry["operation"] for entry in sandbox.journal() if entry["operation"] != "magento_bi.tokens.create"] == [
        f"magento_bi.{name}" for name in ORDER[1:]
    ]
    assert isinstance(replies[6][0], models.Connection)
    assert isinstance(replies[8][0].status, models.Label)


def test_every_call_blocking(sandbox, bi, parts):
    steps, replies = onboard(bi, parts, sandbox), []
    reply = next(steps)
    while reply is not None:
        replies.append(reply)
        try:
            reply = steps.send(reply)
        except StopIteration:
            reply = None
    check_all(replies, sandbox)


def test_every_call_awaited(sandbox, parts):
    async def main():
        replies = []
        async with magento_bi.AsyncClient(**sandbox.magento_bi) as bi:
            steps = onboard(bi, parts, sandbox)
            call = next(steps)
            while call is not None:
                replies.append(await call)
                try:
                    call = steps.send(replies[-1])
                except StopIteration:
                    call = None
        return replies

    check_all(asyncio.run(main()), sandbox)


def test_both_clients_have_the_same_calls_with_the_same_arguments():
    nouns = [name for name, value in vars(resources.Resources).items() if isinstance(value, property)]
    assert nouns == list(dict.fromkeys(name.split(".")[0] for name in ORDER))
    for name in ORDER:
        noun, verb = name.split(".")
        kind = "".join(word.capitalize() for word in noun.split("_"))
        blocking = getattr(getattr(resources, kind), verb)
        awaited = getattr(getattr(resources, f"Async{kind}"), verb)
        assert inspect.signature(blocking) == inspect.signature(awaited)
        assert inspect.iscoroutinefunction(awaited)
        assert not inspect.iscoroutinefunction(blocking)
        assert blocking.__doc__ == awaited.__doc__
        assert "Args:" in blocking.__doc__
        assert "Raises:" in blocking.__doc__
        typing.get_type_hints(blocking)
    for name in ("start", "resume", "start_or_resume"):
        both = (magento_bi.Onboardings, magento_bi.AsyncOnboardings)
        left, right = (inspect.signature(getattr(kind, name)).parameters for kind in both)
        assert list(left.values()) == list(right.values())


def test_argument_types_resolve_at_run_time():
    for name in ("MagentoAccount", "ClientRights", "ConnectionCredentials", "AutodashConnections"):
        assert typing.get_type_hints(getattr(models, name))
    assert models.ClientRights.__total__ is False


def test_ids_stand_alone_and_the_rest_is_named(bi):
    with pytest.raises(TypeError):
        bi.clients.update(1, "name")
    with pytest.raises(TypeError, match="time_out"):
        bi.signups.get("s", time_out=3)
    with pytest.raises(TypeError, match="user_name"):
        magento_bi.Client(user_name="x")


@pytest.mark.parametrize("hostile", ["", ".", "..", "a/b", "a?b", "a#b", "%2f", "a\nb", "ü", "x" * 200])
def test_hostile_ids_never_leave(sandbox, bi, hostile):
    with pytest.raises(tenantry.ValidationError) as caught:
        bi.signups.get(hostile)
    assert caught.value.code == "invalid_id"
    assert "signup_id" in str(caught.value)
    assert sandbox.journal() == []


def test_a_wrong_argument_is_named(sandbox, bi, signup_arguments):
    with pytest.raises(tenantry.ValidationError, match=r"magento.*customer_id"):
        bi.signups.create(**{**signup_arguments, "magento": {}})
    with pytest.raises(tenantry.ValidationError, match="company"):
        bi.signups.create(**{**signup_arguments, "company": 3})
    with pytest.raises(tenantry.ValidationError, match="sent as JSON"):
        bi.signups.create(**{**signup_arguments, "company": object()})
    with pytest.raises(tenantry.ValidationError, match="JSON"):
        bi.signups.create(**{**signup_arguments, "company": float("nan")})
    assert sandbox.journal() == []


def test_times_are_seconds_or_timedeltas(sandbox, bi):
    sandbox.fault(operation="magento_bi.signups.get", hold=True, times=None)
    for limit in (2.5, timedelta(milliseconds=2500)):
        events = []
        with pytest.raises(tenantry.APITimeoutError):
            bi.signups.get("s", timeout=limit, max_retries=0, on_event=events.append)
        assert [event.duration for event in events] == [2.5]
    for wrong in (-1, float("inf"), float("nan"), True, "3"):
        with pytest.raises(tenantry.ConfigError, match="timeout"):
            bi.signups.get("s", timeout=wrong)


def test_options_reach_the_wire(sandbox):
    settings = {"user_agent": "acme/1", "extra_headers": {"x-tenant": "t"}, "max_retries": 0}
    with magento_bi.Client(**sandbox.magento_bi, **settings) as bi:
        bi.tokens.create()
        bi.tokens.create(user_agent="other/2")
    agents = [entry["headers"]["user-agent"] for entry in sandbox.journal()]
    assert [agent.split()[0] for agent in agents] == ["acme/1", "other/2"]


def test_events_are_told_on_the_calling_thread(sandbox, bi):
    import threading

    sandbox.fault(operation="magento_bi.signups.get", status=503)
    heard = []
    with pytest.raises(tenantry.NotFoundError):
        bi.signups.get("s", on_event=lambda event: heard.append((threading.get_ident(), event)))
    assert {thread for thread, _ in heard} == {threading.get_ident()}
    events = [event for _, event in heard]
    assert [event.kind for event in events] == ["attempt", "retry_scheduled", "attempt"]
    assert [event.get("status") for event in events] == [503, None, 404]
    assert events[0].path == "/v3/signups/{signup_id}"
    assert events[1].delay > 0
    assert str(events[0]).startswith("magento_bi.signups.get attempt attempt=1 status=503")
    assert pickle.loads(pickle.dumps(events[0])) == events[0]


def test_a_listener_that_raises_changes_nothing(sandbox, bi, monkeypatch):
    seen = []
    monkeypatch.setattr("sys.unraisablehook", seen.append)

    def listener(event):
        raise RuntimeError(event.kind)

    assert bi.tokens.create(on_event=listener).token_type == "bearer"
    assert [str(entry.exc_value) for entry in seen] == ["attempt"]
    assert seen[0].object is listener


def test_a_listener_may_call_the_client_again(sandbox, bi):
    inner = []
    bi.tokens.create(on_event=lambda _: inner.append(bi.tokens.create(on_event=lambda _: None)))
    assert len(inner) == 1
    assert len(sandbox.journal()) == 2


def test_an_async_listener_is_awaited(sandbox):
    async def main():
        heard = []

        async def listener(event):
            await asyncio.sleep(0)
            heard.append(event.kind)

        async with magento_bi.AsyncClient(**sandbox.magento_bi, on_event=listener) as bi:
            await bi.tokens.create()
        return heard

    assert asyncio.run(main()) == ["attempt"]


def test_logging_gets_the_events(sandbox, bi, caplog):
    caplog.set_level(logging.DEBUG, logger="tenantry")
    sandbox.fault(operation="magento_bi.tokens.create", status=503)
    bi.tokens.create()
    lines = [(record.levelname, record.getMessage().split()[1]) for record in caplog.records]
    assert lines == [("DEBUG", "attempt"), ("INFO", "retry_scheduled"), ("DEBUG", "attempt")]


def test_logging_can_be_asked_for_by_the_environment(program):
    program.environment["TENANTRY_LOG"] = "debug"
    process = program.start(
        """
        import json, os, sys, tenantry
        assert "logging" not in sys.modules
        with tenantry.magento_bi.Client(**json.loads(os.environ["SANDBOX_LINE"])["magento_bi"]) as bi:
            bi.tokens.create()
        """
    )
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", 0)
    assert "tenantry DEBUG magento_bi.tokens.create attempt attempt=1 status=201" in err


def test_the_way_out(sandbox, bi):
    with pytest.raises(tenantry.NotFoundError):
        bi.request("GET", "/v3/signups/none")
    seeded = sandbox.seed(client_id=7, connections=[{"name": "a", "host": "h"}])
    assert seeded["client_id"] == 7
    path = "/v1/v2/clients/7/connections/input-connections"
    assert bi.request("GET", path, query={"include_deleted": "false"})[0]["name"] == "a"
    with pytest.raises(tenantry.ValidationError, match="path"):
        bi.request("GET", "//elsewhere.example.com/")


def test_the_environment_is_all_or_nothing(sandbox, monkeypatch):
    for name, value in sandbox.magento_bi.items():
        monkeypatch.setenv(f"TENANTRY_MAGENTO_BI_{name.upper()}", str(value))
    with magento_bi.Client() as bi:
        assert bi.tokens.create().token_type == "bearer"
    with pytest.raises(tenantry.ConfigError, match="username"):
        magento_bi.Client(base_url=sandbox.url)


def test_a_wrong_setting_is_named():
    good = {"username": "u", "password": "p", "oauth_client_id": 1, "client_secret": "s"}
    for name in good:
        with pytest.raises(tenantry.ConfigError, match=name):
            magento_bi.Client(**{key: value for key, value in good.items() if key != name})
    with pytest.raises(tenantry.ConfigError, match="base_url"):
        magento_bi.Client(**good, base_url="http://api.example.com")
    with pytest.raises(tenantry.ConfigError, match="max_retries"):
        magento_bi.Client(**good, max_retries=99)
    with pytest.raises(tenantry.ConfigError, match="on_event"):
        magento_bi.Client(**good, on_event="print")


def test_secrets_by_reference(sandbox, monkeypatch, tmp_path):
    given = sandbox.magento_bi
    monkeypatch.setenv("TENANTRY_TEST_PASSWORD", given["password"])
    file = tmp_path / "secret"
    file.write_text(given["client_secret"] + "\n")
    file.chmod(0o600)
    references = {
        "password": tenantry.Secret.env("TENANTRY_TEST_PASSWORD"),
        "client_secret": tenantry.Secret.file(file),
    }
    with magento_bi.Client(**{**given, **references}) as bi:
        bi.tokens.create()
        back = pickle.loads(pickle.dumps(bi))
        assert repr(back) == repr(bi)
        with back:
            back.tokens.create()
    with magento_bi.Client(**given) as bi, pytest.raises(TypeError, match=r"Secret\.env"):
        pickle.dumps(bi)


def test_a_callback_gives_the_secret_each_time(sandbox):
    given, asked = sandbox.magento_bi, []

    def password():
        asked.append(1)
        return given["password"]

    with magento_bi.Client(**{**given, "password": tenantry.Secret.callback(password)}) as bi:
        bi.tokens.create()
        bi.tokens.create()
    assert len(asked) == 2


def test_a_callback_that_raises_is_the_cause(sandbox):
    def password():
        raise LookupError("vault is shut")

    async def later():
        return sandbox.magento_bi["password"]

    settings = {**sandbox.magento_bi, "password": tenantry.Secret.callback(password)}
    with magento_bi.Client(**settings) as bi, pytest.raises(tenantry.ConfigError) as caught:
        bi.tokens.create()
    assert isinstance(caught.value.__cause__, LookupError)
    assert "vault" not in str(caught.value)
    settings["password"] = tenantry.Secret.callback(later)
    with magento_bi.Client(**settings) as bi, pytest.raises(tenantry.ConfigError) as caught:
        bi.tokens.create()
    assert "asynchronous client" in str(caught.value.__cause__)

    async def main():
        async with magento_bi.AsyncClient(**settings) as bi:
            return await bi.tokens.create()

    assert asyncio.run(main()).token_type == "bearer"


def test_a_closed_client_says_so(sandbox):
    bi = magento_bi.Client(**sandbox.magento_bi)
    bi.close()
    bi.close()
    with pytest.raises(tenantry.ConfigError, match="closed"):
        bi.tokens.create()


def test_lazy_names_are_complete():
    for name in tenantry.__all__:
        assert getattr(tenantry, name) is not None
        assert name in dir(tenantry)
    assert tenantry.__version__.count(".") == 2
    with pytest.raises(AttributeError, match="nothing"):
        _ = tenantry.nothing
