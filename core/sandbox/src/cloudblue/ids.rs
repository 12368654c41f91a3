//! Ids in the vendor's forms, made of a number.

/// Scatters numbers over twelve digits, each to one of its own.
fn scattered(number: u64) -> u64 {
    // The factor has no divisor in common with 10^12; both are below 2^40, so their product is below 2^80.
    let product = u128::from(number) * 618_033_988_749 + 986_179_498_492;
    u64::try_from(product % 1_000_000_000_000).unwrap_or(0)
}

fn grouped(digits: u64) -> String {
    format!("{:04}-{:04}-{:04}", digits / 100_000_000, digits / 10_000 % 10_000, digits % 10_000)
}

pub(super) fn asset(number: u64) -> String {
    format!("AS-{}", grouped(scattered(number)))
}

/// The n-th request of an asset.
pub(super) fn request(asset_id: &str, n: usize) -> String {
    format!("PR-{}-{n:03}", asset_id.trim_start_matches("AS-"))
}

pub(super) fn account(number: u64) -> String {
    format!("TA-{}", grouped(scattered(number)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_numbers_make_the_same_id() {
        let ids: BTreeSet<String> = (0..200_000).map(asset).collect();
        assert_eq!(ids.len(), 200_000);
        assert_eq!(request(&asset(0), 2), "PR-9861-7949-8492-002");
    }
}
