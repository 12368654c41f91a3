//! ISO 8601 instants, read from queries and printed as the vendor prints them.

const DAY_SECONDS: i64 = 86_400;

/// Microseconds since 1970 of `2020-01-01`, `2020-01-01T10:00`, `2020-01-01T10:00:00.123456+02:00` and the like; what has
/// no offset is UTC. More digits than six are cut off.
pub(crate) fn micros_of(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)?),
        None => (text, "00:00"),
    };
    let seconds = days(date)?.checked_mul(DAY_SECONDS)?;
    let (clock, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (time.get(..at)?, time.get(at..)?),
        None => (time, "Z"),
    };
    let (clock, micros) = match clock.split_once('.') {
        Some((clock, fraction)) => (clock, fraction_micros(fraction)?),
        None => (clock, 0),
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (number(parts.next()?, 2, 23)?, number(parts.next()?, 2, 59)?);
    let second = parts.next().map_or(Some(0), |second| number(second, 2, 59))?;
    if parts.next().is_some() {
        return None;
    }
    let seconds = seconds + hour * 3600 + minute * 60 + second - offset_seconds(offset)?;
    seconds.checked_mul(1_000_000)?.checked_add(micros)
}

/// `2026-01-01T00:00:00.000001+00:00`, without a fraction when there is none.
pub(crate) fn text_of(micros: i64) -> String {
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:06}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}+00:00")
}

fn number(text: &str, digits: usize, most: i64) -> Option<i64> {
    let well_formed = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| well_formed && *number <= most)
}

fn fraction_micros(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let six: String = text.chars().chain(std::iter::repeat('0')).take(6).collect();
    six.parse().ok()
}

fn offset_seconds(text: &str) -> Option<i64> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return (text.len() == 1).then_some(0),
    };
    let digits: String = text[1..].chars().filter(|character| *character != ':').collect();
    let hours = number(digits.get(..2)?, 2, 23)?;
    let minutes = if digits.len() == 2 { 0 } else { number(digits.get(2..)?, 2, 59)? };
    Some(sign * (hours * 3600 + minutes * 60))
}

/// Days since 1970-01-01 of a date; none when there is no such date.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let (year, month, day) =
        (number(parts.next()?, 4, 9999)?, number(parts.next()?, 2, 12)?, number(parts.next()?, 2, 31)?);
    if parts.next().is_some() || month == 0 || day == 0 {
        return None;
    }
    // Counted from March, so that the leap day is the last of its year.
    let (year_from_march, month_from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year_from_march.div_euclid(400), year_from_march.rem_euclid(400));
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    (civil(days) == (year, month, day)).then_some(days)
}

fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_instant_is_the_same_instant() {
        let instant = 1_577_836_800_000_000;
        for text in [
            "2020-01-01",
            "2020-01-01T00:00",
            "2020-01-01T00:00:00",
            "2020-01-01 00:00:00",
            "2020-01-01T00:00:00Z",
            "2020-01-01T00:00:00.000+00:00",
            "2020-01-01T02:30:00+02:30",
            "2019-12-31T23:00:00-0100",
            "2020-01-01T01:00:00+01",
        ] {
            assert_eq!(micros_of(text), Some(instant), "{text}");
        }
        assert_eq!(micros_of("2018-06-04T13:19:10.102670+00:00"), Some(1_528_118_350_102_670));
        for text in [
            "",
            "x",
            "2020-13-01",
            "2020-02-30",
            "2020-01-01T24:00",
            "2020-1-1",
            "20200101",
            "2020-01-01T00:00:00.",
            "2020-01-01T0a:00",
        ] {
            assert_eq!(micros_of(text), None, "{text}");
        }
    }

    #[test]
    fn printing_and_reading_are_each_others_inverse() {
        assert_eq!(text_of(0), "1970-01-01T00:00:00+00:00");
        assert_eq!(text_of(1_528_118_350_102_670), "2018-06-04T13:19:10.102670+00:00");
        for micros in (-2_000_000_000_000_000..4_000_000_000_000_000).step_by(97_777_777_777_777) {
            assert_eq!(micros_of(&text_of(micros)), Some(micros));
        }
    }
}
