//! One table per system drives routing, the names in faults, and the journal.

use crate::call::Call;
use crate::reply::Reply;
use crate::world::Systems;

/// One call that a vendor's API offers.
pub(crate) struct Operation {
    /// `<system>.<resource>.<method>`.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// Path with `{}` for each segment that varies, and `/?` at its end when a slash there is as good as none.
    pub(crate) path: &'static str,
    pub(crate) handle: fn(&mut Systems, &Call<'_>) -> Reply,
}

/// What a method and a path lead to.
pub(crate) enum Route {
    Operation(&'static Operation, Vec<String>),
    WrongMethod,
    Unknown,
}

pub(crate) fn all() -> impl Iterator<Item = &'static Operation> {
    crate::magento_bi::OPERATIONS.iter().chain(crate::cloudblue::OPERATIONS).chain(crate::maestrano::OPERATIONS)
}

pub(crate) fn route(method: &str, path: &str) -> Route {
    let mut route = Route::Unknown;
    for operation in all() {
        if let Some(segments) = varying(operation.path, path) {
            if operation.method == method {
                return Route::Operation(operation, segments);
            }
            route = Route::WrongMethod;
        }
    }
    route
}

fn varying(template: &str, path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    let (template, path) = match template.strip_suffix("/?") {
        Some(template) => (template, path.strip_suffix('/').unwrap_or(path)),
        None => (template, path),
    };
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(segments),
            (Some("{}"), Some(segment)) if !segment.is_empty() => segments.push(segment.to_owned()),
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}
