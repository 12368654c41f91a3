//! The 409 for what has been asked for already.

use super::create::conflict_params;
use crate::cloudblue::lag::Lagging as _;
use crate::cloudblue::refusal;
use crate::cloudblue::state::{Moment, State};
use crate::cloudblue::words::{AssetStatus, RequestType};
use crate::reply::Reply;

/// Refuses a second request of one type while the first is open, and a second purchase of what is not terminated.
pub(super) fn refuse_duplicate(
    state: &State,
    asset: Option<u32>,
    kind: RequestType,
    moment: Moment,
) -> Result<(), Reply> {
    let Some(asset) = asset.map(|slot| state.asset(slot)).filter(|asset| asset.seen(moment.at).is_some()) else {
        return Ok(());
    };
    let bought = kind == RequestType::Purchase && asset.status != AssetStatus::Terminated;
    let requests = asset.requests.iter().rev().map(|slot| state.request(*slot));
    let twin = requests.filter(|request| request.kind == kind).find(|request| bought || !request.status.is_final());
    match twin {
        None => Ok(()),
        Some(twin) => {
            let text = format!("A {} request for asset `{}` exists already.", kind.word(), asset.id);
            Err(refusal::conflict(&text, &conflict_params(state, twin)))
        }
    }
}
