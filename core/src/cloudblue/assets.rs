//! Assets: what customers have, and what happened to it.

use super::Client;
use super::asset::Asset;
use super::filters;
use super::listing::list_arguments;
use super::request::Request;
use super::requests::{MARKDOWN, Render};
use super::usage::UsageAggregate;
use crate::ops::{Lossless, operations};

list_arguments! {
    /// Arguments of [`Assets::list`]: assets of every status unless said otherwise, oldest first.
    ListAssets(key Greater)
}
list_arguments! {
    /// Arguments of [`Assets::requests`].
    ListAssetRequests(of asset_id)
}
list_arguments! {
    /// Arguments of [`Assets::usage_aggregates`].
    ListUsageAggregates(of asset_id)
}

impl ListAssets {
    /// Assets of one status, or of several.
    pub fn status(mut self, status: impl Into<serde_json::Value>) -> Self {
        self.listing.status = Some(status.into());
        self
    }
}

operations! {
    /// Assets: subscriptions of customers to products.
    Assets(Client) in "cloudblue.assets" {}
    lists {
        /// Lists assets, the oldest first, without skipping any that leave the list meanwhile.
        ///
        /// Source: the vendor's specification v37, `GET /assets`.
        list(ListAssets) -> Lossless<Asset> = "/assets", ApiKey, filters::ASSETS;

        /// Lists the requests of an asset, in short: id, type, status, events and assignee.
        ///
        /// It is paged by offset: the specification gives this list no filter.
        /// Source: the vendor's specification v37, `GET /assets/{asset_id}/requests`.
        requests(ListAssetRequests) -> Lossless<Request> = "/assets/{asset_id}/requests", ApiKey, filters::ASSET_REQUESTS;

        /// Lists the usage of an asset, summed up by item.
        ///
        /// It is paged by offset: its rows have no key.
        /// Source: the vendor's specification v37, `GET /assets/{asset_pk}/usage/aggregates`.
        usage_aggregates(ListUsageAggregates) -> Lossless<UsageAggregate>
            = "/assets/{asset_id}/usage/aggregates", ApiKey, filters::USAGE_AGGREGATES;
    }
    of_id {
        /// Reads an asset.
        ///
        /// Source: the vendor's specification v37, `GET /assets/{id}`.
        get -> Lossless<Asset> = GET "/assets/{id}", Safe, ApiKey, None { record: Some("Asset") };
    }
    by_id {
        /// Renders the template of an asset, as the customer sees it, in Markdown.
        ///
        /// Source: the vendor's specification v37, `GET /assets/{id}/render`.
        render(Render) -> String = GET "/assets/{id}/render", Safe, ApiKey, None { accept: MARKDOWN };
    }
}
