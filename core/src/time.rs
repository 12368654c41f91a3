//! The clock and the randomness that everything else is given: nothing in this crate reads the time by itself.
//!
//! Durations come from [`Clock::now`], which never goes back; the wall clock serves only for stored timestamps.

use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use ring::rand::SecureRandom as _;

/// Tells the time and waits.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Time since an origin of the clock's own choice; never goes back.
    fn now(&self) -> Duration;

    /// Milliseconds since the Unix epoch, for timestamps that are stored or shown.
    fn wall_ms(&self) -> i64;

    /// Ends when [`Clock::now`] has reached `at`.
    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()>;

    /// Says that a request is under way until the guard is dropped: a virtual clock must not move meanwhile.
    fn busy(&self) -> Option<Box<dyn Send>> {
        None
    }
}

/// The machine's clock; sleeping is tokio's.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    *ORIGIN.get_or_init(Instant::now)
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        origin().elapsed()
    }

    fn wall_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }

    fn sleep_until(&self, at: Duration) -> BoxFuture<'static, ()> {
        // Far deadlines ("no limit") saturate instead of overflowing tokio's instant.
        let far = Duration::from_secs(60 * 60 * 24 * 365 * 30);
        tokio::time::sleep_until((origin() + at.min(far)).into()).boxed()
    }
}

/// Source of randomness for jitter and identifiers.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills `bytes` with random data.
    fn fill(&self, bytes: &mut [u8]);

    /// A number in `[0, 1)`.
    fn unit(&self) -> f64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        unit_of(u64::from_le_bytes(bytes))
    }

    /// A random (version 4) UUID as text.
    fn uuid(&self) -> String {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut text = String::with_capacity(36);
        for (place, byte) in bytes.into_iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                text.push('-');
            }
            for digit in [byte >> 4, byte & 0x0f] {
                text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        text
    }
}

/// Maps 64 random bits to a number in `[0, 1)`.
pub(crate) fn unit_of(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exactly what an f64 holds")]
    let mantissa = (bits >> 11) as f64;
    mantissa / (1_u64 << 53) as f64
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // getrandom(2) fails only before the kernel's pool is ready, when no program of users runs yet.
        #[expect(clippy::expect_used, reason = "see above")]
        ring::rand::SystemRandom::new().fill(bytes).expect("the operating system gives random bytes");
    }
}
