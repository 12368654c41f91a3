//! A growing array that never moves: what holds a hundred thousand flows should not be copied, nor be twice as large.

const CHUNK: usize = 1_024;

/// Elements by number; those not yet used have their default.
#[derive(Debug)]
pub(super) struct Chunks<T>(Vec<Box<[T]>>);

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Default> Chunks<T> {
    /// The element `number`, which room is made for.
    pub(super) fn entry(&mut self, number: u32) -> &mut T {
        let (chunk, place) = (number as usize / CHUNK, number as usize % CHUNK);
        while self.0.len() <= chunk {
            self.0.push((0..CHUNK).map(|_| T::default()).collect());
        }
        &mut self.0[chunk][place]
    }

    /// The element `number`, if there is room for it.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.0.get(number as usize / CHUNK)?.get(number as usize % CHUNK)
    }
}
