//! Time that takes none, and randomness that never repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tenantry::time::{Clock, Random};

/// A clock on which sleeping takes no time.
#[derive(Debug, Default)]
pub struct Leap(Arc<AtomicI64>);

impl Clock for Leap {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst) as u64)
    }

    fn wall_ms(&self) -> i64 {
        1_767_225_600_000 + self.0.load(Ordering::SeqCst)
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        let now = Arc::clone(&self.0);
        async move {
            now.fetch_max(at.as_millis() as i64, Ordering::SeqCst);
        }
        .boxed()
    }
}

/// Nonces that never repeat.
#[derive(Debug, Default)]
pub struct Counting(AtomicUsize);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes();
        bytes.iter_mut().zip(number.iter().cycle()).for_each(|(byte, random)| *byte = *random);
    }
}
