// What goes in: plain data as JSON text.

import { refused } from './errors'
import { type Callbacks, reveal, Secret } from './secret'

/**
 * @internal Writes `value` as JSON text for the core. `undefined` is left out (not sent), `null` stays (none); a secret is put
 * in, and its function, if it has one, into `callbacks`. A `Date` becomes RFC 3339 text. What JSON cannot hold is refused,
 * naming the key.
 */
export function encode(value: unknown, callbacks: Callbacks): string {
  if (isPlain(value)) return JSON.stringify(value)
  return (
    JSON.stringify(value, function (this: Record<string, unknown>, key, seen: unknown) {
      // `seen` is what toJSON made of it, and a secret's toJSON hides it.
      const original = this[key]
      if (original instanceof Secret) return reveal(original, callbacks)
      if (original instanceof Date && seen === null) throw bad(key, 'is a date that is none')
      if (typeof seen === 'bigint') throw bad(key, 'is a bigint: give it as text')
      if (typeof seen === 'function' || typeof seen === 'symbol') throw bad(key, `is a ${typeof seen}`)
      if (typeof seen === 'number' && !Number.isFinite(seen)) throw bad(key, `is ${seen}`)
      if (typeof seen === 'number' && Number.isInteger(seen) && !Number.isSafeInteger(seen))
        throw bad(key, 'is beyond 2^53, where numbers lose digits: give it as text')
      return seen
    }) ?? 'null'
  )
}

/** Whether it is an object of texts, switches and safe integers, as most are: then there is nothing to look for in it. */
function isPlain(value: unknown): boolean {
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) return false
  for (const part of Object.values(value)) {
    const kind = typeof part
    if (kind !== 'string' && kind !== 'boolean' && kind !== 'undefined' && part !== null && !Number.isSafeInteger(part))
      return false
  }
  return true
}

function bad(key: string, why: string) {
  return refused('validation', `${key || 'the argument'} ${why}`, { field: key })
}
