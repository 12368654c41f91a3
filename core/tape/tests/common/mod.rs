//! What the tests and the fuzz target share.

pub mod dice;
pub mod documents;
pub mod layouts;
pub mod oracle;
