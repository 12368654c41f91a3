//! What Magento BI holds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::outcome::Outcome;
use crate::reply::Reply;

/// Anything that was made: how it is told apart, and from when on it can be seen.
#[derive(Debug, Clone)]
pub(super) struct Birth {
    /// Order of creation over all kinds of things.
    pub(super) order: u64,
    pub(super) at: Duration,
    pub(super) visible_at: Duration,
}

impl Birth {
    pub(super) fn visible(&self, now: Duration) -> bool {
        now >= self.visible_at
    }
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) access_token: String,
    pub(super) user_id: u64,
    pub(super) expires_at: Duration,
}

#[derive(Debug, Clone)]
pub(super) struct Signup {
    pub(super) birth: Birth,
    pub(super) id: String,
    pub(super) company: String,
    pub(super) email: String,
    pub(super) client_id: u64,
    pub(super) pubkey: String,
    pub(super) done_at: Duration,
    /// The word it ends in.
    pub(super) word: String,
    /// Whether the reply tells the client id when done.
    pub(super) tells_client: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) birth: Birth,
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) properties: Map<String, Value>,
    pub(super) connections: Vec<Connection>,
    pub(super) jobs: Vec<Job>,
    pub(super) autodash: BTreeMap<String, Autodash>,
}

#[derive(Debug, Clone)]
pub(super) struct Invite {
    pub(super) birth: Birth,
    pub(super) id: u64,
    pub(super) client_id: u64,
    pub(super) email: String,
    pub(super) user_id: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Connection {
    pub(super) birth: Birth,
    pub(super) id: u64,
    pub(super) meta_id: u64,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) display_name: Option<String>,
    pub(super) properties: Map<String, Value>,
    pub(super) has_password: bool,
    pub(super) deleted: bool,
    /// Wall time of the creation.
    pub(super) created_ms: i64,
    /// When its first successful test ends, on the clock and as wall time.
    pub(super) established: Option<(Duration, i64)>,
}

/// What a job ends as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct End {
    pub(super) name: String,
    pub(super) id: u64,
    /// Whether the job has an `end` time then; without one it goes on for ever in that status.
    pub(super) ended: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) birth: Birth,
    pub(super) id: u64,
    /// 27 "Connection Test", 5 the structure sync.
    pub(super) kind: u64,
    /// The connection's `meta_id`; none for a seeded job.
    pub(super) connection: Option<u64>,
    pub(super) begin_at: Duration,
    pub(super) end_at: Duration,
    pub(super) begin_ms: i64,
    pub(super) end_ms: i64,
    pub(super) end: End,
}

#[derive(Debug, Clone)]
pub(super) struct Autodash {
    pub(super) birth: Birth,
    pub(super) id: String,
    pub(super) package: String,
    pub(super) connection: u64,
    /// As it was sent; `None` when the key was left out.
    pub(super) user_id: Option<Value>,
    pub(super) done_at: Duration,
    pub(super) word: String,
}

/// The next number of each kind, in the spirit of the samples: a connection's two ids differ.
#[derive(Debug, Clone)]
struct Next {
    order: u64,
    token: u64,
    client: u64,
    invite: u64,
    user: u64,
    connection: u64,
    meta: u64,
    job: u64,
}

#[derive(Clone)]
pub(crate) struct State {
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) signups: BTreeMap<String, Signup>,
    pub(super) clients: BTreeMap<u64, Client>,
    pub(super) invites: Vec<Invite>,
    pub(super) outcome: Outcome,
    next: Next,
}

impl Default for State {
    fn default() -> Self {
        let next =
            Next { order: 1, token: 16, client: 123, invite: 3892, user: 40_001, connection: 14, meta: 5, job: 2001 };
        Self {
            tokens: BTreeMap::new(),
            signups: BTreeMap::new(),
            clients: BTreeMap::new(),
            invites: Vec::new(),
            outcome: Outcome::default(),
            next,
        }
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Tokens are keys of a map here: only their number is shown.
        formatter.debug_struct("State").field("tokens", &self.tokens.len()).finish_non_exhaustive()
    }
}

fn take(counter: &mut u64) -> u64 {
    let number = *counter;
    *counter += 1;
    number
}

impl State {
    pub(super) fn birth(&mut self, at: Duration, visible_at: Duration) -> Birth {
        Birth { order: take(&mut self.next.order), at, visible_at }
    }

    pub(super) fn next_token_id(&mut self) -> u64 {
        take(&mut self.next.token)
    }

    pub(super) fn next_client_id(&mut self) -> u64 {
        take(&mut self.next.client)
    }

    pub(super) fn next_invite_id(&mut self) -> u64 {
        take(&mut self.next.invite)
    }

    pub(super) fn next_user_id(&mut self) -> u64 {
        take(&mut self.next.user)
    }

    /// `id` and `meta_id`.
    pub(super) fn next_connection_ids(&mut self) -> (u64, u64) {
        (take(&mut self.next.connection), take(&mut self.next.meta))
    }

    pub(super) fn next_job_id(&mut self) -> u64 {
        take(&mut self.next.job)
    }

    /// Lets later signups pass by a client id that a seed has taken.
    pub(super) fn reserve_client_id(&mut self, id: u64) {
        self.next.client = self.next.client.max(id.saturating_add(1));
    }

    /// The client of a path's segment, once it exists; otherwise the 404 to answer.
    pub(super) fn client(&mut self, id: &str, now: Duration) -> Result<&mut Client, Reply> {
        let found = id.parse().ok().and_then(|id: u64| self.clients.get_mut(&id));
        found
            .filter(|client| client.birth.visible(now))
            .ok_or_else(|| Reply::error(404, "there is no client with this id"))
    }

    pub(crate) fn expire_tokens(&mut self) {
        self.tokens.clear();
    }
}

impl Client {
    pub(super) fn new(birth: Birth, id: u64, name: String) -> Client {
        let (connections, jobs, autodash) = (Vec::new(), Vec::new(), BTreeMap::new());
        Client { birth, id, name, properties: Map::new(), connections, jobs, autodash }
    }

    /// The connection that a caller means: by `meta_id`, as the vendor's client does, else by `id`.
    pub(super) fn connection(&mut self, given: u64, now: Duration) -> Option<&mut Connection> {
        let visible = |connection: &&mut Connection| connection.birth.visible(now) && !connection.deleted;
        let by_meta = self.connections.iter().any(|connection| connection.meta_id == given);
        self.connections
            .iter_mut()
            .filter(visible)
            .find(|connection| if by_meta { connection.meta_id == given } else { connection.id == given })
    }
}
