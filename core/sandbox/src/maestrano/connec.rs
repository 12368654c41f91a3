//! Data sharing.
use crate::reply::Reply;
use serde_json::json;
#[derive(Debug, Clone)]
pub(super) struct Connec;
impl Connec {
    pub(super) fn seeded(_place: usize) -> Connec {
        Connec
    }
}
pub(super) fn holds(_path: &str) -> bool {
    false
}
pub(super) fn refused(status: u16, path: &str, text: &str) -> Reply {
    Reply::json(status, &json!({"errors":[{"href": path, "title": text}]}))
}
