//! Changes XML at random: bytes, tags, attributes, and elements that are moved, doubled, wrapped or taken away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::ops::Range;

/// Chance that a seed repeats.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &'a [&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    fn range(&mut self, end: usize, most: usize) -> Range<usize> {
        let start = self.below(end);
        start..(start + self.below(most)).min(end)
    }
}

/// What an attacker would want to be read, and what parsers have been confused by.
const TEXTS: [&str; 16] = [
    "usr-666",
    "<!-- -->",
    "<![CDATA[usr-666]]>",
    "<?x?>",
    "&#x75;",
    "&lt;",
    " ",
    "\n",
    "<a/>",
    "&#0;",
    "\u{0}",
    "]]>",
    "&amp;",
    "<NameID>usr-666</NameID>",
    "<Attribute Name=\"mno_uid\"><AttributeValue>usr-666</AttributeValue></Attribute>",
    "<x:a xmlns:x=\"urn:x\"/>",
];

const ATTRIBUTES: [&str; 12] = [
    " ID=\"_response\"",
    " ID=\"_x\"",
    " Id=\"_x\"",
    " xml:id=\"_x\"",
    " xmlns=\"\"",
    " xmlns=\"urn:x\"",
    " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
    " xmlns:ds=\"urn:x\"",
    " xmlns:x=\"urn:x\" x:Name=\"mno_uid\"",
    " xml:space=\"preserve\"",
    " Name=\"uid\"",
    " xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:assertion\"",
];

/// Another way to write the same, for which a canonical form does not care.
fn rewrite(xml: &mut Vec<u8>, chance: &mut Chance) {
    let within_a_tag = |xml: &[u8], chance: &mut Chance| {
        let at = pick(&places(xml, b'>'), chance);
        if at > 0 && xml[at - 1] == b'/' { at - 1 } else { at }
    };
    match chance.below(5) {
        0 => {
            let (at, space) = (within_a_tag(xml, chance), chance.pick(&[" ", "\n", "\t "]));
            splice(xml, at..at, space.as_bytes());
        }
        1 => {
            let at = within_a_tag(xml, chance);
            splice(xml, at..at, b" xmlns:unused=\"urn:x\"");
        }
        2 => {
            // A letter by its number.
            let letters: Vec<usize> = (0..xml.len()).filter(|at| xml[*at].is_ascii_lowercase()).collect();
            let at = pick(&letters, chance);
            let number = format!("&#{};", xml[at]);
            splice(xml, at..at + 1, number.as_bytes());
        }
        3 => {
            let Some(open) = find(xml, b"=\"", chance.below(xml.len())) else { return };
            let Some(close) = find(xml, b"\"", open + 2) else { return };
            (xml[open + 1], xml[close]) = (b'\'', b'\'');
        }
        _ => {
            let Some(end) = find(xml, b"></", chance.below(xml.len())) else { return };
            let Some(close) = find(xml, b">", end + 1) else { return };
            splice(xml, end..close + 1, b"/>");
        }
    }
}

