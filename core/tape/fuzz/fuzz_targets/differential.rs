//! The tape against serde_json, with texts that libFuzzer and the tests' own mutations find. The first byte of an input
//! decides the layout, the rest is the text.

#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::sync::Mutex;

use common::dice::Dice;
use common::{documents, layouts, oracle};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tenantry_tape::{Layout, Tape};

static LAYOUTS: Mutex<BTreeMap<u8, &'static Layout>> = Mutex::new(BTreeMap::new());

/// One for all inputs, as a pool's is for all pages.
static TAPE: Mutex<Option<Tape>> = Mutex::new(None);

fn layout(number: u8) -> &'static Layout {
    let mut layouts = LAYOUTS.lock().expect("nothing panics with it");
    layouts.entry(number).or_insert_with(|| layouts::thrown(&mut Dice::new(u64::from(number))))
}

fuzz_target!(|data: &[u8]| {
    let Some((number, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let mut tape = TAPE.lock().expect("a panic is the end");
    let agreed = oracle::agree(tape.get_or_insert_default(), layout(*number), text);
    if let Err(why) = agreed {
        panic!("{why}\n{text:?}\n{:#?}", layout(*number));
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let dice = &mut Dice::new(u64::from(seed));
    let text = data[..size].split_first().map(|(number, text)| (*number, std::str::from_utf8(text)));
    let (number, text) = match text {
        Some((number, Ok(text))) if !dice.once_in(20) => (number, documents::mutated(dice, text)),
        _ => {
            let number = dice.roll(256) as u8;
            (number, documents::page(dice, layout(number)))
        }
    };
    if dice.once_in(2) || text.len() + 1 > max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    data[0] = number;
    data[1..=text.len()].copy_from_slice(text.as_bytes());
    text.len() + 1
});
