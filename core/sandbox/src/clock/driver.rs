//! The thread that lets virtual time jump when everybody waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::timers::{Hindrance, Timers};

#[derive(Debug, Default)]
pub(super) struct Core {
    timers: Mutex<Timers>,
    changed: Condvar,
}

impl Core {
    pub(super) fn lock(&self) -> MutexGuard<'_, Timers> {
        self.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the timers and tells whoever waits for a change.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Timers) -> T) -> T {
        let (value, worth_a_look) = {
            let mut timers = self.lock();
            let value = change(&mut timers);
            let stuck = timers.hindrance(Instant::now()) == Some(Hindrance::Change);
            (value, timers.stopped || timers.by_hand > 0 || !stuck)
        };
        if worth_a_look {
            self.changed.notify_all();
        }
        value
    }

    /// Moves time by hand: sleepers on the way wake in order, each with a moment to go to sleep again.
    pub(super) fn advance(&self, by: Duration) {
        /// Longest real time given to the sleepers of one instant; the caller may be blocking their thread.
        const MOMENT: Duration = Duration::from_millis(5);
        let mut timers = self.lock();
        timers.by_hand += 1;
        let target = timers.now.saturating_add(by);
        while let Some(instant) = timers.earliest().filter(|instant| *instant <= target) {
            let due = timers.jump(instant, Instant::now());
            drop(timers);
            due.into_iter().for_each(Waker::wake);
            timers = self.lock();
            let deadline = Instant::now() + MOMENT;
            while !timers.all_seen() {
                let Some(left) = deadline.checked_duration_since(Instant::now()) else { break };
                timers = self.wait(timers, left);
            }
            timers = self.settle(timers, quiet(Duration::ZERO)).0;
        }
        timers.now = timers.now.max(target);
        timers.by_hand -= 1;
        timers.generation += 1;
        drop(timers);
        self.changed.notify_all();
    }

    fn wait<'a>(&self, timers: MutexGuard<'a, Timers>, longest: Duration) -> MutexGuard<'a, Timers> {
        self.changed.wait_timeout(timers, longest).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits `length` of real time; true when nothing has changed meanwhile.
    fn settle<'a>(&self, mut timers: MutexGuard<'a, Timers>, length: Duration) -> (MutexGuard<'a, Timers>, bool) {
        let (generation, deadline) = (timers.generation, Instant::now() + length);
        while timers.generation == generation {
            match deadline.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => timers = self.wait(timers, left),
                _ => return (timers, true),
            }
        }
        (timers, false)
    }

    fn drive(&self) {
        /// The longest that a slow machine makes the clock wait before a jump.
        const PATIENCE: Duration = Duration::from_millis(10);
        // How late this thread was woken of late: other threads of a machine under load are no faster.
        let mut late = Duration::ZERO;
        let mut timers = self.lock();
        while !timers.stopped {
            match timers.hindrance(Instant::now()) {
                Some(Hindrance::Change) => {
                    timers = self.changed.wait(timers).unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                Some(Hindrance::Until(until)) => {
                    timers = self.wait(timers, until.saturating_duration_since(Instant::now()));
                    continue;
                }
                None => {}
            }
            let Some(instant) = timers.earliest() else { continue };
            let distance = instant.saturating_sub(timers.now);
            let (length, began) = (quiet(distance) + (late * 2).min(PATIENCE), Instant::now());
            let still;
            (timers, still) = self.settle(timers, length);
            late = began.elapsed().saturating_sub(length).max(late / 2);
            if !still || timers.hindrance(Instant::now()).is_some() {
                continue;
            }
            let due = timers.jump(instant, Instant::now());
            drop(timers);
            due.into_iter().for_each(Waker::wake);
            timers = self.lock();
        }
    }
}

/// How long nothing may change, in real time, before a jump of `distance`.
///
/// Woken tasks run on other threads, and between a reply and the next sleep a client is neither busy nor asleep. A machine
/// under load makes that gap longer; a far jump (a limit of hours beside a poll of seconds) would do the most harm in it
/// and is rare, so it waits longest.
fn quiet(distance: Duration) -> Duration {
    match distance.as_secs() {
        0..60 => Duration::from_micros(500),
        60..600 => Duration::from_millis(5),
        _ => Duration::from_millis(20),
    }
}

/// Keeps the thread running; the clock and every sleep on it hold one, so that no sleeper is left behind.
#[derive(Debug)]
pub(super) struct Driver {
    pub(super) core: Arc<Core>,
}

impl Driver {
    pub(super) fn start() -> std::io::Result<Driver> {
        let core = Arc::new(Core::default());
        let driven = core.clone();
        std::thread::Builder::new().name("tenantry-clock".to_owned()).spawn(move || driven.drive())?;
        Ok(Driver { core })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Not joined: the last owner may be a task that the thread itself has just woken.
        self.core.change(|timers| timers.stopped = true);
    }
}
