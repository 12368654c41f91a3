//! The tape against serde_json: the same texts are read, and the same values found, whatever the text.

mod common;

use std::collections::HashMap;

use common::dice::Dice;
use common::documents::{mutated, page};
use common::layouts::thrown;
use common::oracle::agree;
use tenantry_tape::{Layout, Tape};

/// Changed documents that are made of each whole one.
const MUTATIONS: usize = 20;

fn cases() -> usize {
    std::env::var("TENANTRY_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100_000)
}

fn seed() -> u64 {
    std::env::var("TENANTRY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0x7461_7065)
}

/// Layouts by the seeds that made them.
#[derive(Default)]
struct Layouts(HashMap<u64, &'static Layout>);

impl Layouts {
    /// A layout that several documents have.
    fn of(&mut self, seed: u64) -> &'static Layout {
        let seed = seed >> 5;
        self.0.entry(seed).or_insert_with(|| thrown(&mut Dice::new(seed)))
    }
}

/// Checks `text`, and says how to see it again; whether it is a page.
fn is_page(tape: &mut Tape, layout: &'static Layout, text: &str, seed: u64) -> bool {
    agree(tape, layout, text).unwrap_or_else(|why| panic!("{why}\nTENANTRY_SEED={seed}\n{text:?}\n{layout:#?}"))
}

#[test]
fn every_valid_and_every_broken_document_is_read_as_serde_json_reads_it() {
    let (cases, first) = (cases(), seed());
    let (mut tape, mut layouts, mut whole, mut changed) = (Tape::default(), Layouts::default(), 0, 0);
    let rounds = cases / (MUTATIONS + 1) + 1;
    for seed in (first..).take(rounds) {
        let (layout, dice) = (layouts.of(seed), &mut Dice::new(seed));
        if dice.once_in(50) {
            tape = Tape::default();
        }
        let document = page(dice, layout);
        whole += usize::from(is_page(&mut tape, layout, &document, seed));
        for _ in 0..MUTATIONS {
            changed += usize::from(is_page(&mut tape, layout, &mutated(dice, &document), seed));
        }
    }
    println!(
        "{} documents; of {rounds} whole ones {whole} are pages, of the others {changed}",
        rounds * (MUTATIONS + 1)
    );
    // What is never read shows nothing, nor does what always is.
    assert!(rounds < 100 || whole > rounds * 9 / 10, "{whole} of {rounds} whole documents were read");
    assert!(rounds < 100 || (rounds..rounds * MUTATIONS / 2).contains(&changed), "{changed} changed ones were read");
}

#[test]
fn a_document_that_ends_anywhere_is_read_as_serde_json_reads_it() {
    let (mut tape, mut layouts) = (Tape::default(), Layouts::default());
    for seed in (seed()..).take(100) {
        let layout = layouts.of(seed);
        let document = page(&mut Dice::new(seed), layout);
        let ends = document.char_indices().map(|(end, _)| end).chain([document.len()]);
        let pages = ends.filter(|end| is_page(&mut tape, layout, &document[..*end], seed)).count();
        assert!(pages >= 1 || agree(&mut tape, layout, &document) == Ok(false), "TENANTRY_SEED={seed}");
    }
}
