//! How often a recurring bill makes a bill.

use super::instant::{DAY_MS, months_later};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Day,
    Week,
    SemiMonth,
    Month,
    Year,
}

impl Period {
    /// Upper and lower case are the same.
    pub(super) fn of_word(word: &str) -> Option<Period> {
        let all = [Self::Day, Self::Week, Self::SemiMonth, Self::Month, Self::Year];
        all.into_iter().find(|period| period.word().eq_ignore_ascii_case(word))
    }

    /// As replies have it, in lower case.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::SemiMonth => "semimonth",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The highest frequency: together they span a year at most.
    pub(super) fn most(self) -> i64 {
        match self {
            Self::Day => 365,
            Self::Week => 52,
            Self::SemiMonth | Self::Year => 1,
            Self::Month => 12,
        }
    }

    /// The `n`-th anniversary of `start`; the 0-th is `start` itself. Of half months, the odd ones are fifteen days after the even.
    pub(super) fn anniversary(self, start_ms: i64, n: i64) -> i64 {
        match self {
            Self::Day => start_ms.saturating_add(n.saturating_mul(DAY_MS)),
            Self::Week => start_ms.saturating_add(n.saturating_mul(7 * DAY_MS)),
            Self::SemiMonth => months_later(start_ms, n.div_euclid(2)).saturating_add(n.rem_euclid(2) * 15 * DAY_MS),
            Self::Month => months_later(start_ms, n),
            Self::Year => months_later(start_ms, n.saturating_mul(12)),
        }
    }
}
