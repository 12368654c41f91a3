//! `Retry-After`, as RFC 9110 section 10.2.3 has it, and as servers really send it.

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};

/// The longest wait that `headers` ask for, or `None` when they ask for none: absent, past, negative or unreadable.
///
/// A date counts from the reply's own `Date` where it has one, so that a wrong clock on this side does no harm;
/// `wall_ms` is this side's clock.
pub fn retry_after(headers: &HeaderMap, wall_ms: i64) -> Option<Duration> {
    let date = |value: &http::HeaderValue| httpdate::parse_http_date(value.to_str().ok()?.trim()).ok();
    let now = headers
        .get(DATE)
        .and_then(date)
        .unwrap_or_else(|| UNIX_EPOCH + Duration::from_millis(u64::try_from(wall_ms).unwrap_or(0)));
    let delay = |value: &http::HeaderValue| -> Option<Duration> {
        if let Ok(seconds) = value.to_str().ok()?.trim().parse::<u64>() {
            return Some(Duration::from_secs(seconds));
        }
        date(value)?.duration_since(now).ok()
    };
    headers.get_all(RETRY_AFTER).iter().filter_map(delay).max().filter(|delay| !delay.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 784_111_777_000; // Sun, 06 Nov 1994 08:49:37 GMT

    fn read(values: &[&str], date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(RETRY_AFTER, value.parse().unwrap());
        }
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        retry_after(&headers, NOW_MS).map(|delay| delay.as_secs())
    }

    #[test]
    fn seconds_and_the_three_dates_are_read() {
        assert_eq!(
            httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(NOW_MS as u64)),
            "Sun, 06 Nov 1994 08:49:37 GMT"
        );
        let rows: [(&[&str], Option<u64>); 16] = [
            (&[], None),
            (&["7"], Some(7)),
            (&[" 7 "], Some(7)),
            (&["0"], None),
            (&["-5"], None),
            (&["1.5"], None),
            (&["soon"], None),
            (&[""], None),
            (&["1000000000000"], Some(1_000_000_000_000)),
            (&["99999999999999999999999"], None),
            (&["Sun, 06 Nov 1994 08:50:37 GMT"], Some(60)),
            (&["Sunday, 06-Nov-94 08:50:37 GMT"], Some(60)),
            (&["Sun Nov  6 08:50:37 1994"], Some(60)),
            (&["Sun, 06 Nov 1994 08:48:37 GMT"], None),
            (&["3", "9"], Some(9)),
            (&["soon", "4"], Some(4)),
        ];
        for (values, expected) in rows {
            assert_eq!(read(values, None), expected, "{values:?}");
        }
    }

    #[test]
    fn a_date_counts_from_the_servers_own_clock() {
        let later = "Mon, 07 Nov 1994 08:50:37 GMT";
        assert_eq!(read(&[later], Some("Mon, 07 Nov 1994 08:50:07 GMT")), Some(30));
        assert_eq!(read(&[later], Some("not a date")), Some(86_460));
    }
}
