//! The instructions of every x86-64 for sixteen bytes at a time.

#![allow(unsafe_code, reason = "the standard library has no other way to them")]

use std::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
};

use crate::scan::{WIDE, halves};

/// A bit for each byte that is a quote, a backslash or a control character.
#[inline]
pub(crate) fn specials(block: &[u8; 16]) -> u32 {
    // SAFETY: it needs SSE2 and nothing else, which x86-64 has by definition.
    unsafe { sse2_specials(block) }
}

/// A bit for each byte that is the same in both.
#[inline]
pub(crate) fn same(one: &[u8; WIDE], other: &[u8; WIDE]) -> u32 {
    // SAFETY: it needs SSE2 and nothing else, which x86-64 has by definition.
    unsafe { sse2_same(one, other) }
}

#[inline]
#[target_feature(enable = "sse2")]
fn sse2_specials(block: &[u8; 16]) -> u32 {
    let bytes = load(block);
    let quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'"'.cast_signed()));
    let backslashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(b'\\'.cast_signed()));
    let controls = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    bits(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls))
}

#[inline]
#[target_feature(enable = "sse2")]
fn sse2_same(one: &[u8; WIDE], other: &[u8; WIDE]) -> u32 {
    let (one, other) = (one.as_chunks().0, other.as_chunks().0);
    let low = bits(_mm_cmpeq_epi8(load(&one[0]), load(&other[0])));
    low | bits(_mm_cmpeq_epi8(load(&one[1]), load(&other[1]))) << 16
}

/// Sixteen bytes; the compiler makes one load of it.
#[inline]
#[target_feature(enable = "sse2")]
fn load(block: &[u8; 16]) -> __m128i {
    let (low, high) = halves(block);
    _mm_set_epi64x(high.cast_signed(), low.cast_signed())
}

/// A bit for each byte that is all ones.
#[inline]
#[target_feature(enable = "sse2")]
fn bits(equal: __m128i) -> u32 {
    _mm_movemask_epi8(equal).cast_unsigned()
}
