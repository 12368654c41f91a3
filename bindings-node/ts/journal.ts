// Stores of the caller's own: what was sent, and what was used.

import { resolve } from 'node:path'
import { refused } from './errors'

/**
 * Remembers what was sent, one text a key, so that a crash between sending and remembering bills nobody twice. Both functions may
 * be `async`. A path in its place keeps all in one file; several processes may share that.
 *
 * Two processes that share a store may create under one reference at the same time only if it lets one after the other load and
 * save; a file does.
 */
export interface Journal {
  /** The text kept under `key`, or nothing. */
  load(key: string): string | null | undefined | Promise<string | null | undefined>
  /** Keeps `text` under `key`; done when it is durable. If it fails, nothing is sent. */
  save(key: string, text: string): unknown
}

/** Remembers what was used, so that nothing is used twice. */
export interface ReplayStore {
  /**
   * Whether `key` is claimed for the first time. It must decide and remember in one step, and may forget the key after `until`.
   * With Redis: `SET key 1 NX PXAT until`.
   */
  claim(key: string, until: Date): boolean | Promise<boolean>
}

/** @internal By the names that they crossed under. */
export type Stores = Map<string, Journal | ReplayStore>

/** @internal What crosses to the core in place of a journal: a path, or the name that it has in `stores`. */
export function crossingJournal(journal: unknown, stores: Stores): unknown {
  if (journal === undefined || journal === null) return journal
  // A relative path means the same file even if the process changes its directory.
  if (typeof journal === 'string') return resolve(journal)
  if (has(journal, 'load') && has(journal, 'save')) return named(journal as unknown as Journal, stores)
  throw refused('validation', 'journal must be a path, or an object with load and save', { field: 'journal' })
}

/** @internal What crosses to the core in place of a replay store. */
export function crossingReplays(store: unknown, stores: Stores): unknown {
  if (store === undefined || store === null) return store
  if (has(store, 'claim')) return named(store as unknown as ReplayStore, stores)
  throw refused('validation', 'replayStore must be an object with claim', { field: 'replayStore' })
}

function has(value: unknown, method: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[method] === 'function'
}

function named(store: Journal | ReplayStore, stores: Stores): { store: string } {
  const name = `store-${stores.size + 1}`
  stores.set(name, store)
  return { store: name }
}
