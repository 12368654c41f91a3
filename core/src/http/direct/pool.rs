//! Connections that wait for the next request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Id;

use super::connection::Connection;

/// Connections kept for one place.
const IDLE_AT_MOST: usize = 64;
/// How long a connection is kept. Real time, whatever clock the calls live by: the sockets are real, too.
const IDLE_FOR: Duration = Duration::from_secs(20);

/// Where a connection leads, and whose reactor it belongs to: a socket is of no use to another runtime.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    runtime: Id,
    host: Box<str>,
    port: u16,
}

impl Place {
    pub(super) fn new(runtime: Id, host: &str, port: u16) -> Arc<Self> {
        Arc::new(Self { runtime, host: host.into(), port })
    }
}

/// Idle connections by their places.
#[derive(Default)]
pub(super) struct Pool {
    shelves: Mutex<Vec<Shelf>>,
}

struct Shelf {
    place: Arc<Place>,
    /// The one that was used last is the last.
    idle: Vec<(Instant, Connection)>,
}

impl Shelf {
    /// Takes out those that were kept too long.
    fn expire(&mut self, now: Instant, gone: &mut Vec<Connection>) {
        let expired = self.idle.iter().take_while(|(since, _)| now.duration_since(*since) >= IDLE_FOR).count();
        gone.extend(self.idle.drain(..expired).map(|(_, connection)| connection));
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Vec<Shelf>> {
        // Nothing in a critical section panics half-way through a change.
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was used last, if the other side has not ended it meanwhile.
    pub(super) fn take(&self, runtime: Id, host: &str, port: u16) -> Option<Connection> {
        // Sockets are closed outside of the lock.
        let mut gone = Vec::new();
        loop {
            let connection = {
                let mut shelves = self.lock();
                let of = |place: &Place| place.port == port && place.runtime == runtime && *place.host == *host;
                let shelf = shelves.iter_mut().find(|shelf| of(&shelf.place))?;
                shelf.expire(Instant::now(), &mut gone);
                shelf.idle.pop()?.1
            };
            if connection.is_quiet() {
                return Some(connection);
            }
        }
    }

    /// Keeps `connection` for the next request.
    pub(super) fn give_back(&self, connection: Connection) {
        let mut gone = Vec::new();
        let now = Instant::now();
        let mut shelves = self.lock();
        if let Some(shelf) = shelves.iter_mut().find(|shelf| shelf.place == *connection.place()) {
            if shelf.idle.len() < IDLE_AT_MOST {
                shelf.idle.push((now, connection));
            } else {
                gone.push(connection);
            }
        } else {
            // A place that is new may have replaced one that nobody visits any more: a runtime that ended.
            shelves.iter_mut().for_each(|shelf| shelf.expire(now, &mut gone));
            shelves.retain(|shelf| !shelf.idle.is_empty());
            shelves.push(Shelf { place: Arc::clone(connection.place()), idle: vec![(now, connection)] });
        }
        drop(shelves);
    }
}
