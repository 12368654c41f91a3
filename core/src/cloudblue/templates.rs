//! Templates of products.

use super::Client;
use super::filters;
use super::listing::list_arguments;
use super::template::Template;
use crate::ops::{Lossless, operations};

list_arguments! {
    /// Arguments of [`Templates::list`].
    ListTemplates(of product_id)
}

operations! {
    /// Templates of products: what customers are shown.
    Templates(Client) in "cloudblue.templates" {}
    lists {
        /// Lists the templates of a product; `scope="asset"` and `type="fulfillment"` find those for approvals.
        ///
        /// It is paged by offset.
        /// Source: the vendor's specification v37, `GET /products/{product_id}/templates`.
        list(ListTemplates) -> Lossless<Template> = "/products/{product_id}/templates", ApiKey, filters::TEMPLATES;
    }
}
