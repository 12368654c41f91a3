//! A runtime without threads: the event loop that has it runs it, and the sockets with it.

use std::io;
use std::sync::{Mutex, PoisonError};

use tenantry::reactor::descriptor;
use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime that one event loop uses, until its environment ends.
///
/// It is never dropped: calls that their environment leaves behind hold sockets of it. The next environment takes it.
pub struct Lane {
    runtime: Runtime,
    /// The descriptor that is readable while there is something to take in.
    pub poll_fd: i32,
}

/// Those that no event loop uses.
static FREE: Mutex<Vec<&'static Lane>> = Mutex::new(Vec::new());

impl Lane {
    /// A lane that nobody else uses until it is given back; none where the system does not tell its descriptor.
    pub fn take() -> Option<&'static Self> {
        // Nothing in a critical section panics half-way through a change.
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.or_else(|| Self::open().ok().flatten())
    }

    fn open() -> io::Result<Option<&'static Self>> {
        let runtime = Builder::new_current_thread().thread_name("tenantry").enable_all().build()?;
        let found = {
            let _entered = runtime.enter();
            descriptor()
        };
        Ok(found.map(|poll_fd| &*Box::leak(Box::new(Self { runtime, poll_fd }))))
    }

    pub fn give_back(&'static self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }

    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Takes in what the sockets and the clock have to tell, and waits for nothing.
    pub fn turn(&self) {
        self.runtime.block_on(tokio::task::yield_now());
    }
}
