//! A value that is fetched when needed, kept while it is good, and fetched once however many wait for it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::error::{Code, Error, Result};

/// A kept value: which fetch brought it, and until when it is good.
#[derive(Debug)]
struct Kept<T> {
    value: Arc<T>,
    fetch: u64,
    good_until: Duration,
}

/// Keeps one value and renews it by single flight: waiters share one fetch, its failure included.
#[derive(Debug)]
pub struct Cell<T> {
    kept: Mutex<(Option<Kept<T>>, Option<Error>)>,
    fetches: AtomicU64,
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self { kept: Mutex::new((None, None)), fetches: AtomicU64::new(0) }
    }
}

impl<T> Cell<T> {
    /// The kept value if it is good at `now` and was not `refused`, else what `fetch` brings.
    ///
    /// `refused` is the number of a value that a server turned down; `fetch` gives a value and until when it is good.
    /// Returns the value and its number. Dropping the future lets the next waiter fetch.
    ///
    /// # Errors
    /// Those of `fetch`, shared by all who waited for it.
    pub async fn get<F>(&self, now: Duration, refused: Option<u64>, fetch: impl FnOnce() -> F) -> Result<(Arc<T>, u64)>
    where
        F: Future<Output = Result<(T, Duration)>>,
    {
        let seen = self.fetches.load(Ordering::Acquire);
        let mut guard = self.kept.lock().await;
        if let Some(kept) = &guard.0
            && refused != Some(kept.fetch)
            && now < kept.good_until
        {
            return Ok((Arc::clone(&kept.value), kept.fetch));
        }
        // While this call waited for the lock another one fetched, and failed: that answer is this call's too.
        if self.fetches.load(Ordering::Acquire) != seen
            && let Some(error) = &guard.1
        {
            return Err(error.clone());
        }
        let fetched = fetch().await;
        let number = self.fetches.fetch_add(1, Ordering::AcqRel) + 1;
        match fetched {
            Ok((value, good_until)) => {
                let value = Arc::new(value);
                *guard = (Some(Kept { value: Arc::clone(&value), fetch: number, good_until }), None);
                Ok((value, number))
            }
            Err(error) => {
                // A time limit is the fetcher's own: who waited with it may have more time, and fetches.
                *guard = (None, Some(error.clone()).filter(|error| error.code() != Code::Timeout));
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::sync::atomic::AtomicUsize;

    const GOOD: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_thousand_waiters_cause_one_fetch() {
        let (cell, fetches) = (Cell::default(), AtomicUsize::new(0));
        let get = || {
            cell.get(Duration::ZERO, None, || async {
                fetches.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok((7, GOOD))
            })
        };
        let values = join_all((0..1_000).map(|_| get())).await;
        assert!(values.into_iter().all(|value| *value.unwrap().0 == 7));
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_thousand_waiters_share_one_failure() {
        let (cell, fetches) = (Cell::<u8>::default(), AtomicUsize::new(0));
        let get = || {
            cell.get(Duration::ZERO, None, || async {
                fetches.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Err(Error::new(Code::Authentication, "no"))
            })
        };
        let values = join_all((0..1_000).map(|_| get())).await;
        assert!(values.into_iter().all(|value| value.is_err()));
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        assert!(get().await.is_err());
        assert_eq!(fetches.load(Ordering::SeqCst), 2, "a later call tries again");
    }

    #[tokio::test]
    async fn a_fetch_that_took_too_long_for_one_is_tried_again_by_the_next() {
        let cell = Cell::default();
        let slow = cell.get(Duration::ZERO, None, || async {
            tokio::task::yield_now().await;
            Err(Error::new(Code::Timeout, "too slow for this call"))
        });
        let (slow, patient) = futures::join!(slow, cell.get(Duration::ZERO, None, || async { Ok((7, GOOD)) }));
        assert_eq!(slow.unwrap_err().code(), Code::Timeout);
        assert_eq!(*patient.unwrap().0, 7);
    }

    #[tokio::test]
    async fn an_expired_or_refused_value_is_fetched_again() {
        let cell = Cell::default();
        let fetch = |value: u8| move || async move { Ok((value, GOOD)) };
        assert_eq!(cell.get(Duration::ZERO, None, fetch(1)).await.unwrap(), (Arc::new(1), 1));
        assert_eq!(cell.get(Duration::ZERO, Some(1), fetch(2)).await.unwrap(), (Arc::new(2), 2));
        // A second caller whose request was refused with the old value takes the new one.
        assert_eq!(cell.get(Duration::ZERO, Some(1), fetch(3)).await.unwrap(), (Arc::new(2), 2));
        assert_eq!(cell.get(GOOD, None, fetch(4)).await.unwrap(), (Arc::new(4), 3));
    }

    #[tokio::test]
    async fn a_dropped_fetch_lets_the_next_waiter_fetch() {
        let cell = Cell::default();
        let hung = cell.get(Duration::ZERO, None, || async {
            std::future::pending::<()>().await;
            Ok((1, GOOD))
        });
        let mut hung = Box::pin(hung);
        assert!(futures::poll!(&mut hung).is_pending());
        drop(hung);
        assert_eq!(*cell.get(Duration::ZERO, None, || async { Ok((2, GOOD)) }).await.unwrap().0, 2);
    }
}
