//! Everything of a sandbox that changes, under one lock: a request is carried out and journalled in one piece.

use crate::fault;
use crate::journal::Journal;
use crate::magento_bi;

/// What the vendors' systems hold. A copy of it lets a fault answer as if a request had been carried out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Systems {
    pub(crate) magento_bi: magento_bi::State,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) systems: Systems,
    pub(crate) faults: fault::Book,
    pub(crate) journal: Journal,
}
