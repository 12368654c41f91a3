"""Maestrano's webhooks in a FastAPI app: `uvicorn webhooks_fastapi:app`. MNO_DEVPL_* say where and as whom to fetch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tenantry import maestrano

customers: dict[str, set[str]] = {"cld-4": {"usr-1", "usr-2"}}
"""What the app keeps: the users of each group. An app of yours has a database."""


async def handle(event: maestrano.WebhookEvent) -> object:
    """Does what Maestrano tells. What it raises is logged, and answered with a bare 500."""
    if event.type == "connec_notification":
        for group in event.groups or []:
            print(f"{event.marketplace}: {group.group_id} changed {sorted(group.entities)}")
        return None
    if event.group_id not in customers:
        return False
    if event.type == "group_deleted":
        del customers[event.group_id]
    elif event.type == "group_user_removed":
        customers[event.group_id].discard(str(event.user_id))
    elif event.type == "synchronization_status":
        return {"sync_enabled": True, "status": "SUCCESS"}
    return None


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Fetches the marketplaces before the first request."""
    async with maestrano.AsyncMarketplaces.fetch() as marketplaces:
        # Last, and for all paths that are nobody else's: the configuration says which are webhooks.
        app.mount("/", marketplaces.webhooks.asgi(handle))
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/customers")
async def count() -> dict[str, int]:
    """A path of the app's own."""
    return {group: len(users) for group, users in customers.items()}
