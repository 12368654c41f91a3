//! From a request to an event, or to a refusal.

use std::collections::BTreeSet;

use super::credentials::{self, Problem};
use super::event::{Event, Unwrapped};
use super::kind::{KINDS, Kind, Row};
use super::notification::as_text;
use super::refusal::Refusal;
use super::reply::Reply;
use super::request::Request;
use super::template::{Target, Template};
use super::user::{mask_user, unmask_user};
use super::{body, dedupe, notification};
use crate::error::{Error, Result};
use crate::id::Id;
use crate::maestrano::Marketplace;

/// Bytes of a body that is read at most.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A configured path that is the request's.
struct Route<'a> {
    marketplace: &'a Marketplace,
    row: &'static Row,
    group: Option<Id>,
    user: Option<Id>,
    literals: usize,
}

/// Finds out which of `marketplaces` sent `request`, proves it, and reads what it says.
///
/// Checked in this order: the body's size (413), the path (404), the method (405), the credentials (401), the body
/// (400). Nothing is read of the body of a request without the right credentials.
///
/// # Errors
/// `webhook`, whose details are `reply` (what to answer) and `reason`: `too_large`, `unknown_path`, `wrong_method`,
/// `missing_credentials`, `malformed_credentials`, `wrong_credentials`, `ambiguous` or `invalid_body`. `config` where a
/// marketplace's key is not there as text.
pub fn unwrap<'a>(marketplaces: impl IntoIterator<Item = &'a Marketplace>, request: &Request) -> Result<Unwrapped> {
    unwrap_within(marketplaces, request, MAX_BODY_BYTES)
}

/// [`unwrap`], which refuses bodies of more than `max_body_bytes`.
///
/// # Errors
/// Those of [`unwrap`]; `validation` for a limit above [`MAX_BODY_BYTES`].
pub fn unwrap_within<'a>(
    marketplaces: impl IntoIterator<Item = &'a Marketplace>,
    request: &Request,
    max_body_bytes: usize,
) -> Result<Unwrapped> {
    if max_body_bytes > MAX_BODY_BYTES {
        return Err(Error::validation("max_body_bytes", format!("must be at most {MAX_BODY_BYTES}")));
    }
    if request.body.len() > max_body_bytes {
        return Err(Refusal::too_large(request.body.len(), max_body_bytes).into());
    }
    let marketplaces: Vec<_> = marketplaces.into_iter().collect();
    let routes = routes(&marketplaces, request)?;
    let route = proved(routes, request)?;
    read(&route, request)
}

/// What is sent to the request's path with its method.
fn routes<'a>(marketplaces: &[&'a Marketplace], request: &Request) -> Result<Vec<Route<'a>>> {
    let target = Target::read(&request.path);
    let on_path = marketplaces
        .iter()
        .flat_map(|marketplace| KINDS.iter().filter_map(|row| Route::find(marketplace, row, target.as_ref()?)));
    let on_path: Vec<_> = on_path.collect();
    if on_path.is_empty() {
        return Err(Refusal::unknown_path(&names(marketplaces.iter().copied())).into());
    }
    let methods: BTreeSet<_> = on_path.iter().map(|route| route.row.method).collect();
    let routes: Vec<_> =
        on_path.into_iter().filter(|route| route.row.method.eq_ignore_ascii_case(&request.method)).collect();
    if routes.is_empty() {
        return Err(Refusal::wrong_method(methods.into_iter().collect::<Vec<_>>().join(", ")).into());
    }
    Ok(routes)
}

impl<'a> Route<'a> {
    fn find(marketplace: &'a Marketplace, row: &'static Row, target: &Target) -> Option<Self> {
        let template = Template::read(&marketplace.app.host, row.path(marketplace)?, row.needs())?;
        let ids = template.matches(target)?;
        let user = match ids.get(row.user) {
            Some(user) => Some(Id::new(unmask_user(user.as_str())).ok()?),
            None => None,
        };
        Some(Self { marketplace, row, group: ids.get(row.group).cloned(), user, literals: template.literals() })
    }
}

