//! A clock that jumps to the next timer whenever everybody waits.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use tenantry::time::Clock;

use super::driver::Driver;

/// 2026-01-01T00:00:00Z.
const SEED_MS: i64 = 1_767_225_600_000;

/// Virtual time over real sockets: a wait of half an hour takes about a millisecond.
///
/// ```
/// use std::time::{Duration, Instant};
/// use tenantry::time::Clock as _;
/// # fn main() -> std::io::Result<()> {
/// let clock = tenantry_sandbox::VirtualClock::start()?;
/// let began = Instant::now();
/// let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// runtime.block_on(clock.sleep_until(Duration::from_secs(1800)));
/// assert_eq!(clock.now(), Duration::from_secs(1800));
/// assert!(began.elapsed() < Duration::from_secs(60));
/// # Ok(()) }
/// ```
///
/// [`now`](Clock::now) starts at 0, [`wall_ms`](Clock::wall_ms) at 2026-01-01T00:00:00Z. Time stands still while anybody
/// holds a guard of [`busy`](Clock::busy), less the replies that a server withholds ([`park`](VirtualClock::park)). When
/// nobody works and somebody sleeps, the clock jumps to the earliest sleeper, wakes those due at that very instant, and
/// lets them get on before it jumps again. A sleep counts from its first poll until it ends or is dropped.
#[derive(Debug)]
pub struct VirtualClock {
    driver: Arc<Driver>,
}

impl VirtualClock {
    /// Starts a clock and the thread that moves it, which costs nothing while nobody sleeps.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start() -> std::io::Result<VirtualClock> {
        Ok(VirtualClock { driver: Arc::new(Driver::start()?) })
    }

    /// Moves time on by hand; sleepers on the way wake in order.
    ///
    /// Returns when [`now`](Clock::now) has reached the new instant. Each instant on the way gets at most 6 ms of real time.
    pub fn advance(&self, by: Duration) {
        self.driver.core.advance(by);
    }

    /// Says that a reply is withheld on purpose until the guard is dropped: whoever waits for it is not at work.
    #[must_use]
    pub fn park(&self) -> Park {
        let id = self.driver.core.change(|timers| timers.park());
        Park { driver: self.driver.clone(), id }
    }

    /// The same until `at`: the guard ends in the very jump that wakes the sleep, so that no time passes in between.
    #[must_use]
    pub fn park_until(&self, at: Duration) -> (BoxFuture<'static, ()>, Park) {
        // In one piece: a park without its sleep would let the clock jump past `at`.
        let (park, id) = self.driver.core.change(|timers| {
            let park = timers.park();
            (park, timers.sleep(at, None, Waker::noop().clone(), Some(park)).0)
        });
        let sleep = Sleep { driver: self.driver.clone(), at, id: Some(id), park: Some(park) };
        let park = Park { driver: self.driver.clone(), id: park };
        (Box::pin(sleep), park)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        self.driver.core.lock().now
    }

    fn wall_ms(&self) -> i64 {
        SEED_MS.saturating_add(i64::try_from(self.now().as_millis()).unwrap_or(i64::MAX))
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Sleep { driver: self.driver.clone(), at, id: None, park: None })
    }

    fn busy(&self) -> Option<Box<dyn Send>> {
        self.driver.core.change(|timers| timers.work());
        Some(Box::new(Busy { driver: self.driver.clone() }))
    }
}

struct Sleep {
    driver: Arc<Driver>,
    at: Duration,
    id: Option<u64>,
    park: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (at, known, park) = (self.at, self.id, self.park);
        let waker = context.waker().clone();
        let core = &self.driver.core;
        let (id, poll, _old) = core.change(|timers| {
            if timers.now >= at {
                return (None, Poll::Ready(()), known.and_then(|id| timers.forget(at, id)));
            }
            let (id, old) = timers.sleep(at, known, waker, park);
            (Some(id), Poll::Pending, old)
        });
        self.id = id;
        poll
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let _waker = self.driver.core.change(|timers| timers.forget(self.at, id));
        }
    }
}

struct Busy {
    driver: Arc<Driver>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.driver.core.change(|timers| timers.rest(Instant::now()));
    }
}

/// Guard of [`VirtualClock::park`].
#[derive(Debug)]
pub struct Park {
    driver: Arc<Driver>,
    id: u64,
}

impl Drop for Park {
    fn drop(&mut self) {
        self.driver.core.change(|timers| timers.unpark(self.id));
    }
}
