// What goes in: plain data as JSON text.

import { refused } from './errors'
import { type Callbacks, reveal, Secret } from './secret'

/**
 * @internal Writes `value` as JSON text for the core. `undefined` is left out (not sent), `null` stays (none); a secret is put
 * in, and its function, if it has one, into `callbacks`. A `Date` becomes RFC 3339 text. What JSON cannot hold is refused,
 * naming the key.
 */
export function encode(value: unknown, callbacks: Callbacks): string {
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

function bad(key: string, why: string) {
  return refused('validation', `${key || 'the argument'} ${why}`, { field: key })
}
