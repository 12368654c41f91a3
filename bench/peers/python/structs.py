"""Requests as msgspec reads them: whole, only what `fields.of_object` reads, only what a row has."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Reference(Struct):
    id: str
    name: str


class Pictured(Struct):
    id: str
    name: str
    icon: str


class Instant(Struct):
    at: str


class Events(Struct):
    created: Instant
    updated: Instant


class Phone(Struct):
    country_code: str
    area_code: str
    phone_number: str
    extension: str


class Contact(Struct):
    first_name: str
    last_name: str
    email: str
    phone_number: Phone


class ContactInfo(Struct):
    address_line1: str
    address_line2: str
    city: str
    state: str
    postal_code: str
    country: str
    contact: Contact


class Tier(Struct):
    id: str
    external_id: str
    external_uid: str
    name: str
    tax_id: str
    contact_info: ContactInfo


class Tiers(Struct):
    customer: Tier
    tier1: Tier
    tier2: Tier


class Constraints(Struct):
    required: bool
    hidden: bool
    unique: bool


class Param(Struct):
    id: str
    name: str
    type: str
    title: str
    description: str
    value: str
    value_error: str
    value_choices: list[Any]
    phase: str
    scope: str
    constraints: Constraints


class Item(Struct):
    id: str
    global_id: str
    mpn: str
    display_name: str
    type: str
    item_type: str
    period: str
    quantity: str
    old_quantity: str
    params: list[Any]


class Product(Struct):
    id: str
    name: str
    icon: str
    status: str


class Connection(Struct):
    id: str
    type: str
    provider: Reference
    vendor: Reference
    hub: Reference


class Asset(Struct):
    id: str
    status: str
    external_id: str
    external_uid: str
    product: Product
    connection: Connection
    items: list[Item]
    params: list[Param]
    tiers: Tiers
    events: Events


class Request(Struct):
    id: str
    type: str
    status: str
    created: str
    updated: str
    note: str
    reason: str | None
    answered: str | None
    assignee: str
    activation_key: str
    effective_date: str | None
    planned_date: str | None
    template: Reference
    contract: Reference
    marketplace: Pictured
    asset: Asset


class Mail(Struct):
    email: str


class MailedContact(Struct):
    contact: Mail


class MailedTier(Struct):
    contact_info: MailedContact


class MailedTiers(Struct):
    customer: MailedTier


class Id(Struct):
    id: str


class Typed(Struct):
    type: str


class NeededParam(Struct):
    id: str
    value: str


class NeededItem(Struct):
    mpn: str
    quantity: str


class NeededAsset(Struct):
    id: str
    product: Id
    items: list[NeededItem]
    params: list[NeededParam]
    tiers: MailedTiers


class Needed(Struct):
    id: str
    type: str
    status: str
    asset: NeededAsset


class RowAsset(Struct):
    id: str
    product: Id
    connection: Typed
    tiers: MailedTiers


class Row(Struct):
    id: str
    type: str
    status: str
    created: str
    asset: RowAsset
