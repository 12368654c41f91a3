//! Pages of fulfillment requests as the vendor documents them: compact, some text not ASCII, some of it escaped.

use std::fmt::Write as _;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33) % sides
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[usize::try_from(self.roll(words.len() as u64)).unwrap_or_default()]
    }

    fn digits(&mut self) -> String {
        format!("{:03}-{:03}-{:03}", self.roll(1000), self.roll(1000), self.roll(1000))
    }
}

/// An array of `rows` requests, the first one created at second `from`.
pub fn page(from: usize, rows: usize) -> String {
    let requests: Vec<String> = (from..from + rows).map(request).collect();
    format!("[{}]", requests.join(","))
}

fn request(number: usize) -> String {
    let dice = &mut Dice(number as u64);
    let at = format!(
        "2026-03-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        1 + number / 86_400,
        number / 3600 % 24,
        number / 60 % 60,
        number % 60,
        dice.roll(1_000_000)
    );
    let kind = dice.of(&["purchase", "change", "suspend", "resume", "cancel"]);
    let status = dice.of(&["pending", "inquiring", "approved", "failed"]);
    let (asset, contract, market) = (asset(dice, &at), named(dice, "CRD", "Distribución Ibérica S.L."), market(dice));
    let template = named(dice, "TL", "Plantilla de activación");
    format!(
        r#"{{"id":"PR-{}-{:03}","type":"{kind}","created":"{at}","updated":"{at}","status":"{status}","note":"","reason":null,"asset":{asset},"contract":{contract},"marketplace":{market},"activation_key":"","template":{template},"effective_date":"{at}","planned_date":null,"answered":null,"assignee":"","external_attributes":{{}}}}"#,
        dice.digits(),
        number % 1000
    )
}

fn asset(dice: &mut Dice, at: &str) -> String {
    let (number, product) = (dice.roll(1_000_000), dice.digits());
    let (stage, connection) = (dice.of(&["production", "test", "preview"]), dice.digits());
    let (provider, vendor, hub) =
        (named(dice, "PA", "Nube Mayorista"), named(dice, "VA", "Größe & Söhne"), named(dice, "HB", "Hub Süd"));
    let several = |dice: &mut Dice, least, most, one: fn(&mut Dice, u64) -> String| {
        let many: Vec<String> = (0..least + dice.roll(most - least + 1)).map(|nth| one(dice, nth)).collect();
        many.join(",")
    };
    let (items, params) = (several(dice, 1, 3, item), several(dice, 1, 4, param));
    let tiers: Vec<String> =
        ["customer", "tier1", "tier2"].iter().map(|name| format!(r#""{name}":{}"#, tier(dice))).collect();
    format!(
        r#"{{"id":"AS-{}","status":"processing","external_id":"{number}","external_uid":"00000000-1a2b-4c3d-9e8f-{number:012}","product":{{"id":"PRD-{product}","icon":"/media/VA-000-000/PRD-{product}/media/PRD-{product}-logo_v2.png","name":"Correo \"Pro\"","status":"published"}},"connection":{{"id":"CT-{connection}","type":"{stage}","provider":{provider},"vendor":{vendor},"hub":{hub}}},"items":[{items}],"params":[{params}],"tiers":{{{}}},"events":{{"created":{{"at":"{at}"}},"updated":{{"at":"{at}"}}}}}}"#,
        dice.digits(),
        tiers.join(",")
    )
}

fn named(dice: &mut Dice, kind: &str, name: &str) -> String {
    format!(r#"{{"id":"{kind}-{}","name":"{name}"}}"#, dice.digits())
}

fn market(dice: &mut Dice) -> String {
    let id = dice.roll(100_000);
    format!(r#"{{"id":"MP-{id:05}","name":"Península","icon":"/media/PA-000-000/marketplaces/MP-{id:05}/icon.png"}}"#)
}

fn item(dice: &mut Dice, nth: u64) -> String {
    let (product, mpn) = (dice.digits(), dice.of(&["MAIL-50GB-M", "MAIL-SEAT-Y", "ARCHIVE-1TB"]));
    let (quantity, before) = (dice.roll(500), dice.roll(50));
    format!(
        r#"{{"id":"PRD-{product}-{nth:04}","global_id":"PRD-{product}-{nth:04}","mpn":"{mpn}","display_name":"Buzón de correo {mpn}","old_quantity":"{before}","quantity":"{quantity}","type":"Licenses","period":"monthly","item_type":"Reservation","params":[]}}"#
    )
}

fn param(dice: &mut Dice, nth: u64) -> String {
    let (id, title, kind) = [
        ("admin_email", "Administrator's e-mail", "email"),
        ("tenant_name", "Tenant name", "subdomain"),
        ("welcome_text", "Welcome text", "text"),
        ("seat_options", "Options of a seat", "object"),
    ][usize::try_from(nth % 4).unwrap_or_default()];
    let mut text = String::new();
    let _ = write!(
        text,
        r#"{{"id":"{id}","name":"{id}","type":"{kind}","description":"{title}, as in \"{title} \u2013 required\"; see the manual","title":"{title}","value":"value-{}@correo.example","value_error":"It is taken. Please choose another one.","value_choices":[],"phase":"ordering","scope":"asset","constraints":{{"required":true,"hidden":false,"unique":false}}}}"#,
        dice.roll(1_000_000)
    );
    text
}

fn tier(dice: &mut Dice) -> String {
    let number = dice.roll(1_000_000);
    let (line, city, code, country) = [
        ("Calle Alcalá 45", "Madrid", "28014", "es"),
        ("Bağdat Caddesi 12", "İstanbul", "34710", "tr"),
        ("221B Baker Street", "London", "NW1 6XE", "gb"),
        ("Königsallee 60F", "Düsseldorf", "40212", "de"),
    ][usize::try_from(dice.roll(4)).unwrap_or_default()];
    let (first, last) =
        (dice.of(&["Lucía", "Emre", "Grace", "Jürgen"]), dice.of(&["Hernández", "Öztürk", "Lee", "Groß"]));
    format!(
        r#"{{"id":"TA-{}","name":"Account {number} GmbH","account_name":"Account {number} GmbH","external_id":"{number}","external_uid":"00000000-aaaa-4bbb-8ccc-{number:012}","contact_info":{{"address_line1":"{line}","address_line2":"Door \"{}\"","city":"{city}","state":"none","postal_code":"{code}","country":"{country}","contact":{{"first_name":"{first}","last_name":"{last}","email":"someone{number}@mail.example","phone_number":{{"country_code":"+34","area_code":"91","phone_number":"{number:07}","extension":""}}}}}}}}"#,
        dice.digits(),
        dice.roll(90)
    )
}
