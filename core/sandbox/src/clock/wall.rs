//! Wall-clock instants as the vendors print them.

use std::time::{Duration, UNIX_EPOCH};

/// `YYYY-MM-DD HH:MM:SS`, no zone: Magento BI's form. Instants before 1970 print as 1970.
pub(crate) fn stamp(wall_ms: i64) -> String {
    let seconds = u64::try_from(wall_ms).unwrap_or(0) / 1000;
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The value of a `Date` header.
pub(crate) fn http_date(wall_ms: i64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(u64::try_from(wall_ms).unwrap_or(0)))
}

/// Year, month and day of the n-th day after 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counted from 0000-03-01, so that the leap day is the last of its year: every 400 years have 146,097 days.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_print_as_the_calendar_has_them() {
        assert_eq!(stamp(0), "1970-01-01 00:00:00");
        assert_eq!(stamp(951_782_400_000), "2000-02-29 00:00:00");
        assert_eq!(stamp(1_529_664_796_999), "2018-06-22 10:53:16");
        assert_eq!(stamp(1_767_225_600_000), "2026-01-01 00:00:00");
        assert_eq!(stamp(4_107_542_399_000), "2100-02-28 23:59:59");
        assert_eq!(stamp(4_107_542_400_000), "2100-03-01 00:00:00");
        assert_eq!(http_date(1_767_225_600_000), "Thu, 01 Jan 2026 00:00:00 GMT");
    }
}
