//! JSON's grammar: says where what is right ends, and where it stops being right.
//!
//! A place goes from function to function as a number, so that the processor can keep it. It has 32 bits, as texts are
//! shorter than 2 GiB: the compiler then sees that no sum of a place and a length overflows, and checks only its end.

use crate::scan::plain_until;
use crate::{Fault, MAX_DEPTH, Slot};

/// The place at which the text is broken.
#[derive(Debug)]
pub(crate) struct Broken(u32);

pub(crate) type Result<T> = std::result::Result<T, Broken>;

impl From<Broken> for Fault {
    fn from(Broken(at): Broken) -> Self {
        Self { at: at as usize }
    }
}

#[cold]
pub(crate) fn broken<T>(at: u32) -> Result<T> {
    Err(Broken(at))
}

/// The bytes from `at` on, if there are that many.
#[inline(always)]
pub(crate) fn bytes<const N: usize>(text: &[u8], at: u32) -> Option<&[u8; N]> {
    let at = at as usize;
    text.get(at..at + N)?.first_chunk()
}

/// The byte at a place; 0, which JSON has nowhere, at the end.
#[inline(always)]
pub(crate) fn byte(text: &[u8], at: u32) -> u8 {
    text.get(at as usize).copied().unwrap_or_default()
}

/// Behind the space.
#[inline(always)]
pub(crate) fn space(text: &[u8], mut at: u32) -> u32 {
    while matches!(byte(text, at), b' ' | b'\n' | b'\t' | b'\r') {
        at += 1;
    }
    at
}

/// Behind one byte.
#[inline(always)]
pub(crate) fn one(text: &[u8], at: u32, wanted: u8) -> Result<u32> {
    if byte(text, at) == wanted { Ok(at + 1) } else { broken(at) }
}

/// The depth within a bracket that opens here.
#[inline(always)]
pub(crate) fn deeper(at: u32, depth: u32) -> Result<u32> {
    if depth < MAX_DEPTH { Ok(depth + 1) } else { broken(at) }
}

/// Any value, which begins here.
#[inline(always)]
pub(crate) fn value(text: &[u8], at: u32, depth: u32) -> Result<Slot> {
    let end = match byte(text, at) {
        b'"' => return string(text, at),
        b'{' | b'[' => nested(text, at, depth)?,
        _ => scalar(text, at)?,
    };
    Ok(Slot::new(at, end, false))
}

/// An array or object, whatever is in it; without recursion.
fn nested(text: &[u8], mut at: u32, outside: u32) -> Result<u32> {
    // For each open bracket a bit, the innermost lowest: whether it is an object's.
    let mut objects = 0_u128;
    let mut depth = outside;
    loop {
        match byte(text, at) {
            b'"' => at = string(text, at)?.end(),
            bracket @ (b'{' | b'[') => {
                let object = bracket == b'{';
                depth = deeper(at, depth)?;
                at = space(text, at + 1);
                if byte(text, at) != if object { b'}' } else { b']' } {
                    objects = objects << 1 | u128::from(object);
                    if object {
                        at = key(text, at)?;
                    }
                    continue;
                }
                at += 1;
                depth -= 1;
            }
            _ => at = scalar(text, at)?,
        }
        // Behind a value: all brackets that end here, or what comes behind a comma.
        loop {
            if depth == outside {
                return Ok(at);
            }
            at = space(text, at);
            let object = objects & 1 == 1;
            match byte(text, at) {
                b',' => {
                    at = space(text, at + 1);
                    if object {
                        at = key(text, at)?;
                    }
                    break;
                }
                b'}' if object => {}
                b']' if !object => {}
                _ => return broken(at),
            }
            at += 1;
            depth -= 1;
            objects >>= 1;
        }
    }
}

/// Behind a key, its colon and the space behind that.
#[inline(always)]
fn key(text: &[u8], at: u32) -> Result<u32> {
    if byte(text, at) != b'"' {
        return broken(at);
    }
    colon(text, string(text, at)?.end())
}

/// Behind a colon and the space around it.
#[inline(always)]
pub(crate) fn colon(text: &[u8], at: u32) -> Result<u32> {
    Ok(space(text, one(text, space(text, at), b':')?))
}

/// A string whose quote is here.
#[inline(always)]
pub(crate) fn string(text: &[u8], start: u32) -> Result<Slot> {
    let at = plain_until(text, start + 1);
    if byte(text, at) == b'"' {
        return Ok(Slot::new(start, at + 1, false));
    }
    let end = escaped(text, at)?;
    Ok(Slot::new(start, end, true))
}

/// Behind a string whose first escape is here.
#[inline(never)]
fn escaped(text: &[u8], mut at: u32) -> Result<u32> {
    loop {
        match byte(text, at) {
            b'"' => return Ok(at + 1),
            b'\\' => at = escape(text, at)?,
            // The end, or a control character.
            _ => return broken(at),
        }
        at = plain_until(text, at);
    }
}

fn escape(text: &[u8], at: u32) -> Result<u32> {
    match byte(text, at + 1) {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
        b'u' => {
            let digits = bytes::<4>(text, at + 2);
            if digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) { Ok(at + 6) } else { broken(at) }
        }
        _ => broken(at),
    }
}

/// Behind a number, `true`, `false` or `null`.
#[inline]
fn scalar(text: &[u8], at: u32) -> Result<u32> {
    match byte(text, at) {
        b'n' => word(text, at, b"null"),
        b't' => word(text, at, b"true"),
        b'f' => word(text, at, b"false"),
        _ => number(text, at),
    }
}

#[inline(always)]
fn word<const N: usize>(text: &[u8], at: u32, word: &[u8; N]) -> Result<u32> {
    if bytes(text, at) == Some(word) { Ok(at + N as u32) } else { broken(at) }
}

fn number(text: &[u8], mut at: u32) -> Result<u32> {
    if byte(text, at) == b'-' {
        at += 1;
    }
    at = if byte(text, at) == b'0' { at + 1 } else { digits(text, at)? };
    if byte(text, at) == b'.' {
        at = digits(text, at + 1)?;
    }
    if matches!(byte(text, at), b'e' | b'E') {
        at += 1;
        if matches!(byte(text, at), b'+' | b'-') {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

/// Behind one digit or more.
#[inline]
fn digits(text: &[u8], start: u32) -> Result<u32> {
    let mut at = start;
    while byte(text, at).is_ascii_digit() {
        at += 1;
    }
    if at == start { broken(at) } else { Ok(at) }
}
