//! Customers and resellers of made-up requests.

use std::sync::Arc;

use serde_json::{Value, json};

use super::ids;
use super::party::Account;
use crate::chance::Chance;

const FIRST: [&str; 8] = ["Ada", "Björn", "Chiara", "Deniz", "Émile", "Fatma", "Grace", "Håkon"];
const LAST: [&str; 8] = ["Aksoy", "Brandt", "Conti", "Dubois", "Eriksen", "Fischer", "García", "Hopper"];
const COMPANY: [&str; 8] =
    ["Alp & Sons", "Bay Works", "Coco Co.", "Dünen GmbH", "Elm (Holding)", "Fjord AS", "Gül, Ltd", "Hill's"];
/// City, state, postal code, country, calling code.
const PLACES: [(&str, Option<&str>, &str, &str, &str); 5] = [
    ("Erdek", Some("Balıkesir"), "10500", "tr", "+90"),
    ("Ahorn", Some("Bavaria"), "96482", "DE", "+49"),
    ("Baldwin", Some("Alabama"), "36507", "US", "+1"),
    ("Oslo", None, "0150", "NO", "+47"),
    ("Lyon", Some(""), "69001", "FR", "+33"),
];

/// An address as the parameters of type `address` hold it.
pub(super) fn address(chance: &mut Chance) -> Value {
    let (city, state, postal_code, country, _) = *chance.one_of(&PLACES);
    // The second line is missing in two ways.
    let second = if chance.once_in(2) { Value::Null } else { "".into() };
    json!({
        "address_line1": format!("Main Street {}", chance.below(200) + 1), "address_line2": second, "city": city,
        "state": state, "postal_code": postal_code, "country": country,
    })
}

pub(super) fn phone(chance: &mut Chance) -> Value {
    let (.., code) = *chance.one_of(&PLACES);
    json!({
        "country_code": code, "area_code": chance.below(900).to_string(),
        "phone_number": format!("{:07}", chance.below(10_000_000)), "extension": "",
    })
}

/// A customer with all that the vendor's page shows of one.
pub(super) fn customer(chance: &mut Chance, number: u64) -> Arc<Account> {
    let name = format!("{} {number}", chance.one_of(&COMPANY));
    Arc::new(Account::new(&account(chance, number, &name)))
}

/// A reseller; one in three shows no more than its id.
pub(super) fn reseller(chance: &mut Chance, number: u64) -> Arc<Account> {
    if number % 3 == 2 {
        return Arc::new(Account::new(&json!({ "id": ids::account(number) })));
    }
    let name = format!("Reseller {number}");
    let mut json = account(chance, number, &name);
    json["parent"] = json!({ "id": "TA-0000-0000-0000", "name": "Distributor Europe" });
    json["owner"] = json!({ "id": "PA-000-001", "name": "Distributor Europe" });
    json["hub"] = json!({ "id": "HB-0000-0001", "name": "Hub Europe" });
    json["scopes"] = json!(["tier1"]);
    json["version"] = json!(2);
    Arc::new(Account::new(&json))
}

fn account(chance: &mut Chance, number: u64, name: &str) -> Value {
    let (first, last) = (*chance.one_of(&FIRST), *chance.one_of(&LAST));
    let mut info = address(chance);
    info["contact"] = json!({
        "first_name": first, "last_name": last, "email": format!("contact-{number}@example.com"),
        "phone_number": phone(chance),
    });
    let mut json = json!({
        "id": ids::account(number), "name": name, "external_uid": uid(chance), "type": "customer", "contact_info": info,
    });
    // Ids of others come as text and as numbers.
    json["external_id"] = if number % 4 == 1 { number.into() } else { format!("{}", 10_000 + number).into() };
    if number.is_multiple_of(2) {
        json["tax_id"] = format!("TAX{number:06}").into();
    }
    json
}

/// Looks like a UUID; repeats itself with the seed.
pub(super) fn uid(chance: &mut Chance) -> String {
    let (high, low) = (chance.below(u64::MAX), chance.below(u64::MAX));
    let (third, node) = (high & 0xfff, low & 0xffff_ffff_ffff);
    format!("{:08x}-{:04x}-4{third:03x}-8{:03x}-{node:012x}", high >> 32, high >> 16 & 0xffff, low >> 48 & 0xfff)
}
