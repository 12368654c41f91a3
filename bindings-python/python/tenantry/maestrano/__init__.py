"""Maestrano: the marketplaces of an app, what is billed there, webhooks, sessions, single sign-on and data sharing.

Source: the vendor's page "SDK free integration", its wiki, and the sources of its API sandbox and of its SDKs; nothing
here was checked against the live API.
"""

from .changes import AsyncChanges, Changes
from .client import AsyncClient, Client
from .connec import AsyncConnec, Connec
from .marketplaces import AsyncMarketplaces, Marketplaces
from .models import (
    Bill,
    Group,
    Identity,
    Login,
    Marketplace,
    NotificationGroup,
    RecurringBill,
    Reseller,
    SessionStatus,
    User,
    WebhookEvent,
    WebhookReply,
)
from .recurring import AsyncRecurringBills, RecurringBills
from .refresh import AsyncWatch, Change, Refreshed, Watch
from .sso import AsyncSso, Sso
from .webhooks import SeenStore, WebhookRequest, Webhooks

__all__ = [
    "AsyncChanges",
    "AsyncClient",
    "AsyncConnec",
    "AsyncMarketplaces",
    "AsyncRecurringBills",
    "AsyncSso",
    "AsyncWatch",
    "Bill",
    "Change",
    "Changes",
    "Client",
    "Connec",
    "Group",
    "Identity",
    "Login",
    "Marketplace",
    "Marketplaces",
    "NotificationGroup",
    "RecurringBill",
    "RecurringBills",
    "Refreshed",
    "Reseller",
    "SeenStore",
    "SessionStatus",
    "Sso",
    "User",
    "Watch",
    "WebhookEvent",
    "WebhookReply",
    "WebhookRequest",
    "Webhooks",
]
