//! Everything of a sandbox that changes, under one lock: a request is carried out and journalled in one piece.

use std::time::Duration;

use tenantry::time::Random;

use crate::cloudblue;
use crate::fault;
use crate::journal::Journal;
use crate::maestrano;
use crate::magento_bi;

/// What the vendors' systems hold. A copy of it lets a fault answer as if a request had been carried out.
#[derive(Debug, Clone)]
pub(crate) struct Systems {
    pub(crate) magento_bi: magento_bi::State,
    pub(crate) cloudblue: cloudblue::State,
    pub(crate) maestrano: maestrano::State,
}

impl Systems {
    /// What a sandbox begins with: Magento BI is empty, CloudBlue and Maestrano have their seed data.
    pub(crate) fn fresh(now: Duration, wall_ms: i64, wait: Duration, random: &dyn Random) -> Systems {
        let magento_bi = magento_bi::State::default();
        let maestrano = maestrano::State::fresh(now, wall_ms, random);
        Systems { magento_bi, cloudblue: cloudblue::State::fresh(now, wall_ms, wait), maestrano }
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) systems: Systems,
    pub(crate) faults: fault::Book,
    pub(crate) journal: Journal,
}
