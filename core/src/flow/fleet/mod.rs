//! A fleet: many flows that one caller drives, and that take next to nothing while they wait.
//!
//! A flow that has more to do than to poll is driven by a [`Runner`](super::Runner), a few at a time. One that only polls, or
//! waits for a person, is parked: a packed state among the [`Parked`](parked::Parked), and a place in the
//! [`Wheel`](wheel::Wheel) that says when its next poll is due. A poll takes the machine out of its packed state, without the
//! spec, and sends; if the reply changes nothing but waiting times, the machine is parked again. Only when there is more to
//! do does the flow get its spec back.

mod checkpoints;
mod chunks;
mod desk;
mod drive;
mod driver;
mod folder;
mod handle;
mod index;
mod lateness;
mod packing;
mod parked;
mod wheel;

pub use checkpoints::{Checkpoints, HostCheckpoints, NoCheckpoints};
pub(crate) use desk::Desk;
pub(crate) use drive::Kind;
pub(crate) use driver::{Driver, Parts};
pub use driver::{FleetStatus, Report};
pub use folder::CheckpointFolder;
pub use handle::Fleet;
pub(crate) use packing::{Packer, Unpacker};