/// The one of `routes` whose marketplace's credentials the request brings.
fn proved<'a>(routes: Vec<Route<'a>>, request: &Request) -> Result<Route<'a>> {
    let senders: Vec<_> = routes.iter().map(|route| route.marketplace).collect();
    let flags = credentials::check(&senders, request)?.map_err(|problem| match problem {
        Problem::Missing => Refusal::credentials("missing_credentials", "the request has no authorization header"),
        Problem::Malformed => {
            let message =
                "the authorization header is not one of Basic credentials: an id, a colon and a key in base64";
            Refusal::credentials("malformed_credentials", message)
        }
        Problem::Wrong => {
            let message = format!("the credentials are not the app's id and key at {}", names(senders.iter().copied()));
            Refusal::credentials("wrong_credentials", message)
        }
    })?;
    let mut proved: Vec<_> = routes.into_iter().zip(flags).filter_map(|(route, own)| own.then_some(route)).collect();
    let most = proved.iter().map(|route| route.literals).max();
    proved.retain(|route| Some(route.literals) == most);
    match (proved.pop(), proved.pop()) {
        (Some(route), None) => Ok(route),
        // Guessing would hand one marketplace's customer to another one.
        (one, other) => {
            let both = [one, other].into_iter().flatten().map(|route| route.marketplace);
            Err(Refusal::ambiguous(&names(both)).into())
        }
    }
}

fn read(route: &Route<'_>, request: &Request) -> Result<Unwrapped> {
    let group_id = |id: Id| as_text(&id).ok_or_else(|| Refusal::invalid_body("the body's group_id is no identifier"));
    let on_path = || route.group.clone().ok_or_else(|| Error::internal("a path without the group it needs"));
    let text = || body::text(&request.body);
    let mut said = None;
    let event = match route.row.kind {
        Kind::GroupDeleted => Event::GroupDeleted { group_id: on_path()? },
        Kind::GroupUserRemoved => {
            let group_id = on_path()?;
            let user_id = route.user.clone().ok_or_else(|| Error::internal("a path without the user it needs"))?;
            let virtual_user_id = mask_user(user_id.as_str(), group_id.as_str());
            Event::GroupUserRemoved { group_id, user_id, virtual_user_id }
        }
        Kind::ConnecNotification => {
            let text = text()?;
            said = Some(text.to_owned());
            Event::ConnecNotification { groups: notification::read(text)? }
        }
        Kind::SynchronizationStart => {
            let body::Start { group_id: id, opts } = body::Start::read(text()?)?;
            said = opts.as_ref().map(|opts| opts.get().to_owned());
            Event::SynchronizationStart { group_id: group_id(id)?, opts }
        }
        Kind::SynchronizationToggle => {
            Event::SynchronizationToggle { group_id: group_id(body::Toggle::read(text()?)?.group_id)? }
        }
        Kind::SynchronizationStatus => Event::SynchronizationStatus { group_id: on_path()? },
    };
    let marketplace = route.marketplace.marketplace.clone();
    let dedupe_key = dedupe::key(&marketplace, route.row.name, &event.ids(), said.as_deref())?;
    let reply = if route.row.kind == Kind::SynchronizationStart { Reply::started() } else { Reply::success() };
    Ok(Unwrapped { event, marketplace, dedupe_key, reply })
}

impl Event {
    /// Whom it is about, as far as that is not in what a notification says.
    fn ids(&self) -> Vec<&str> {
        match self {
            Self::GroupUserRemoved { group_id, user_id, .. } => vec![group_id.as_str(), user_id.as_str()],
            Self::ConnecNotification { .. } => Vec::new(),
            Self::GroupDeleted { group_id }
            | Self::SynchronizationStart { group_id, .. }
            | Self::SynchronizationToggle { group_id }
            | Self::SynchronizationStatus { group_id } => vec![group_id.as_str()],
        }
    }
}

fn names<'a>(marketplaces: impl Iterator<Item = &'a Marketplace>) -> String {
    let names: BTreeSet<_> = marketplaces.map(|marketplace| marketplace.marketplace.as_str()).collect();
    if names.is_empty() { "no marketplace".to_owned() } else { names.into_iter().collect::<Vec<_>>().join(", ") }
}
