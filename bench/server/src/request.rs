//! A fulfillment request in the documented shape: about 4.3 KB and 137 leaves, with escapes and text outside ASCII.

use std::fmt::Write as _;

use crate::random::Random;

/// As many as a month has seconds for, ten apart.
pub const MOST: usize = 28 * 8640;

const FIRST_NAMES: [&str; 6] = ["Zoë", "Björn", "Ada", "Łukasz", "İpek", "Noor"];
const LAST_NAMES: [&str; 5] = ["Lovelace", "d'Ávila", "Østergård", "Çelik", "Brown"];
const COMPANIES: [&str; 4] = ["Müller & Söhne", "Coco Co.", "日本クラウド", "Ahorn \\\"West\\\" Ltd."];
const PLACES: [[&str; 4]; 4] = [
    ["Bağdat Caddesi", "İstanbul", "34710", "TR"],
    ["Rúa do Vilar", "Santiago de Compostela", "15705", "ES"],
    ["Main Street", "Springfield", "62701", "US"],
    ["Große Bleichen", "Hamburg", "20354", "DE"],
];
const ITEMS: [[&str; 3]; 3] = [
    ["DRIVE-SEAT", "Seat", "Reservation"],
    ["DRIVE-BACKUP", "Backup space", "Reservation"],
    ["DRIVE-OUT", "Traffic", "PPU"],
];
const PARAMS: [[&str; 3]; 4] = [
    ["company_name", "Company name", "text"],
    ["admin_email", "Administrator\\u2019s email", "email"],
    ["domain", "Domain of the subscription", "domain"],
    ["migration_note", "Note of the migration", "text"],
];

/// The id of the `index`-th request; [`index_of`] reads it back.
pub fn id_of(index: usize) -> String {
    format!("PR-{:04}-{:04}-2718-001", index / 10_000, index % 10_000)
}

pub fn index_of(id: &str) -> Option<usize> {
    let mut groups = id.strip_prefix("PR-")?.split('-');
    let high: usize = groups.next()?.parse().ok()?;
    let low: usize = groups.next()?.parse().ok()?;
    Some(high * 10_000 + low)
}

/// When the `index`-th request was made: later than all before it, and as text in the same order.
pub fn created_of(index: usize) -> String {
    let (day, second) = (index / 8640 + 1, index % 8640 * 10);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = Random::new(!(index as u64)).below(1_000_000);
    format!("2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}+00:00")
}

