//! Which virtual clock belongs to which origin of this process: how a client finds the time of the sandbox it talks to.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tenantry::time::Clock;
use url::{Host, Url};

use super::VirtualClock;

struct Entry {
    pid: u32,
    clock: Arc<VirtualClock>,
}

static CLOCKS: LazyLock<Mutex<HashMap<u16, Entry>>> = LazyLock::new(Mutex::default);

/// The virtual clock of the sandbox that runs in this process at the origin of `base_url`.
///
/// `None` when there is none there, when it runs on the real clock, or in a forked child, whose parent has the sandbox.
/// Any loopback name counts (`127.0.0.1`, `localhost`, `*.localhost`), since the sandbox answers to all of them.
#[must_use]
pub fn clock_of(base_url: &str) -> Option<Arc<dyn Clock>> {
    let port = loopback_port(base_url)?;
    let clocks = CLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = clocks.get(&port).filter(|entry| entry.pid == std::process::id())?;
    Some(entry.clock.clone())
}

fn loopback_port(base_url: &str) -> Option<u16> {
    let url = Url::parse(base_url).ok().filter(|url| url.scheme() == "http")?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    url.port_or_known_default().filter(|_| loopback)
}

pub(crate) fn register(port: u16, clock: &Arc<VirtualClock>) {
    let entry = Entry { pid: std::process::id(), clock: clock.clone() };
    CLOCKS.lock().unwrap_or_else(PoisonError::into_inner).insert(port, entry);
}

pub(crate) fn unregister(port: u16, clock: &Arc<VirtualClock>) {
    let mut clocks = CLOCKS.lock().unwrap_or_else(PoisonError::into_inner);
    // Another sandbox may have taken over the port in between.
    if clocks.get(&port).is_some_and(|entry| Arc::ptr_eq(&entry.clock, clock)) {
        clocks.remove(&port);
    }
}
