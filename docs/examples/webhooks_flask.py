"""Maestrano's webhooks in a Flask app: `flask --app webhooks_flask run`. MNO_DEVPL_* say where and as whom to fetch."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from tenantry import maestrano

customers: dict[str, set[str]] = {"cld-4": {"usr-1", "usr-2"}}
"""What the app keeps: the users of each group. An app of yours has a database."""


def handle(event: maestrano.WebhookEvent) -> object:
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


app = Flask(__name__)


@app.get("/customers")
def count() -> dict[str, int]:
    """A path of the app's own."""
    return {group: len(users) for group, users in customers.items()}


marketplaces = maestrano.Marketplaces.fetch()
# All webhooks of this app are below this path, whatever marketplace they are of.
app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/maestrano": marketplaces.webhooks.wsgi(handle)})
