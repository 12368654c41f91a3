//! `GET /api/reports/{group_id}/{name}` and `GET /version`.

use serde_json::json;

use super::super::instant;
use super::refusal;
use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

/// Those that every group has; what is in them is not public.
const REPORTS: [&str; 3] = ["balance_sheet", "profit_and_loss", "trial_balance"];

pub(in super::super) fn report(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let (group_id, name) = (call.segment(0), call.segment(1));
    let path = format!("/api/reports/{group_id}/{name}");
    let Some(place) = call.maestrano.caller(call) else { return refusal::unauthorized(&path) };
    let group = systems.maestrano.accounts[place].group(group_id);
    let Some(group) = group else { return refusal::refused(404, &path, "there is no such group") };
    if !REPORTS.contains(&name) {
        return refusal::refused(404, &path, "there is no such report");
    }
    refusal::media(
        200,
        &json!({ "report": {
            "name": name, "group_id": group_id, "currency": group.text("currency"), "generated_at": instant::text(call.wall_ms),
            "rows": [{"code": "100", "name": "Sales", "amount": "1250.50"}, {"code": "200", "name": "Rent", "amount": "-400.00"}],
        } }),
    )
}

/// Nobody has to sign in for it.
pub(in super::super) fn version(_: &mut Systems, _: &Call<'_>) -> Reply {
    refusal::media(200, &json!({ "ci_branch": "v1.1", "ci_commit": "sandbox" }))
}
