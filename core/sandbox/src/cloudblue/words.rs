//! The vendor's words: types and statuses.

/// An enumeration whose variants are words on the wire.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) enum $name { $($variant),+ }

        #[allow(dead_code, reason = "not every enumeration is read back from its words")]
        impl $name {
            pub(super) const ALL: &[$name] = &[$($name::$variant),+];

            pub(super) fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            pub(super) fn of_word(word: &str) -> Option<$name> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words! {
    /// What a request asks for.
    RequestType {
        Purchase => "purchase",
        Change => "change",
        Cancel => "cancel",
        Suspend => "suspend",
        Resume => "resume",
        Adjustment => "adjustment",
        Renew => "renew",
        Transfer => "transfer",
    }
}

words! {
    /// Where a request stands; approved, failed and revoked are its ends.
    Status {
        Draft => "draft",
        TiersSetup => "tiers_setup",
        Pending => "pending",
        Inquiring => "inquiring",
        Approved => "approved",
        Failed => "failed",
        Scheduled => "scheduled",
        Revoking => "revoking",
        Revoked => "revoked",
    }
}

impl Status {
    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Approved | Self::Failed | Self::Revoked)
    }

    /// Its place in tables with one entry for each status.
    pub(super) fn place(self) -> usize {
        self as usize
    }
}

words! {
    AssetStatus {
        Draft => "draft",
        Processing => "processing",
        Active => "active",
        Suspended => "suspended",
        Terminating => "terminating",
        Terminated => "terminated",
    }
}

words! {
    ParamType {
        Text => "text",
        Dropdown => "dropdown",
        Password => "password",
        Email => "email",
        Checkbox => "checkbox",
        Subdomain => "subdomain",
        Domain => "domain",
        Phone => "phone",
        Url => "url",
        Choice => "choice",
        Address => "address",
        Object => "object",
    }
}
