// A page of a list: text, and words that say where in it the fields lie.

import { number, parse } from './exact'
import type { Brought } from './native'

/**
 * @internal A page. A slot is one word, which counts from the beginning of its row's record, or in a wide page two words; the
 * core's `page/packed.rs` says how they are written. The last slot that was looked at is the page's: nothing is made for it.
 */
export class Page {
  readonly text: string
  readonly words: Uint32Array
  readonly wide: boolean
  /** Where the value of the last slot begins and ends, and whether it is a string with escapes. */
  start = 0
  end = 0
  escaped = false

  constructor({ text, words }: Brought) {
    this.text = text
    this.words = words
    this.wide = words[0] === 1
  }

  /** How many rows are given out. */
  get length(): number {
    return this.words[1] as number
  }

  /** The word at which the block of one of them begins. */
  row(at: number, width: number): number {
    return this.block(0, this.words[2 + at] as number, width)
  }

  /** The word at which the block of a table's row begins. */
  block(table: number, row: number, width: number): number {
    const start = this.words[2 + this.length + table] as number
    return this.wide ? start + row * 2 * width : start + row * (width + 1) + 1
  }

  /** The byte from which a row's words count. */
  from(block: number): number {
    return this.wide ? 0 : (this.words[block - 1] as number)
  }

  /** The word of a slot. */
  at(block: number, slot: number): number {
    return this.wide ? block + 2 * slot : block + slot
  }

  /** Looks at a slot: its value's first character, 0 if it is absent. */
  look(block: number, from: number, slot: number): number {
    if (this.wide) return this.lookWide(block + 2 * slot)
    const word = this.words[block + slot] as number
    if (word === 0) return 0
    this.start = from + (word & 0xffff)
    this.end = this.start + ((word >>> 16) & 0x7fff)
    this.escaped = word >>> 31 !== 0
    return this.text.charCodeAt(this.start)
  }

  private lookWide(at: number): number {
    const end = this.words[at + 1] as number
    this.start = this.words[at] as number
    this.end = end & 0x7fffffff
    this.escaped = end >>> 31 !== 0
    return this.start === 0 ? 0 : this.text.charCodeAt(this.start)
  }

  /** Looks at the range of a row. */
  lookAtRow(block: number): number {
    if (this.wide) return this.lookWide(block)
    this.start = this.words[block - 1] as number
    this.end = this.words[block] as number
    this.escaped = true
    return this.text.charCodeAt(this.start)
  }

  /** What was looked at, which is no record and no list. */
  plain(): unknown {
    const { text, start, end } = this
    switch (text.charCodeAt(start)) {
      case 0x22:
        return this.escaped ? JSON.parse(text.slice(start, end)) : text.slice(start + 1, end - 1)
      case 0x6e:
        return null
      case 0x74:
        return true
      case 0x66:
        return false
      default:
        return number(text.slice(start, end))
    }
  }

  /** What was looked at, read whole. */
  whole(): unknown {
    return parse(this.slice())
  }

  /** The text of what was looked at. */
  slice(): string {
    return this.text.slice(this.start, this.end)
  }

  /** How many rows a slot tells. */
  count(block: number, slot: number): number {
    return this.wide ? (this.words[block + 2 * slot + 1] as number) : (this.words[block + slot] as number) >>> 20
  }

  /** The first row that a slot tells. */
  first(block: number, slot: number): number {
    return this.wide ? (this.words[block + 2 * slot] as number) : (this.words[block + slot] as number) & 0xfffff
  }
}
