"""CloudBlue Connect: fulfillment requests and assets, queries over them, and a worker that handles the requests.

Source: the vendor's page "Assets API" of 2020, its specification v37 of 2025, its state machines and the parser of its
query language. Its own clients run against the sandbox; nothing here was checked against the live API.
"""

from .client import AsyncClient, Client
from .job import AsyncJob, Job
from .models import (
    Asset,
    Configuration,
    Connection,
    Conversation,
    Item,
    Message,
    Param,
    ParamChange,
    Product,
    Reference,
    Request,
    Template,
    TemplateReference,
    Tier,
    Tiers,
    UsageAggregate,
)
from .outcomes import Approve, ConfirmRevoke, Fail, Inquire, Outcome, Schedule, Skip
from .query import Query, R
from .report import JobResult, Report
from .worker import AsyncFulfillmentWorker, FulfillmentWorker

__all__ = [
    "Approve",
    "Asset",
    "AsyncClient",
    "AsyncFulfillmentWorker",
    "AsyncJob",
    "Client",
    "Configuration",
    "ConfirmRevoke",
    "Connection",
    "Conversation",
    "Fail",
    "FulfillmentWorker",
    "Inquire",
    "Item",
    "Job",
    "JobResult",
    "Message",
    "Outcome",
    "Param",
    "ParamChange",
    "Product",
    "Query",
    "R",
    "Reference",
    "Report",
    "Request",
    "Schedule",
    "Skip",
    "Template",
    "TemplateReference",
    "Tier",
    "Tiers",
    "UsageAggregate",
]
