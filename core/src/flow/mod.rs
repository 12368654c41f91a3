//! Flows: long jobs of several steps that can be left at any instant and taken up again, here or elsewhere.
//!
//! A flow is a [`Machine`]: it says what to do next and takes in what came of it, without clock, randomness or I/O. The
//! [`Runner`] carries the actions out. A request that must not be sent twice is announced first: the intent is in the
//! [`Store`] before the request leaves, so that after a crash the machine looks, or asks, before it sends again.

pub mod checkpoint;
mod file_store;
mod fleet;
mod handle;
mod machine;
mod runner;
mod store;
mod timestamp;

pub use file_store::FileStore;
pub use fleet::{CheckpointFolder, Checkpoints, Fleet, FleetStatus, HostCheckpoints, NoCheckpoints, Report};
pub(crate) use fleet::{Desk, Driver, Kind, Packer, Parts, Unpacker};
pub use handle::Flow;
pub use machine::{Action, Choice, FlowEvent, Input, Machine, Need};
pub use runner::{Invoke, Mode, Progress, Runner, Stop};
pub use store::{HostStore, NoStore, Store};
pub use timestamp::Timestamp;
