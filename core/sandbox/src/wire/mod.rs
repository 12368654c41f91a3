//! From the socket to the handlers and back, with everything that can happen to a reply on its way.

mod accept;
mod answer;
mod plan;
mod stream;

pub(crate) use accept::serve;
