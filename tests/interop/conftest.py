"""A sandbox in a process of its own: what comes to it comes over HTTP, from whoever speaks it."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import tenantry

with warnings.catch_warnings():
    # What the vendor's parser stands on imports a module that Python gives up.
    warnings.simplefilter("ignore", DeprecationWarning)
    import py_rql  # noqa: F401 - imported here once, and found by the tests


@contextmanager
def serving() -> Iterator[tenantry.Sandbox]:
    """The controls of a sandbox that runs as a program, by the machine's clock, until the block ends."""
    program = [sys.executable, "-m", "tenantry", "sandbox", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield tenantry.Sandbox.from_line(server.stdout.readline())
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def server() -> Iterator[tenantry.Sandbox]:
    with serving() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: tenantry.Sandbox) -> tenantry.Sandbox:
    """The module's sandbox, as fresh as if it had just been started."""
    server.reset()
    return server
