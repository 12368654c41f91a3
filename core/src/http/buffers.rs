//! Large buffers that replies are read into, used again and again: fresh memory costs a page fault every four kilobytes.
//!
//! One pool serves the whole process. What a buffer held before is never seen again: it comes out empty.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Smaller ones are the allocator's business.
const SMALLEST_BYTES: usize = 64 << 10;
/// What is kept at most.
const KEPT: usize = 8;
const KEPT_BYTES: usize = 64 << 20;

static POOL: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

fn lock() -> MutexGuard<'static, Vec<Vec<u8>>> {
    // Nothing in a critical section panics half-way through a change.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An empty buffer with room for `capacity` bytes at least: one that was given back, the smallest that is large enough.
pub fn take(capacity: usize) -> Vec<u8> {
    if capacity >= SMALLEST_BYTES {
        let mut pool = lock();
        let large = pool.iter().enumerate().filter(|(_, kept)| kept.capacity() >= capacity);
        if let Some((index, _)) = large.min_by_key(|(_, kept)| kept.capacity()) {
            return pool.swap_remove(index);
        }
    }
    Vec::with_capacity(capacity)
}

/// Gives a buffer back for another reply. One that is too small, or one too many, is dropped.
pub fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() < SMALLEST_BYTES {
        return;
    }
    buffer.clear();
    let mut pool = lock();
    let kept: usize = pool.iter().map(Vec::capacity).sum();
    if pool.len() < KEPT && kept + buffer.capacity() <= KEPT_BYTES {
        pool.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, for there is one pool.
    #[test]
    fn a_buffer_comes_back_empty_and_no_more_are_kept_than_may_be() {
        // Larger than any that other tests of this process give back.
        let large = 11 << 20;
        let mut buffer = take(large);
        buffer.extend([7; 100]);
        let place = buffer.as_ptr();
        give_back(buffer);
        let again = take(large);
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        let other = take(large);
        assert!(other.as_ptr() != place, "it was taken");
        for _ in 0..100 {
            give_back(Vec::with_capacity(large));
        }
        let kept: usize = lock().iter().map(Vec::capacity).sum();
        assert!(kept <= KEPT_BYTES && lock().len() <= KEPT, "{kept} bytes");
        give_back(Vec::with_capacity(KEPT_BYTES + 1));
        give_back(Vec::new());
        assert!(lock().iter().all(|kept| kept.capacity() >= SMALLEST_BYTES && kept.capacity() <= KEPT_BYTES));
    }
}
