//! `/assets`: lists, one, its requests, its text, its usage.

use serde_json::{Value, json};

use super::asset::Asset;
use super::asset_columns::{COLUMNS, selectable};
use super::conversation::author;
use super::json_object::write_list;
use super::lag::Lagging as _;
use super::list::{self, Window, json_page, page, sift};
use super::request::Request;
use super::requests::admitted;
use super::selection::Selection;
use super::state::State;
use super::{instant_text, text_reply};
use crate::call::Call;
use crate::reply::Reply;
use crate::rql::{Column, Kind};
use crate::world::Systems;

pub(super) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let plan = list::plan(&list::query(call)?, COLUMNS)?;
        let select = Selection::read(&plan.select, selectable)?;
        let window = Window::of(&plan, state.behaviour.page_cap);
        let (total, assets) = sift(state.assets_in_order(moment.at), &plan, window);
        let mut json = String::with_capacity(assets.len() * 6000 + 2);
        write_list(&mut json, &assets, |asset, out| asset.write(out, pending(state, asset), &select));
        Ok(page(select.finish(json), assets.len(), window, total))
    })
}

/// The newest request of an asset that has not ended.
fn pending<'a>(state: &'a State, asset: &Asset) -> Option<&'a Request> {
    let mut requests = asset.requests.iter().rev().map(|slot| &**state.request(*slot));
    requests.find(|request| !request.status.is_final() && !request.gone)
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let asset = state.visible_asset(call.segment(0), moment.at)?;
        let mut json = String::new();
        asset.write(&mut json, pending(state, asset), &Selection::whole());
        Ok(text_reply(json, "application/json"))
    })
}

pub(super) fn requests(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let asset = state.visible_asset(call.segment(0), moment.at)?;
        let seen = asset.requests.iter().filter_map(|slot| state.request(*slot).seen(moment.at));
        let rows = seen.map(|request| request.short()).collect();
        // This list has no filters: only `limit` and `offset` (contract, 1.2).
        json_page(call, rows, &[], state.behaviour.page_cap)
    })
}

pub(super) fn render(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let asset = state.visible_asset(call.segment(0), moment.at)?;
        let text = match &asset.template {
            Some(template) => template.render(asset, &asset.params),
            None => format!("Asset {} is {}.\n", asset.id, asset.status.word()),
        };
        Ok(text_reply(text, "text/markdown"))
    })
}

const USAGE: &[Column<&str>] = &[
    Column::new("asset.id", "asset.id", Kind::Text, super::asset_columns::NULLABLE).searched(),
    Column::new("asset.external_uid", "asset.external_uid", Kind::Text, super::asset_columns::NULLABLE).searched(),
    Column::new("item.id", "item.id", Kind::Text, super::asset_columns::NULLABLE).searched(),
    Column::new("item.local_id", "item.local_id", Kind::Text, super::asset_columns::NULLABLE).searched(),
    Column::new("item.type", "item.type", Kind::Text, super::asset_columns::TEXT).searched(),
];

/// What was used of the items that are paid by use: the same figures for the same asset.
pub(super) fn usage_aggregates(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let asset = state.visible_asset(call.segment(0), moment.at)?;
        let digits: i64 = asset.id.bytes().filter(u8::is_ascii_digit).map(|digit| i64::from(digit - b'0')).sum();
        let used = asset.items.iter().filter(|line| line.item.is_paid_by_use());
        let external_id = match &asset.external_id {
            super::party::ExternalId::Null => Value::Null,
            other => other.text().into(),
        };
        let rows = used.map(|line| {
            json!({
                "item": {
                    "id": line.item.id, "local_id": line.item.mpn, "name": line.item.name, "unit": "unit-GB",
                    "mpn": line.item.mpn, "precision": "integer", "type": line.item.kind,
                },
                "asset": {"id": &*asset.id, "external_id": external_id, "external_uid": &*asset.external_uid},
                "amount": digits, "currency": "EUR", "consumed": digits * 10, "accepted": digits * 9,
                "events": {"last_reported": {"at": instant_text(asset.updated_us), "by": author(false)}},
            })
        });
        json_page(call, rows.collect(), USAGE, state.behaviour.page_cap)
    })
}
