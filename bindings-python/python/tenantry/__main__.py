"""`python -m tenantry sandbox`: the sandbox as a program."""

from __future__ import annotations

import signal
import sys


def _wait_blocked() -> None:
    signal.sigwait({signal.SIGINT, signal.SIGTERM})


def main() -> int:
    """Prints one JSON line when the sandbox is ready and serves until SIGINT or SIGTERM; returns the exit status."""
    if hasattr(signal, "pthread_sigmask"):
        # Before any thread starts: they inherit it, and the signals wait for sigwait.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

    import argparse

    parser = argparse.ArgumentParser(prog="python -m tenantry")
    commands = parser.add_subparsers(required=True, metavar="command")
    sandbox = commands.add_parser(
        "sandbox",
        help="plays the vendors' systems on 127.0.0.1",
        description="Prints one JSON line when ready (the clients' arguments) and serves until SIGINT or SIGTERM.",
    )
    sandbox.add_argument(
        "--port", type=int, default=0, help="TCP port of 127.0.0.1; 0, the default, takes any free one"
    )
    sandbox.add_argument("--clock", choices=["real", "virtual"], default="real", help="default: real")
    sandbox.add_argument("--vocabulary", choices=["client", "document"], default="client", help="default: client")
    sandbox.add_argument("--wait", type=float, default=1.0, help="seconds that each asynchronous job takes; default 1")
    sandbox.add_argument("--commit-delay", type=float, default=0.0, help="seconds until a created thing is seen")
    arguments = parser.parse_args()

    from tenantry.errors import TenantryError
    from tenantry.sandbox import Sandbox

    try:
        server = Sandbox.start(
            clock=arguments.clock,
            port=arguments.port,
            vocabulary=arguments.vocabulary,
            wait=arguments.wait,
            commit_delay=arguments.commit_delay,
        )
    except TenantryError as error:
        sys.stderr.write(f"tenantry: {error}\n")
        return 1
    with server:
        sys.stdout.write(f"{server.line}\n")
        sys.stdout.flush()
        if hasattr(signal, "sigwait"):
            _wait_blocked()
        else:
            _wait_anywhere()
    return 0


def _wait_anywhere() -> None:
    """Waits where signals cannot be waited for."""
    import threading

    over = threading.Event()

    def end(_number: int, _frame: object) -> None:
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    while not over.wait(0.2):
        pass


if __name__ == "__main__":
    sys.exit(main())
