//! The vendor's words: statuses and periods.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BillStatus {
    Submitted,
    Invoiced,
    Cancelled,
}

impl BillStatus {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Invoiced => "invoiced",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecurringStatus {
    Submitted,
    Active,
    Cancelled,
    Expired,
}

impl RecurringStatus {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::Active => "active",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    pub(super) fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Expired)
    }
}
