//! Remembers what was used, so that nothing is used twice.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::error::{Error, Result};
use crate::time::{Clock, SystemClock};

/// Remembers keys until they expire. Processes that serve one app must share what they remember.
pub trait Replays: Send + Sync {
    /// Remembers `key` until `until_ms` (milliseconds since the Unix epoch). True the first time, false while it is remembered:
    /// of two that claim at once, one gets false.
    ///
    /// # Errors
    /// When it cannot be told; the sign-on is refused then.
    fn claim<'a>(&'a self, key: &'a str, until_ms: i64) -> BoxFuture<'a, Result<bool>>;
}

/// Remembers within this process, up to a number of keys. Full of keys that have not expired it refuses rather than forgets.
#[derive(Debug)]
pub struct MemoryReplays {
    clock: Arc<dyn Clock>,
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    until_ms: HashMap<String, i64>,
    /// With how many keys the expired ones are looked for next: a sweep costs what was added since the one before.
    sweep_at: usize,
}

impl MemoryReplays {
    /// Most keys that the default remembers: two for each sign-on.
    pub const CAPACITY: usize = 200_000;

    /// A memory of so many keys, which lives by `clock`.
    pub fn new(clock: Arc<dyn Clock>, capacity: usize) -> Self {
        Self { clock, capacity, kept: Mutex::default() }
    }

    fn remember(&self, key: &str, until_ms: i64) -> Result<bool> {
        let now_ms = self.clock.wall_ms();
        // Nothing in the critical section panics half-way through a change.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.until_ms.len() >= kept.sweep_at.max(64) || kept.until_ms.len() >= self.capacity {
            kept.until_ms.retain(|_, until_ms| *until_ms > now_ms);
            kept.sweep_at = kept.until_ms.len() * 2;
        }
        if kept.until_ms.get(key).is_some_and(|until_ms| *until_ms > now_ms) {
            return Ok(false);
        }
        if kept.until_ms.len() >= self.capacity {
            return Err(Error::config(
                format!("{} sign-ons are remembered, and none of them has expired", self.capacity / 2),
                "give a replay store that holds more",
            ));
        }
        kept.until_ms.insert(key.to_owned(), until_ms);
        Ok(true)
    }
}

impl Default for MemoryReplays {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock), Self::CAPACITY)
    }
}

impl Replays for MemoryReplays {
    fn claim<'a>(&'a self, key: &'a str, until_ms: i64) -> BoxFuture<'a, Result<bool>> {
        std::future::ready(self.remember(key, until_ms)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    #[derive(Debug, Default)]
    struct Wall(AtomicI64);

    impl Clock for Wall {
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn wall_ms(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
        fn sleep_until(&self, _: Duration) -> BoxFuture<'static, ()> {
            std::future::ready(()).boxed()
        }
    }

    #[test]
    fn a_key_is_claimed_once_until_it_expires() {
        let wall = Arc::new(Wall::default());
        let replays = MemoryReplays::new(wall.clone(), 10);
        assert!(replays.remember("a", 1000).unwrap() && replays.remember("b", 1000).unwrap());
        assert!(!replays.remember("a", 2000).unwrap());
        wall.0.store(999, Ordering::Relaxed);
        assert!(!replays.remember("a", 2000).unwrap());
        wall.0.store(1000, Ordering::Relaxed);
        assert!(replays.remember("a", 2000).unwrap());
    }

    #[test]
    fn a_full_memory_refuses_rather_than_forgets_and_makes_room_when_keys_expire() {
        let wall = Arc::new(Wall::default());
        let replays = MemoryReplays::new(wall.clone(), 100);
        for key in 0..100 {
            assert!(replays.remember(&key.to_string(), 1000).unwrap());
        }
        let error = replays.remember("one more", 1000).unwrap_err();
        assert!(error.to_string().contains("replay store"), "{error}");
        assert!(!replays.remember("0", 1000).unwrap(), "what is known is still told");
        wall.0.store(1000, Ordering::Relaxed);
        assert!(replays.remember("one more", 2000).unwrap());
        assert_eq!(replays.kept.lock().unwrap().until_ms.len(), 1);
    }

    #[test]
    fn of_many_that_claim_at_once_one_wins() {
        let replays = Arc::new(MemoryReplays::default());
        let claims = (0..8).map(|_| {
            let replays = Arc::clone(&replays);
            std::thread::spawn(move || replays.remember("a", i64::MAX).unwrap())
        });
        let won =
            claims.collect::<Vec<_>>().into_iter().filter_map(|thread| thread.join().unwrap().then_some(())).count();
        assert_eq!(won, 1);
    }
}
