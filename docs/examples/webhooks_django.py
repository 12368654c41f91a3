"""Maestrano's webhooks in a Django project: `python webhooks_django.py runserver`. MNO_DEVPL_* say where to fetch."""

from __future__ import annotations

import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path, re_path

from tenantry import maestrano

if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"]
    )

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


def count(_request: HttpRequest) -> JsonResponse:
    """A path of the app's own."""
    return JsonResponse({group: len(users) for group, users in customers.items()})


marketplaces = maestrano.Marketplaces.fetch()
urlpatterns = [
    path("customers", count),
    # Last, and for all paths that are nobody else's: the configuration says which are webhooks.
    re_path("", marketplaces.webhooks.django(handle)),
]
application = get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
