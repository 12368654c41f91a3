//! `POST /v3/signups` (step 2) and `GET /v3/signups/{id}` (step 3).

use serde_json::json;
use tenantry::time::Random;

use super::state::{Birth, Client, Signup};
use crate::call::{Call, required_text};
use crate::reply::Reply;
use crate::world::Systems;

/// What a signup's status is until it is final: the vendor has not told its word.
const PENDING: &str = "pending";

pub(super) fn create(systems: &mut Systems, call: &Call<'_>) -> Reply {
    sign_up(systems, call).unwrap_or_else(|refusal| refusal)
}

fn sign_up(systems: &mut Systems, call: &Call<'_>) -> Result<Reply, Reply> {
    let sent = call.object()?;
    let (company, email) = (required_text(sent, "company")?.to_owned(), required_text(sent, "email")?.to_owned());
    let state = &mut systems.magento_bi;
    let birth = state.birth(call.now, call.visible_at());
    let done_at = birth.visible_at.saturating_add(call.wait);
    let client_id = state.next_client_id();
    let signup = Signup {
        birth: birth.clone(),
        id: call.random.uuid(),
        company: company.clone(),
        email,
        client_id,
        pubkey: pubkey(call.random),
        done_at,
        word: state.outcome.signup_word().to_owned(),
        tells_client: state.outcome.tells_client(),
    };
    if signup.succeeds() {
        let birth = Birth { visible_at: done_at, ..birth };
        state.clients.insert(client_id, Client::new(birth, client_id, company));
    }
    let reply = json!({ "url": format!("http://{}/v3/signups/{}", call.host, signup.id), "id": signup.id });
    state.signups.insert(signup.id.clone(), signup);
    Ok(Reply::created(&reply).with_escaped_slashes())
}

pub(super) fn get(systems: &mut Systems, call: &Call<'_>) -> Reply {
    let found = systems.magento_bi.signups.get(call.segment(0)).filter(|signup| signup.birth.visible(call.now));
    let Some(signup) = found else { return Reply::error(404, "there is no signup with this id") };
    let done = call.now >= signup.done_at;
    let told = done && signup.succeeds();
    Reply::ok(&json!({
        "pubkey": told.then_some(&signup.pubkey),
        "status": signup.status(call.now),
        "client_id": (told && signup.tells_client).then_some(signup.client_id),
    }))
}

impl Signup {
    pub(super) fn status(&self, now: std::time::Duration) -> &str {
        if now >= self.done_at { &self.word } else { PENDING }
    }

    /// Whether a client comes of it: by the words that the contract's A3 reads as done.
    fn succeeds(&self) -> bool {
        ["completed", "complete", "success", "succeeded"].iter().any(|done| self.word.eq_ignore_ascii_case(done))
    }
}

/// A public key in OpenSSH's form: the right structure (type, exponent, modulus of 2048 bits) around random bits.
fn pubkey(random: &dyn Random) -> String {
    let mut blob = Vec::new();
    let mut modulus = vec![0; 257];
    random.fill(&mut modulus);
    // A leading zero keeps the number positive, the bits behind it make it one of full length and odd.
    modulus[0] = 0;
    modulus[1] |= 0x80;
    modulus[256] |= 1;
    for part in [b"ssh-rsa".as_slice(), &[1, 0, 1], &modulus] {
        blob.extend_from_slice(&u32::try_from(part.len()).unwrap_or(0).to_be_bytes());
        blob.extend_from_slice(part);
    }
    format!("ssh-rsa {} tenantry-sandbox", base64(&blob))
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[bits >> (18 - 6 * place) & 63];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_common_one() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn public_keys_begin_like_every_rsa_key() {
        assert!(pubkey(&tenantry::time::SystemRandom).starts_with("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ"));
    }
}
