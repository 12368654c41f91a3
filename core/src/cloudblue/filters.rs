//! The filters of each list, as the vendor's specification v37 names them (parameters of the GET operations).

use super::query::{Filter, lookups};

macro_rules! filters {
    ($($(#[doc = $doc:literal])* $list:ident { $($lookups:ident: $($name:literal)*;)* })*) => {$(
        $(#[doc = $doc])*
        pub(super) const $list: &[Filter] = &[$($(Filter { name: $name, lookups: lookups::$lookups },)*)*];
    )*};
}

filters! {
    /// `GET /requests`.
    REQUESTS {
        ID: "id" "product_id" "asset.id" "asset.product.id" "asset.external_id" "asset.external_uid" "asset.connection.id"
            "asset.connection.hub.id" "asset.contract.id" "asset.marketplace.id" "asset.tiers.customer.id"
            "asset.tiers.tier1.id" "asset.tiers.tier2.id" "asset.tiers.customer.name" "contract.id" "marketplace.id"
            "template.id";
        TEXT: "status" "type" "asset.product.name" "asset.connection.hub.name" "asset.marketplace.name" "marketplace.name";
        DATE: "created" "updated";
        EQ_IN: "asset_id" "asset.connection.type" "asset.connection.environment" "asset.params.id" "asset.params.value";
        EQ_ILIKE_IN: "asset.connection.provider.id" "asset.connection.vendor.id" "assignee.email";
        EQ_ILIKE: "asset.connection.provider.name" "asset.connection.vendor.name";
        EQ_NULL_IN: "assignee";
        EQ: "asset.status" "asset.account_id";
        NUMBER: "sli.days";
        NUMBER_LIST: "sli.zone";
    }

    /// `GET /assets`.
    ASSETS {
        ID: "id" "external_id" "external_uid" "product.id" "connection.id" "connection.hub.id" "connection.provider.id"
            "connection.vendor.id" "contract.id" "hub.id" "marketplace.id" "template.id" "tiers.customer.id"
            "tiers.customer.name" "tiers.customer.external_id" "tiers.tier1.id" "tiers.tier2.id" "params.value";
        TEXT: "status" "product.name" "product.title" "connection.type" "connection.hub.name" "connection.provider.name"
            "connection.vendor.name" "hub.name" "marketplace.name" "params.id" "tiers.customer.external_uid";
        AFTER_BEFORE: "created" "updated";
    }

    /// `GET /assets/{asset_id}/requests`.
    ASSET_REQUESTS {}

    /// `GET /assets/{asset_id}/usage/aggregates`.
    USAGE_AGGREGATES {
        ID: "asset.id" "asset.external_uid" "item.id" "item.local_id";
        TEXT: "item.type";
    }

    /// `GET /products/{product_id}/templates`.
    TEMPLATES {
        TEXT: "scope";
        ID: "type";
    }

    /// `GET /conversations`.
    CONVERSATIONS {
        ID: "id";
        TEXT: "instance_id";
        DATE: "created" "events.created.at";
    }

    /// `GET /conversations/{conversation_id}/messages`.
    MESSAGES {
        ID: "id" "events.created.by.id";
        TEXT: "text" "type";
        DATE: "created" "events.created.at" "events.updated.at";
    }
}
