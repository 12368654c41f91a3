"""What the tests share: a sandbox with virtual time, clients of it, a good spec, and programs run on their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap

import pytest

import tenantry
from tenantry import cloudblue, maestrano, magento_bi


@pytest.fixture
def sandbox():
    with tenantry.Sandbox.start(clock="virtual") as sandbox:
        yield sandbox


@pytest.fixture
def bi(sandbox):
    with magento_bi.Client(**sandbox.magento_bi) as client:
        yield client


@pytest.fixture
def connect(sandbox):
    with cloudblue.Client(**sandbox.cloudblue) as client:
        yield client


@pytest.fixture
def calls(sandbox):
    """The operations of CloudBlue Connect that arrived since the last question, and whether each was carried out."""
    told = 0

    def since():
        nonlocal told
        journal = sandbox.journal()
        fresh, told = journal[told:], len(journal)
        return [entry["operation"].removeprefix("cloudblue.") for entry in fresh]

    return since


@pytest.fixture
def parts():
    """The parts of a good spec, without its database password."""
    return {
        "company": "Coco Co.",
        "tier": "T100",
        "admin": {"email": "csm@example.com", "first_name": "CSMFirst", "last_name": "CSMLast", "role": "csm"},
        "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
        "user": {
            "email": "customer@customer.com",
            "first_name": "tester",
            "last_name": "mctest",
            "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 0},
        },
        "connection": {
            "name": "store",
            "type": "mysql",
            "properties": {"host": "db.example.com", "port": "3306", "username": "magento", "dbName": "magento_store"},
            "password": tenantry.Secret.env("TENANTRY_TEST_DB_PASSWORD"),
        },
        "dashboards": {"package": "magento1_rjql1", "database": "magento_store", "table_prefix": ""},
    }


@pytest.fixture
def spec(parts, monkeypatch):
    monkeypatch.setenv("TENANTRY_TEST_DB_PASSWORD", os.urandom(12).hex())
    return magento_bi.OnboardingSpec(**parts)


@pytest.fixture
def signup_arguments(parts):
    return {
        "tier": parts["tier"],
        "company": parts["company"],
        "magento": parts["magento"],
        **parts["admin"],
    }


class Program:
    """Python programs of their own, with every warning an error."""

    def __init__(self, sandbox_line: str) -> None:
        self.environment = {**os.environ, "SANDBOX_LINE": sandbox_line}
        self.environment.pop("TENANTRY_LOG", None)
        self.started: list[subprocess.Popen[str]] = []

    def start(self, code: str, *arguments: str, stdin: int | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(code), *arguments]
        pipe = subprocess.PIPE
        # A session of its own, so that what it has started ends with it.
        process = subprocess.Popen(
            command, stdin=stdin, stdout=pipe, stderr=pipe, text=True, env=self.environment, start_new_session=True
        )
        self.started.append(process)
        return process

    def run(self, code: str, *arguments: str, timeout: float = 60) -> str:
        """Runs a program that must end well and silently; returns what it printed."""
        return self.finish(self.start(code, *arguments), timeout)

    def finish(self, process: subprocess.Popen[str], timeout: float = 60) -> str:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            pytest.fail(f"hangs; stdout: {out!r}, stderr: {err!r}")
        assert (err, process.returncode) == ("", 0), f"stdout: {out!r}"
        return out

    def close(self) -> None:
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


@pytest.fixture
def real_sandbox():
    with tenantry.Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def program(real_sandbox):
    program = Program(real_sandbox.line)
    yield program
    program.close()


@pytest.fixture
def marketplaces(sandbox):
    with maestrano.Marketplaces.fetch(**sandbox.maestrano) as marketplaces:
        yield marketplaces


@pytest.fixture
def account(marketplaces):
    return marketplaces.client("some-telco")


@pytest.fixture
def bill():
    """The arguments of a good bill."""
    return {"group_id": "cld-4", "price_cents": 2000, "currency": "USD", "description": "Product purchase"}
