//! Where no event loop watches the sockets of its calls: a thread does instead.

use std::sync::Arc;

use napi::bindgen_prelude::Env;
use tokio::runtime::Handle;

use crate::awaitable::Queue;

/// There is none.
pub enum Watch {}

impl Watch {
    pub fn begin(_: &Env, _: &Queue) -> Option<Arc<Self>> {
        None
    }

    pub fn handle(&self) -> &Handle {
        match *self {}
    }

    pub fn look(&self) {
        match *self {}
    }

    pub fn tick(&self) {
        match *self {}
    }
}
