"""What is read of each request; every peer reads the same, so that all arrive at the same sum."""

from __future__ import annotations

from typing import Any

# Eight fields as rows or columns.
COLUMNS = (
    "id",
    "type",
    "status",
    "created",
    "asset.id",
    "asset.product.id",
    "asset.connection.type",
    "asset.tiers.customer.contact_info.contact.email",
)


def of_dict(request: Any) -> int:
    """What a fulfillment script reads of a request that is made of dicts."""
    asset = request["asset"]
    total = len(request["id"]) + len(request["type"]) + len(request["status"])
    total += len(asset["id"]) + len(asset["product"]["id"])
    total += len(asset["tiers"]["customer"]["contact_info"]["contact"]["email"])
    for item in asset["items"]:
        total += len(item["mpn"]) + int(item["quantity"])
    for param in asset["params"]:
        total += len(param["id"]) + len(param["value"])
    return total


def of_object(request: Any) -> int:
    """The same of a request whose fields are attributes."""
    asset = request.asset
    total = len(request.id) + len(request.type) + len(request.status) + len(asset.id) + len(asset.product.id)
    total += len(asset.tiers.customer.contact_info.contact.email)
    for item in asset.items:
        total += len(item.mpn) + int(item.quantity)
    for param in asset.params:
        total += len(param.id) + len(param.value)
    return total


def of_record(request: Any) -> int:
    """The same of a request of tenantry, where the contact is as the server sent it."""
    asset = request.asset
    total = len(request.id) + len(request.type) + len(request.status) + len(asset.id) + len(asset.product.id)
    total += len(asset.tiers.customer.contact_info["contact"]["email"])
    for item in asset.items:
        total += len(item.mpn) + int(item.quantity)
    for param in asset.params:
        total += len(param.id) + len(param.value)
    return total


def row_of_dict(request: Any) -> tuple[str, ...]:
    asset = request["asset"]
    return (
        request["id"],
        request["type"],
        request["status"],
        request["created"],
        asset["id"],
        asset["product"]["id"],
        asset["connection"]["type"],
        asset["tiers"]["customer"]["contact_info"]["contact"]["email"],
    )


def row_of_object(request: Any) -> tuple[str, ...]:
    asset = request.asset
    return (
        request.id,
        request.type,
        request.status,
        request.created,
        asset.id,
        asset.product.id,
        asset.connection.type,
        asset.tiers.customer.contact_info.contact.email,
    )


def of_row(row: tuple[str, ...]) -> int:
    """What is summed up of a row: its first field and the one that lies deepest."""
    return len(row[0]) + len(row[7])
