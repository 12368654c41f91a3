//! Webhooks for other languages: JSON text in and out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::order::{Order, request};
use super::reply::{Reply, Synchronization};
use super::request::Request;
use super::unwrap::{MAX_BODY_BYTES, unwrap_within};
use super::user::{mask_user, unmask_user};
use crate::error::{Error, Result};
use crate::maestrano::Marketplace;
use crate::ops::read_arguments;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnwrapArguments {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    #[serde(default)]
    body: Option<String>,
    /// A body that is no text.
    #[serde(default)]
    body_base64: Option<String>,
    #[serde(default)]
    max_body_bytes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskArguments {
    user_id: String,
    group_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnmaskArguments {
    user_id: String,
}

/// The answers of [`Reply`], by name.
#[derive(Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case", deny_unknown_fields)]
enum ReplyArguments {
    Success,
    Started,
    UnknownGroup,
    Synchronization { state: Synchronization },
    NotFound { message: String },
}

/// What `name` makes of `arguments`: `unwrap`, `request`, `reply`, `mask_user` or `unmask_user`. No I/O.
///
/// # Errors
/// Those of the function of that name; `validation` for a name or arguments that are not known.
pub fn local(name: &str, marketplaces: &[&Marketplace], arguments: &str) -> Result<String> {
    match name {
        "unwrap" => {
            let UnwrapArguments { method, path, headers, body, body_base64, max_body_bytes } =
                read_arguments(arguments)?;
            let body = match (body, body_base64) {
                (Some(_), Some(_)) => return Err(Error::validation("body_base64", "a request has one body")),
                (text, None) => text.unwrap_or_default().into_bytes(),
                (None, Some(text)) => {
                    STANDARD.decode(text).map_err(|_| Error::validation("body_base64", "is not base64"))?
                }
            };
            let request = Request::new(method, path, headers, body);
            let marketplaces = marketplaces.iter().copied();
            json(&unwrap_within(marketplaces, &request, max_body_bytes.unwrap_or(MAX_BODY_BYTES))?)
        }
        "request" => {
            let order = Order::from_json(arguments)?;
            let name = order.marketplace.as_deref();
            let name = name.ok_or_else(|| Error::validation("marketplace", "is missing"))?;
            let named = marketplaces.iter().find(|marketplace| marketplace.marketplace == name);
            let known = || marketplaces.iter().map(|one| one.marketplace.as_str()).collect::<Vec<_>>().join(", ");
            let marketplace =
                named.ok_or_else(|| Error::validation("marketplace", format!("is unknown: there are {}", known())))?;
            json(&request(marketplace, &order)?)
        }
        "reply" => json(&match read_arguments(arguments)? {
            ReplyArguments::Success => Reply::success(),
            ReplyArguments::Started => Reply::started(),
            ReplyArguments::UnknownGroup => Reply::unknown_group(),
            ReplyArguments::Synchronization { state } => Reply::synchronization(&state),
            ReplyArguments::NotFound { message } => Reply::not_found(&message),
        }),
        "mask_user" => {
            let MaskArguments { user_id, group_id } = read_arguments(arguments)?;
            json(&mask_user(&user_id, &group_id))
        }
        "unmask_user" => json(&unmask_user(&read_arguments::<UnmaskArguments>(arguments)?.user_id)),
        _ => Err(Error::validation("name", "is none of unwrap, request, reply, mask_user, unmask_user")),
    }
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::internal(format!("a result of webhooks: {error}")))
}
