//! The state as tests and people look at it.

use std::time::Duration;

use serde_json::{Value, json};

use super::asset::Asset;
use super::conversation::id_of;
use super::request::Request;
use super::state::State;

impl State {
    /// Requests in the order of their creation, assets likewise; what has been removed is not shown.
    pub(crate) fn show(&mut self, now: Duration, wall_ms: i64) -> Value {
        self.settle(now, wall_ms.saturating_mul(1000));
        let slots = self.index.slots(&self.requests, None, super::index::Span::EVER);
        let requests = || slots.iter().map(|slot| &**self.request(*slot));
        let talked = requests().filter(|request| !request.messages.is_empty());
        json!({
            "requests": requests().map(|request| self.show_request(request)).collect::<Value>(),
            "assets": self.assets_in_order(Duration::MAX).map(Asset::show).collect::<Value>(),
            "conversations": talked.map(Request::show_conversation).collect::<Value>(),
            "behaviour": self.behaviour.show(),
        })
    }

    fn show_request(&self, request: &Request) -> Value {
        let asset = self.asset_of(request);
        let transitions = request.transitions.iter().map(|transition| {
            let from = transition.from.map(super::words::Status::word);
            let at_ms = u64::try_from(transition.at.as_millis()).unwrap_or(u64::MAX);
            json!({ "from": from, "to": transition.to.word(), "at_ms": at_ms })
        });
        json!({
            "id": &*request.id, "type": request.kind.word(), "status": request.status.word(),
            "asset_id": &*asset.id, "product_id": asset.product.id, "created_ms": request.created_us / 1000,
            "updated_ms": request.updated_us / 1000, "transitions": transitions.collect::<Value>(),
        })
    }
}

impl Asset {
    fn show(&self) -> Value {
        json!({
            "id": &*self.id, "status": self.status.word(), "product_id": self.product.id,
            "external_id": self.external_id.text(),
        })
    }
}

impl Request {
    fn show_conversation(&self) -> Value {
        let messages = self.messages.iter().map(|message| json!({ "type": message.kind, "text": message.text }));
        json!({ "id": id_of(self), "request_id": &*self.id, "messages": messages.collect::<Value>() })
    }
}