/// Appends the `index`-th request.
pub fn write(out: &mut String, index: usize) {
    let random = &mut Random::new(index as u64);
    let (id, created) = (id_of(index), created_of(index));
    let asset = code(random, "AS");
    let product = format!("PRD-{:03}-{:03}-{:03}", random.below(1000), random.below(1000), random.below(1000));
    let kind = random.one_of(&["purchase", "change", "suspend", "resume", "cancel"]);
    let status = random.one_of(&["pending", "pending", "inquiring", "approved", "scheduled"]);
    let environment = random.one_of(&["production", "production", "test", "preview"]);
    let (external, uid) = (random.below(90_000_000) + 10_000_000, uuid(random));
    let (market, company) = (random.below(90_000) + 10_000, random.one_of(&COMPANIES));
    let add = |out: &mut String, text: std::fmt::Arguments<'_>| out.write_fmt(text).expect("a string takes any text");
    add(
        out,
        format_args!(
            r#"{{"id":"{id}","type":"{kind}","status":"{status}","created":"{created}","updated":"{created}","note":"","#
        ),
    );
    add(
        out,
        format_args!(
            r#""reason":null,"answered":null,"assignee":"","activation_key":"","effective_date":null,"planned_date":null,"#
        ),
    );
    add(
        out,
        format_args!(
            r#""template":{{"id":"TL-{:03}-{:03}-{:03}","name":"Activated"}},"#,
            random.below(1000),
            random.below(1000),
            random.below(1000)
        ),
    );
    add(out, format_args!(r#""contract":{{"id":"CRD-00000-00000-{market}","name":"Distribution"}},"#));
    add(
        out,
        format_args!(
            r#""marketplace":{{"id":"MP-{market}","name":"Market of {company}","icon":"/media/MP-{market}/image.png"}},"#
        ),
    );
    add(
        out,
        format_args!(
            r#""asset":{{"id":"{asset}","status":"processing","external_id":"{external}","external_uid":"{uid}","#
        ),
    );
    add(
        out,
        format_args!(
            r#""product":{{"id":"{product}","name":"Coco Drive","icon":"/media/VA-314-159/{product}/media/{product}-logo.png","status":"published"}},"#
        ),
    );
    add(
        out,
        format_args!(
            r#""connection":{{"id":"CT-3141-5926-5358","type":"{environment}","provider":{{"id":"PA-314-159","name":"Distributor Europe"}},"#
        ),
    );
    add(
        out,
        format_args!(
            r#""vendor":{{"id":"VA-314-159","name":"Coco Vendor"}},"hub":{{"id":"HB-3141-5926","name":"Hub of {company}"}}}},"items":["#
        ),
    );
    for at in 0..1 + random.below(3) as usize {
        separate(out, at);
        item(out, random, &product, at);
    }
    out.push_str(r#"],"params":["#);
    for at in 0..1 + random.below(4) as usize {
        separate(out, at);
        param(out, random, &asset, at);
    }
    out.push_str(r#"],"tiers":{"#);
    for (at, name) in ["customer", "tier1", "tier2"].into_iter().enumerate() {
        separate(out, at);
        tier(out, random, name);
    }
    add(out, format_args!(r#"}},"events":{{"created":{{"at":"{created}"}},"updated":{{"at":"{created}"}}}}}}}}"#));
}

fn separate(out: &mut String, at: usize) {
    if at > 0 {
        out.push(',');
    }
}

fn code(random: &mut Random, prefix: &str) -> String {
    format!("{prefix}-{:04}-{:04}-{:04}", random.below(10_000), random.below(10_000), random.below(10_000))
}

fn uuid(random: &mut Random) -> String {
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        random.below(1 << 32),
        random.below(1 << 16),
        random.below(1 << 12),
        random.below(1 << 12),
        random.below(1 << 48)
    )
}

fn item(out: &mut String, random: &mut Random, product: &str, at: usize) {
    let [mpn, name, kind] = ITEMS[at];
    let (number, quantity, old) = (at + 1, random.below(500) + 1, random.below(50));
    write!(
        out,
        concat!(
            r#"{{"id":"{}-{:04}","global_id":"{}-{:04}","mpn":"{}","display_name":"{}","type":"{}","item_type":"{}","#,
            r#""period":"Monthly","quantity":"{}","old_quantity":"{}","params":[]}}"#
        ),
        product, number, product, number, mpn, name, kind, kind, quantity, old
    )
    .expect("a string takes any text");
}

fn param(out: &mut String, random: &mut Random, asset: &str, at: usize) {
    let [id, title, kind] = PARAMS[at];
    let value = random.below(1_000_000);
    write!(
        out,
        concat!(
            r#"{{"id":"{}","name":"{}","type":"{}","title":"{}","description":"{} of \"{}\", \u00e0 remplir par le client lors de la commande",""#,
            r#"value":"customer-{}.example.com","value_error":"It is taken. Please choose another one.","value_choices":[],"#,
            r#""phase":"ordering","scope":"asset","constraints":{{"required":true,"hidden":false,"unique":false}}}}"#
        ),
        id, id, kind, title, title, asset, value
    )
    .expect("a string takes any text");
}

fn tier(out: &mut String, random: &mut Random, name: &str) {
    let (id, uid, number) = (code(random, "TA"), uuid(random), random.below(1_000_000));
    let [street, city, postal_code, country] = random.one_of(&PLACES);
    let (first, last, company) = (random.one_of(&FIRST_NAMES), random.one_of(&LAST_NAMES), random.one_of(&COMPANIES));
    let (house, phone) = (random.below(300) + 1, random.below(9_000_000) + 1_000_000);
    write!(
        out,
        concat!(
            r#""{}":{{"id":"{}","external_id":"{}","external_uid":"{}","name":"{} {}","tax_id":"TAX{:06}","#,
            r#""contact_info":{{"address_line1":"{} {}","address_line2":"Unit \"{}\", second floor","city":"{}","state":"","postal_code":"{}","#,
            r#""country":"{}","contact":{{"first_name":"{}","last_name":"{}","email":"contact-{}@customers.example.com","#,
            r#""phone_number":{{"country_code":"+90","area_code":"216","phone_number":"{}","extension":""}}}}}}}}"#
        ),
        name, id, number, uid, company, number, number, street, house, house, city, postal_code, country, first, last,
        number, phone
    )
    .expect("a string takes any text");
}
