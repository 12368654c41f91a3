//! `GET /requests`, `GET /requests/{id}` and `GET /requests/{id}/render`.

use super::admitted;
use crate::call::Call;
use crate::cloudblue::lag::Lagging as _;
use crate::cloudblue::list::{self, Window};
use crate::cloudblue::refusal;
use crate::cloudblue::request_columns::{COLUMNS, selectable};
use crate::cloudblue::request_search::search;
use crate::cloudblue::selection::Selection;
use crate::cloudblue::text_reply;
use crate::reply::Reply;
use crate::rql::{Operand, Operator, Term};
use crate::world::Systems;

pub(crate) fn list(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let mut query = list::query(call)?;
        if !query.mentions("status") {
            query.terms.push(pending_only());
        }
        let plan = list::plan(&query, COLUMNS)?;
        let select = Selection::read(&plan.select, selectable)?;
        let window = Window::of(&plan, state.behaviour.page_cap);
        let found = search(state, &plan, window, moment);
        let mut json = String::with_capacity(found.page.len() * 6000 + 2);
        crate::cloudblue::json_object::write_list(&mut json, &found.page, |request, out| {
            request.write(out, state.asset_seen(request, moment.at), moment.wall_us, &select);
        });
        Ok(list::page(select.finish(json), found.page.len(), window, found.total))
    })
}

/// The filter of a list that says nothing of the status.
fn pending_only() -> Term {
    let operands = vec![Operand::Text { text: "pending".to_owned(), quoted: false }];
    Term::Test { property: "status".to_owned(), operator: Operator::Eq, operands }
}

pub(crate) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let slot = state.find_request(call.segment(0), moment.at)?;
        let gone = || refusal::not_found(&format!("Request `{}`", call.segment(0)));
        let request = state.request(slot).seen(moment.at).ok_or_else(gone)?;
        let mut json = String::new();
        request.write(&mut json, state.asset_seen(request, moment.at), moment.wall_us, &Selection::whole());
        Ok(text_reply(json, "application/json"))
    })
}

pub(crate) fn render(systems: &mut Systems, call: &Call<'_>) -> Reply {
    admitted(systems, call, |state, moment| {
        let slot = state.find_request(call.segment(0), moment.at)?;
        let request = state.request(slot);
        let text = match &request.template {
            Some(rendered) => rendered.message.clone(),
            None => format!("Request {} is {}.\n", request.id, request.status.word()),
        };
        Ok(text_reply(text, "text/markdown"))
    })
}
