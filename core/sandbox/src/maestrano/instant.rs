//! Instants as Maestrano prints them, and the months between them.

use crate::rql::{micros_of, text_of};

pub(super) const DAY_MS: i64 = 86_400_000;

/// `2014-05-21T04:04:53Z`; what is less than a second is cut off.
pub(super) fn text(wall_ms: i64) -> String {
    format!("{}Z", seconds_text(wall_ms))
}

/// `2014-05-21T04:04:53.000Z`, as newer parts of the platform print.
pub(super) fn text_with_millis(wall_ms: i64) -> String {
    format!("{}.{:03}Z", seconds_text(wall_ms), wall_ms.rem_euclid(1000))
}

fn seconds_text(wall_ms: i64) -> String {
    let text = text_of(whole_second(wall_ms).saturating_mul(1000));
    text.trim_end_matches("+00:00").to_owned()
}

/// The instant without its milliseconds, which the vendor's database does not keep.
pub(super) fn whole_second(wall_ms: i64) -> i64 {
    wall_ms.div_euclid(1000) * 1000
}

pub(super) fn millis_of(text: &str) -> Option<i64> {
    micros_of(text).map(|micros| micros.div_euclid(1000))
}

/// The same day and time of day so many months later; in a shorter month, its last day.
pub(super) fn months_later(wall_ms: i64, months: i64) -> i64 {
    let (year, month, day) = date(wall_ms);
    let month = year * 12 + (month - 1) + months;
    midnight(month.div_euclid(12), month.rem_euclid(12) + 1, day) + wall_ms.rem_euclid(DAY_MS)
}

/// The first midnight of a 25th after this instant: the vendor closes its invoices then.
pub(super) fn next_closing(wall_ms: i64) -> i64 {
    let (year, month, _) = date(wall_ms);
    let closing = midnight(year, month, 25);
    if wall_ms < closing { closing } else { months_later(closing, 1) }
}

fn date(wall_ms: i64) -> (i64, i64, i64) {
    let text = text_of(wall_ms.saturating_mul(1000));
    let mut parts = text.split(['-', 'T']).map(|part| part.parse().unwrap_or(1));
    let mut next = || parts.next().unwrap_or(1);
    (next(), next(), next())
}

fn midnight(year: i64, month: i64, day: i64) -> i64 {
    let found = (1..=day).rev().find_map(|day| millis_of(&format!("{year:04}-{month:02}-{day:02}")));
    // No month lacks a first day; a year of five digits has no name in this form.
    found.unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(text_: &str, months: i64) -> String {
        text(months_later(millis_of(text_).unwrap(), months))
    }

    #[test]
    fn months_end_where_the_shorter_one_does() {
        assert_eq!(later("2026-01-31T10:00:01Z", 1), "2026-02-28T10:00:01Z");
        assert_eq!(later("2026-01-31T10:00:01Z", 2), "2026-03-31T10:00:01Z");
        assert_eq!(later("2026-11-15T00:00:00Z", 14), "2028-01-15T00:00:00Z");
    }

    #[test]
    fn invoices_close_on_the_25th() {
        let closing = |at: &str| text(next_closing(millis_of(at).unwrap()));
        assert_eq!(closing("2026-01-01T00:00:00Z"), "2026-01-25T00:00:00Z");
        assert_eq!(closing("2026-01-24T23:59:59Z"), "2026-01-25T00:00:00Z");
        assert_eq!(closing("2026-01-25T00:00:00Z"), "2026-02-25T00:00:00Z");
        assert_eq!(closing("2026-12-26T00:00:00Z"), "2027-01-25T00:00:00Z");
    }

    #[test]
    fn instants_print_with_and_without_milliseconds() {
        let at = millis_of("2014-05-21T04:04:53.070Z").unwrap();
        assert_eq!(text(at), "2014-05-21T04:04:53Z");
        assert_eq!(text_with_millis(at), "2014-05-21T04:04:53.070Z");
    }
}
