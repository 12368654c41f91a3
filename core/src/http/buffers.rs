//! Large buffers that replies are read into, used again and again: fresh memory costs a page fault every four kilobytes.
//!
//! One pool serves the whole process. What a buffer held before is never seen again: it comes out empty.

use std::sync::Mutex;

/// Smaller ones are the allocator's business.
const SMALLEST_BYTES: usize = 64 << 10;
/// What is kept at most.
const KEPT: usize = 8;
const KEPT_BYTES: usize = 64 << 20;

static POOL: Pool = Pool(Mutex::new(Vec::new()));

/// An empty buffer with room for `capacity` bytes at least: one that was given back, the smallest that is large enough, but
/// none that is far larger, for a reply may be kept.
pub fn take(capacity: usize) -> Vec<u8> {
    POOL.take(capacity).unwrap_or_else(|| Vec::with_capacity(capacity))
}

/// Gives a buffer back for another reply. One that is too small, or one too many, is dropped.
pub fn give_back(buffer: Vec<u8>) {
    POOL.give_back(buffer);
}

/// Nobody waits for its lock: a child that was forked while a thread held it would do so for ever.
struct Pool(Mutex<Vec<Vec<u8>>>);

impl Pool {
    fn take(&self, capacity: usize) -> Option<Vec<u8>> {
        if capacity < SMALLEST_BYTES {
            return None;
        }
        let mut pool = self.0.try_lock().ok()?;
        let fits = capacity..=capacity.saturating_mul(2);
        let large = pool.iter().enumerate().filter(|(_, kept)| fits.contains(&kept.capacity()));
        let (index, _) = large.min_by_key(|(_, kept)| kept.capacity())?;
        Some(pool.swap_remove(index))
    }

    fn give_back(&self, mut buffer: Vec<u8>) {
        if buffer.capacity() < SMALLEST_BYTES {
            return;
        }
        buffer.clear();
        let Ok(mut pool) = self.0.try_lock() else { return };
        let kept: usize = pool.iter().map(Vec::capacity).sum();
        if pool.len() < KEPT && kept + buffer.capacity() <= KEPT_BYTES {
            pool.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capacities(pool: &Pool) -> Vec<usize> {
        pool.0.lock().unwrap().iter().map(Vec::capacity).collect()
    }

    #[test]
    fn a_buffer_comes_back_empty_and_is_handed_out_once() {
        let pool = Pool(Mutex::default());
        let mut buffer = Vec::with_capacity(SMALLEST_BYTES);
        buffer.extend([7; 100]);
        let place = buffer.as_ptr();
        pool.give_back(buffer);
        let again = pool.take(SMALLEST_BYTES).unwrap();
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        assert!(pool.take(SMALLEST_BYTES).is_none());
    }

    #[test]
    fn a_small_reply_gets_no_buffer_that_is_far_too_large() {
        let pool = Pool(Mutex::default());
        pool.give_back(Vec::with_capacity(16 * SMALLEST_BYTES));
        assert!(pool.take(SMALLEST_BYTES).is_none() && pool.take(7 * SMALLEST_BYTES).is_none());
        assert!(pool.take(8 * SMALLEST_BYTES).is_some());
    }

    #[test]
    fn no_more_is_kept_than_may_be() {
        let pool = Pool(Mutex::default());
        for _ in 0..100 {
            pool.give_back(Vec::with_capacity(11 << 20));
        }
        assert_eq!(capacities(&pool).len(), 5);
        pool.give_back(Vec::with_capacity(KEPT_BYTES + 1));
        pool.give_back(Vec::new());
        assert_eq!(capacities(&pool).len(), 5);
        let pool = Pool(Mutex::default());
        for _ in 0..100 {
            pool.give_back(Vec::with_capacity(SMALLEST_BYTES));
        }
        assert_eq!(capacities(&pool).len(), KEPT);
    }

    #[test]
    fn a_pool_that_another_holds_is_waited_for_by_nobody() {
        let pool = Pool(Mutex::default());
        let _held = pool.0.lock().unwrap();
        pool.give_back(Vec::with_capacity(SMALLEST_BYTES));
        assert!(pool.take(SMALLEST_BYTES).is_none());
    }
}
