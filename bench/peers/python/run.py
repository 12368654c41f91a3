"""One runner on one workload, as one line of JSON: run.py WORKLOAD RUNNER BASE [name=number …]

Imports and the first call come before the part that is timed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any

import fields
import flows
import saml
from clients import NotBuiltError, is_async, open_client
from meter import Meter

WARM_UP = 50


def listed(runner: str, base: str, n: int, kept: list[Any] | None = None) -> dict[str, Any]:
    """All requests, one by one."""
    client = open_client(runner, base, 4)
    use, check = client.use, 0
    client.use(client.one(0))
    with Meter() as meter:
        for page in client.pages(n):
            if kept is not None:
                page = list(page)  # noqa: PLW2901 - the vendor's client gives all its pages as one iterator
                kept.append(page)
            for request in page:
                check += use(request)
    return meter.result(n, check)


def listed_and_kept(runner: str, base: str, n: int) -> dict[str, Any]:
    return listed(runner, base, n, [])


async def listed_async(runner: str, base: str, n: int) -> dict[str, Any]:
    client = open_client(runner, base, 4)
    use, check = client.use, 0
    client.use(await client.one(0))
    with Meter() as meter:
        async for page in client.pages(n):
            if hasattr(page, "__aiter__"):
                async for request in page:
                    check += use(request)
            else:
                for request in page:
                    check += use(request)
    await client.close()
    return meter.result(n, check)


def values(runner: str, base: str, n: int) -> dict[str, Any]:
    client = open_client(runner, base, 4)
    client.one(0)
    with Meter() as meter:
        check = sum(map(fields.of_row, client.rows(n)))
    return meter.result(n, check)


def _sum_of_table(table: Any) -> int:
    from pyarrow import compute

    return sum(compute.sum(compute.utf8_length(table[column].cast("string"))).as_py() for column in (0, 7))


def columns(runner: str, base: str, n: int) -> dict[str, Any]:
    client = open_client(runner, base, 4)
    import pyarrow.compute  # noqa: F401 - before the clock runs

    client.one(0)
    with Meter() as meter:
        table = client.columns(n)
    return meter.result(n, _sum_of_table(table))


async def columns_async(runner: str, base: str, n: int) -> dict[str, Any]:
    client = open_client(runner, base, 4)
    import pyarrow.compute  # noqa: F401

    await client.one(0)
    with Meter() as meter:
        table = await client.columns(n)
    await client.close()
    return meter.result(n, _sum_of_table(table))


def small(runner: str, base: str, n: int) -> dict[str, Any]:
    """One call after another."""
    client = open_client(runner, base, 4)
    for index in range(WARM_UP):
        client.use(client.one(index))
    check = 0
    with Meter() as meter:
        for index in range(n):
            start = perf_counter()
            check += client.use(client.one(index))
            meter.calls.append(perf_counter() - start)
    return meter.result(n, check)


async def small_async(runner: str, base: str, n: int) -> dict[str, Any]:
    client = open_client(runner, base, 4)
    for index in range(WARM_UP):
        client.use(await client.one(index))
    check = 0
    with Meter() as meter:
        for index in range(n):
            start = perf_counter()
            check += client.use(await client.one(index))
            meter.calls.append(perf_counter() - start)
    await client.close()
    return meter.result(n, check)


def many(runner: str, base: str, n: int, inflight: int) -> dict[str, Any]:
    """Calls in as many threads as are to be in flight."""
    from concurrent.futures import ThreadPoolExecutor

    client = open_client(runner, base, inflight)

    def call(index: int) -> int:
        return client.use(client.one(index))

    with ThreadPoolExecutor(inflight) as pool:
        sum(pool.map(call, range(inflight * 2)))
        with Meter() as meter:
            check = sum(pool.map(call, range(n)))
    return meter.result(n, check)


async def many_async(runner: str, base: str, n: int, inflight: int) -> dict[str, Any]:
    client = open_client(runner, base, inflight)
    use = client.use

    async def work(indices: Any) -> int:
        return sum([use(await client.one(index)) for index in indices])

    async def all_of(count: int) -> int:
        indices = iter(range(count))
        return sum(await asyncio.gather(*(work(indices) for _ in range(inflight))))

    await all_of(inflight * 2)
    with Meter() as meter:
        check = await all_of(n)
    await client.close()
    return meter.result(n, check)


# By the name of the workload, for runners that block and for those that do not.
BLOCKING: dict[str, Callable[..., dict[str, Any]]] = {
    "list": listed,
    "list-kept": listed_and_kept,
    "values": values,
    "columns": columns,
    "small": small,
    "many": many,
    "saml": saml.verified,
}
WAITING: dict[str, Callable[..., Coroutine[Any, Any, dict[str, Any]]]] = {
    "list": listed_async,
    "columns": columns_async,
    "small": small_async,
    "many": many_async,
    "flows": flows.flows,
}


def result(workload: str, runner: str, base: str, options: dict[str, Any]) -> dict[str, Any]:
    run = asyncio.run
    if runner.endswith("+uvloop"):
        import uvloop

        runner, run = runner.removesuffix("+uvloop"), uvloop.run
    if is_async(runner):
        return run(WAITING[workload](runner, base, **options))
    return BLOCKING[workload](runner, base, **options)


def main() -> None:
    workload, runner, base, *words = sys.argv[1:]
    options = {name: json.loads(number) for name, number in (word.split("=") for word in words)}
    try:
        print(json.dumps(result(workload, runner, base, options)))
    except NotBuiltError as error:
        print(json.dumps({"not_built": str(error)}))


if __name__ == "__main__":
    main()
