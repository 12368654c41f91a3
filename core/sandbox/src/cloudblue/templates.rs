//! `GET /products/{id}/templates`.

use super::asset_columns::{NULLABLE, TEXT};
use super::catalog::Catalog;
use super::list::json_page;
use super::refusal;
use super::requests::admitted;
use crate::call::Call;
use crate::reply::Reply;
use crate::rql::{Column, Kind};
use crate::world::Systems;

const COLUMNS: &[Column<&str>] =
    &[Column::new("scope", "scope", Kind::Text, TEXT), Column::new("type", "type", Kind::Text, NULLABLE)];

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, _| {
        let product = Catalog::shared().product(call.segment(0));
        let product = product.ok_or_else(|| refusal::not_found(&format!("Product `{}`", call.segment(0))))?;
        json_page(call, product.listed_templates(), COLUMNS, state.behaviour.page_cap)
    })
}
