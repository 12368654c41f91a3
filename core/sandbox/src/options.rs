//! What a sandbox is started with.

/// Which time the sandbox lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockKind {
    /// The machine's time.
    #[default]
    Real,
    /// A time of its own that jumps ahead whenever everybody waits: see [`VirtualClock`](crate::VirtualClock).
    Virtual,
}

/// Which of two sources Magento BI's words come from, where they differ (contract, section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Vocabulary {
    /// The vendor's example client: dashboards end in `success`, the invite's reply has a `user_id`.
    #[default]
    Client,
    /// The vendor's document: dashboards end in `completed`, the invite's reply has no `user_id`.
    Document,
}

/// Options of [`Sandbox::start`](crate::Sandbox::start).
///
/// ```
/// use tenantry_sandbox::{ClockKind, SandboxOptions};
/// let options = SandboxOptions { clock: ClockKind::Virtual, ..SandboxOptions::default() };
/// assert_eq!(options.wait_ms, 1000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxOptions {
    /// TCP port on 127.0.0.1; 0, the default, takes any free one.
    pub port: u16,
    /// Real (default) or virtual time.
    pub clock: ClockKind,
    /// Whose words Magento BI speaks; the client's by default.
    pub vocabulary: Vocabulary,
    /// How long each asynchronous job takes, in milliseconds of the sandbox's clock; 1000 by default.
    pub wait_ms: u64,
    /// How much later than its reply a created thing can be seen, in milliseconds; 0 by default.
    pub commit_delay_ms: u64,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            port: 0,
            clock: ClockKind::default(),
            vocabulary: Vocabulary::default(),
            wait_ms: 1000,
            commit_delay_ms: 0,
        }
    }
}
