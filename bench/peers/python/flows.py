"""Many onboardings at once: each starts a signup and polls it, at fixed intervals, until it is completed."""

from __future__ import annotations

import asyncio
from typing import Any

from clients import NotBuiltError
from decode import DECODERS
from fetch import ASYNC
from meter import Meter, quantiles

CONNECTIONS = 64
# It stops after its first wait, for a person who installs the key.
SPEC: dict[str, Any] = {
    "company": "Coco Co.",
    "tier": "T100",
    "install_public_key": True,
    "admin": {"email": "csm@example.com", "first_name": "CSMFirst", "last_name": "CSMLast", "role": "csm"},
    "magento": {"customer_id": "MAG0000001", "subscription_id": "1000"},
    "user": {
        "email": "customer@customer.com",
        "first_name": "tester",
        "last_name": "mctest",
        "client_rights": {"admin": 1, "billing": 1, "readonly": 1, "technical": 0},
    },
    "client_settings": {"properties": {"default_currency": "USD", "timezone": "America/New_York"}},
    "connection": {
        "name": "store",
        "type": "mysql",
        "password": {"env": "BENCH_DB_PASSWORD"},
        "properties": {"host": "db.example.com", "port": "3306", "username": "magento", "dbName": "store"},
    },
    "dashboards": {"package": "magento1_rjql1", "database": "store", "table_prefix": ""},
}


async def flows(runner: str, base: str, n: int, interval: float, polls: int) -> dict[str, Any]:
    """`n` of them, started over one interval; the server lets each be polled `polls` times."""
    out = await (_ours(base, n, interval) if runner.startswith("tenantry") else _assembled(runner, base, n, interval))
    return {**out, "polls": n * polls, "bytes_per_flow": out["grown_kib"] * 1024 / n}


async def _assembled(runner: str, base: str, count: int, interval: float) -> dict[str, Any]:
    fetch, decoder = runner.split("+")
    client: Any = ASYNC[fetch](CONNECTIONS)
    read = DECODERS[decoder]().one
    clock = asyncio.get_running_loop().time
    late: list[float] = []
    done = 0

    async def flow(start: float) -> None:
        nonlocal done
        await asyncio.sleep(start)
        url = base + read(await client.post(f"{base}/v3/signups"))["url"]
        due = clock()
        while True:
            due += interval
            await asyncio.sleep(due - clock())
            late.append(max(0.0, clock() - due))
            if read(await client.get(url))["status"] == "completed":
                done += 1
                return

    await client.post(f"{base}/v3/signups")
    with Meter() as meter:
        await asyncio.gather(*(flow(interval * number / count) for number in range(count)))
    await client.close()
    return meter.result(count, done, **quantiles("late", late))


async def _ours(base: str, count: int, interval: float) -> dict[str, Any]:
    from tenantry import magento_bi

    client: Any = magento_bi.AsyncClient(
        base_url=base, dashboard_url=base, username="u", password="p", oauth_client_id=1, client_secret="s"
    )
    if not hasattr(client.onboardings, "run_all"):
        raise NotBuiltError("fleets of onboardings")
    poll = {"min": interval, "max": interval, "factor": 1.0, "jitter": 0.1}
    done = 0
    with Meter() as meter:
        run = client.onboardings.run_all(map(str, range(count)), spec=lambda _: SPEC, poll=poll)
        async for turn in run:
            if turn.error is not None:
                raise turn.error
            done += 1
    status = run.status
    late = {f"late_p{q}_us": float(status[f"late_p{q}_ms"]) * 1e3 for q in (50, 99)}
    await client.aclose()
    return meter.result(count, done, **late)
