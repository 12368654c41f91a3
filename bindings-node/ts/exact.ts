// Numbers that JavaScript cannot hold.

const TOKEN = /^-?\d+(?![\d.eE])/

/**
 * @internal Parses JSON. An integer beyond ±(2^53 − 1) comes as text, with all its digits: as a number it would silently
 * become another one. Such integers are ids, and ids may be text or integer.
 */
export function parse(text: string): unknown {
  return JSON.parse(hasLong(text) ? quoted(text) : text)
}

/** Whether 16 digits stand in a row. One of each 16 characters is looked at: no such row lies between them. */
function hasLong(text: string): boolean {
  for (let at = 15; at < text.length; at += 16) {
    if (!isDigit(text, at)) continue
    let start = at
    while (isDigit(text, start - 1)) start--
    let end = at + 1
    while (isDigit(text, end)) end++
    if (end - start >= 16) return true
  }
  return false
}

function isDigit(text: string, at: number): boolean {
  const char = text.charCodeAt(at)
  return char >= 0x30 && char <= 0x39
}

/** @internal The number that a token of JSON means; its text, if that is an integer that a number cannot hold. */
export function number(token: string): number | string {
  const value = Number(token)
  return token.length > 15 && TOKEN.test(token) && !Number.isSafeInteger(value) ? token : value
}

/** Puts unsafe integers between quotes. The text is JSON that the core has checked. */
function quoted(text: string): string {
  let out = ''
  let copied = 0
  let at = 0
  while (at < text.length) {
    const char = text.charCodeAt(at)
    if (char === 0x22) {
      at = endOfString(text, at)
    } else if (char === 0x2d || (char >= 0x30 && char <= 0x39)) {
      let end = at + 1
      while (end < text.length && /[\d.eE+-]/.test(text.charAt(end))) end++
      const token = text.slice(at, end)
      if (typeof number(token) === 'string') {
        out += `${text.slice(copied, at)}"${token}"`
        copied = end
      }
      at = end
    } else {
      at++
    }
  }
  return out + text.slice(copied)
}

/** The place after the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length) {
    const char = text.charCodeAt(at)
    if (char === 0x22) return at + 1
    at += char === 0x5c ? 2 : 1
  }
  return at
}
