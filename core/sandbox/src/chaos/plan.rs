//! What a proxy does to a connection.

/// How a connection ends at the client's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ending {
    /// RST: the client's next read or write fails.
    #[default]
    Reset,
    /// FIN: the client reads an end of file.
    Close,
}

/// What happens to each connection; the default forwards everything untouched. All counts are per connection.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// End the client's side when this many bytes of requests have been forwarded.
    pub after_request: Option<u64>,
    /// End the client's side when this many bytes of replies have been forwarded; 0 loses the whole reply.
    pub after_reply: Option<u64>,
    /// How it ends.
    pub ending: Ending,
    /// Take the replies and forward none, until the client leaves.
    pub hold: bool,
    /// Wait this long before each part of a reply is forwarded, in milliseconds.
    pub latency_ms: u64,
    /// Forward replies in helpings of so many bytes (at least 1), with so many milliseconds between them.
    pub drip: Option<(usize, u64)>,
    /// Only for so many connections; the later ones are forwarded untouched. `None`: for all.
    pub connections: Option<u64>,
}
