//! All requests as one text, so that any page of them is a piece of it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write as _;
use std::ops::Range;
use std::rc::Rc;

use crate::request;

/// Rows of a page at most, as of the vendor's server.
pub const PAGE: usize = 1000;

pub struct Store {
    /// The requests, with a comma after each.
    text: Vec<u8>,
    /// Where each begins; behind the last, where the text ends.
    starts: Vec<usize>,
    created: Vec<String>,
    packed: RefCell<HashMap<Range<usize>, Rc<[u8]>>>,
}

impl Store {
    pub fn new(total: usize) -> Self {
        let mut text = String::with_capacity(total * 4400);
        let mut starts = Vec::with_capacity(total + 1);
        for index in 0..total {
            starts.push(text.len());
            request::write(&mut text, index);
            text.push(',');
        }
        starts.push(text.len());
        let created = (0..total).map(request::created_of).collect();
        Self { text: text.into_bytes(), starts, created, packed: RefCell::default() }
    }

    pub fn total(&self) -> usize {
        self.created.len()
    }

    /// The index of the first request that was made at `created` or later, or only later.
    pub fn since(&self, created: &str, or_at: bool) -> usize {
        self.created.partition_point(|known| if or_at { known.as_str() < created } else { known.as_str() <= created })
    }

    pub fn one(&self, index: usize) -> &[u8] {
        &self.text[self.starts[index]..self.starts[index + 1] - 1]
    }

    /// The requests of a range, with a comma between each two.
    pub fn rows(&self, range: &Range<usize>) -> &[u8] {
        let end = self.starts[range.end];
        &self.text[self.starts[range.start]..if range.is_empty() { end } else { end - 1 }]
    }

    /// The page of a range, packed; packed once.
    pub fn packed(&self, range: &Range<usize>) -> Rc<[u8]> {
        let make = || {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            for part in [b"[", self.rows(range), b"]"] {
                packer.write_all(part).expect("memory takes any bytes");
            }
            packer.finish().expect("memory takes any bytes").into()
        };
        self.packed.borrow_mut().entry(range.clone()).or_insert_with(make).clone()
    }

    /// Packs the pages that readers by offset ask for, and those by key: they begin at the last row they have.
    pub fn pack_all(&self) {
        for step in [PAGE, PAGE - 1] {
            for start in (0..self.total()).step_by(step) {
                self.packed(&(start..(start + PAGE).min(self.total())));
            }
        }
    }
}
