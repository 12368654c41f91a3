//! Gzip by hand: what a reply needs of it, and a bomb.

const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// `bytes` in stored blocks, with a right checksum.
pub fn stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = HEAD.to_vec();
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap();
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend(crc32(bytes).to_le_bytes());
    out.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
    out
}

/// What [`stored`] made its argument into.
pub fn unstored(gzip: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = &gzip[HEAD.len()..];
    loop {
        let length = usize::from(u16::from_le_bytes([rest[1], rest[2]]));
        out.extend(&rest[5..5 + length]);
        if rest[0] == 1 {
            return out;
        }
        rest = &rest[5 + length..];
    }
}

/// About `compressed` bytes that decode to 1,032 times as many, and have no end.
pub fn bomb(compressed: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // One last block with codes of its own: literal 0, the match of 258 bytes, the end; and the distance 1.
    bits.put(1, 1);
    bits.put(2, 2);
    bits.put(286 - 257, 5);
    bits.put(0, 5);
    bits.put(18 - 4, 4);
    // Lengths of the codes for lengths, in the order of RFC 1951: 18 has one bit, 2 and 1 have two.
    for (place, length) in [(2, 1), (15, 2), (17, 2)].into_iter().scan(0, |from, (place, length)| {
        let zeros = place - *from;
        *from = place + 1;
        Some((zeros, length))
    }) {
        (0..place).for_each(|_| bits.put(0, 3));
        bits.put(length, 3);
    }
    let (two, one, zeros) = (0b11, 0b01, 0b0);
    bits.put(two, 2); // literal 0
    for run in [138, 117] {
        bits.put(zeros, 1);
        bits.put(run - 11, 7);
    }
    bits.put(two, 2); // the end
    bits.put(zeros, 1);
    bits.put(28 - 11, 7);
    bits.put(one, 2); // the match of 258 bytes
    bits.put(one, 2); // the distance 1
    bits.put(0b01, 2); // literal 0, so that there is something to repeat
    let mut out = HEAD.to_vec();
    out.extend(bits.bytes);
    // The match and its distance are a bit 0 each: from here on every byte means 1,032 more.
    out.resize(compressed.max(out.len()), 0);
    out
}

/// Bits from the lowest up; Huffman codes are given mirrored.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().unwrap();
            *last |= u8::try_from(value >> bit & 1).unwrap() << (self.used % 8);
            self.used += 1;
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