/// One change at random.
pub fn mutate(xml: &mut Vec<u8>, chance: &mut Chance) {
    match chance.below(24) {
        16.. => rewrite(xml, chance),
        0 => {
            let at = chance.below(xml.len());
            xml[at] ^= 1 << chance.below(8);
        }
        1 => {
            let at = chance.below(xml.len());
            xml.insert(at, u8::try_from(chance.below(256)).unwrap());
        }
        2 => drop(xml.drain(chance.range(xml.len(), 40))),
        3 => {
            let copied = xml[chance.range(xml.len(), 400)].to_vec();
            insert(xml, chance, &copied);
        }
        4 => {
            let text = chance.pick(&TEXTS).as_bytes();
            let (start, end) = (places(xml, b'<'), places(xml, b'>'));
            let at = if chance.below(2) == 0 { pick(&start, chance) } else { pick(&end, chance) + 1 };
            splice(xml, at..at, text);
        }
        5 => {
            // In front of `>` or `/>`, so mostly as one more attribute.
            let at = pick(&places(xml, b'>'), chance);
            let at = if at > 0 && xml[at - 1] == b'/' { at - 1 } else { at };
            splice(xml, at..at, chance.pick(&ATTRIBUTES).as_bytes());
        }
        6 => replace_one(xml, chance, b"usr-1", b"usr-666"),
        7 => {
            let (from, to) = [
                (&b"samlp:"[..], &b"saml:"[..]),
                (b"<Assertion", b"<assertion"),
                (b"\"", b"'"),
                (b"ds:", b""),
                (b"sha256", b"sha1"),
                (b"#_", b"#"),
                (b"_4f2b8c9e", b"_response"),
                (b"><", b">\n<"),
                (b"Name=\"uid\"", b"Name=\"mno_uid\""),
                (b"/>", b"></a>"),
            ][chance.below(10)];
            replace_one(xml, chance, from, to);
        }
        8 => {
            let taken = element(xml, chance);
            xml.drain(taken);
        }
        9 => {
            let taken = element(xml, chance);
            let moved: Vec<u8> = xml.drain(taken).collect();
            insert_element(xml, chance, &moved);
        }
        10 => {
            let doubled = xml[element(xml, chance)].to_vec();
            insert_element(xml, chance, &doubled);
        }
        11 => {
            let mut evil = xml[element(xml, chance)].to_vec();
            for (from, to) in [(&b"usr-1"[..], &b"usr-666"[..]), (b"ID=\"_4f2b8c9e", b"ID=\"_evil")] {
                evil = replace_all(&evil, from, to);
            }
            insert_element(xml, chance, &evil);
        }
        12 => {
            let wrapped = element(xml, chance);
            let name =
                chance.pick(&["Object", "samlp:Extensions", "Advice", "Assertion", "ds:Object", "samlp:Response"]);
            let text =
                [format!("<{name}>").as_bytes(), &xml[wrapped.clone()], format!("</{name}>").as_bytes()].concat();
            splice(xml, wrapped, &text);
        }
        13 => {
            let (first, second) = (element(xml, chance), element(xml, chance));
            let (first, second) = if first.start < second.start { (first, second) } else { (second, first) };
            if first.end <= second.start {
                let (one, two) = (xml[first.clone()].to_vec(), xml[second.clone()].to_vec());
                splice(xml, second, &one);
                splice(xml, first, &two);
            }
        }
        14 => {
            let replaced = element(xml, chance);
            let by = xml[element(xml, chance)].to_vec();
            splice(xml, replaced, &by);
        }
        15 => {
            // A whole evil copy of the assertion in the place of an element, the true one inside or beside it.
            let Some(start) = find(xml, b"<Assertion", 0) else { return };
            let Some(end) = find(xml, b"</Assertion>", start) else { return };
            let evil = replace_all(&xml[start..end + 12], b"usr-1", b"usr-666");
            let evil =
                replace_all(&evil, b"ID=\"_4f2b8c9e", chance.pick(&[&b"ID=\"_evil"[..], b"ID=\"_4f2b8c9e", b"x=\""]));
            let at = pick(&places(xml, b'<'), chance);
            splice(xml, at..at, &evil);
        }
    }
}

fn insert(xml: &mut Vec<u8>, chance: &mut Chance, bytes: &[u8]) {
    let at = chance.below(xml.len());
    splice(xml, at..at, bytes);
}

fn insert_element(xml: &mut Vec<u8>, chance: &mut Chance, bytes: &[u8]) {
    let at = if chance.below(2) == 0 { pick(&places(xml, b'<'), chance) } else { pick(&places(xml, b'>'), chance) + 1 };
    splice(xml, at.min(xml.len())..at.min(xml.len()), bytes);
}

fn splice(xml: &mut Vec<u8>, range: Range<usize>, by: &[u8]) {
    let range = range.start.min(xml.len())..range.end.min(xml.len());
    xml.splice(range, by.iter().copied());
}

fn places(xml: &[u8], byte: u8) -> Vec<usize> {
    xml.iter().enumerate().filter_map(|(at, found)| (*found == byte).then_some(at)).collect()
}

fn pick(places: &[usize], chance: &mut Chance) -> usize {
    places.get(chance.below(places.len())).copied().unwrap_or(0)
}

fn find(xml: &[u8], what: &[u8], from: usize) -> Option<usize> {
    xml.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| at + from)
}

fn replace_one(xml: &mut Vec<u8>, chance: &mut Chance, from: &[u8], to: &[u8]) {
    let found: Vec<usize> =
        xml.windows(from.len()).enumerate().filter_map(|(at, window)| (window == from).then_some(at)).collect();
    if let Some(at) = found.get(chance.below(found.len())) {
        splice(xml, *at..at + from.len(), to);
    }
}

fn replace_all(xml: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(found) = find(xml, from, at) {
        out.extend_from_slice(&xml[at..found]);
        out.extend_from_slice(to);
        at = found + from.len();
    }
    out.extend_from_slice(&xml[at..]);
    out
}

/// Where an element stands, from its first `<` to its last `>`; nothing where the text is too broken to tell.
fn element(xml: &[u8], chance: &mut Chance) -> Range<usize> {
    let starts: Vec<usize> = places(xml, b'<')
        .into_iter()
        .filter(|at| !matches!(xml.get(at + 1), Some(b'/' | b'!' | b'?') | None))
        .collect();
    let start = pick(&starts, chance);
    let (mut depth, mut at) = (0_usize, start);
    while let Some(open) = find(xml, b"<", at) {
        let Some(close) = find(xml, b">", open) else { break };
        match (xml.get(open + 1), xml[close - 1]) {
            (Some(b'/'), _) => depth = depth.saturating_sub(1),
            (_, b'/') => {}
            _ => depth += 1,
        }
        at = close + 1;
        if depth == 0 {
            return start..at;
        }
    }
    start..start
}
