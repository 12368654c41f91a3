"""A queue of requests for a worker, and what became of it."""

from __future__ import annotations

from datetime import datetime, timezone

from tenantry import cloudblue


def statuses(sandbox):
    return {request["id"]: request["status"] for request in sandbox.state()["cloudblue"]["requests"]}


def only(sandbox, count, **more):
    """Leaves nothing but so many pending purchases, each of an asset of its own; returns their ids."""
    order = {"product_id": "PRD-1", "type": "purchase", "status": "pending", "assets": count, **more}
    sandbox.generate(requests=count, clear=True, **order)
    return list(statuses(sandbox))


def approving(worker):
    seen = []

    @worker.handler
    def handle(request):
        seen.append(request.id)
        return cloudblue.Approve(template_id="TL-1")

    return seen


def sandbox_now():
    """Where virtual time begins."""
    return datetime(2026, 1, 1, tzinfo=timezone.utc)
