// What changed: the vendor tells nobody, so it is read again and again.

import { refused } from './errors'
import type { Bill, Group, Id, RecurringBill, User } from './generated/maestrano'
import { RecurringBills as Generated } from './generated/maestrano'
import { type CallOptions, CONNECTION, type Names, rename } from './options'
import type { System } from './system'

/** How long, and how often it is looked. */
export interface WatchOptions extends CallOptions {
  /** Milliseconds between two looks; default: 30,000, growing to 300,000. */
  intervalMs?: number | undefined
  /** Milliseconds that one step waits at most; default: no limit. Giving up throws a `WaitTimeoutError`. */
  maxWaitMs?: number | undefined
}

/** Where a reader of changes begins: at an instant, or where another one stood. */
export type ChangesOptions = WatchOptions &
  (
    | {
        /** The instant to begin at, with an offset. */
        since: string | Date
        cursor?: undefined
      }
    | {
        since?: undefined
        /** What {@link Changes.cursor} was. */
        cursor: string
      }
  )

/** What changes are of, by the resource. */
export interface Changed {
  groups: Group
  users: User
  bills: Bill
  recurring_bills: RecurringBill
}

/** @internal */
export const WATCH: Names = { intervalMs: 'interval_ms', maxWaitMs: 'max_wait_ms' }

/** The options of the calls, and those of the watching; `own` are the caller's. */
function split(options: object, own: readonly string[]): { settings: Record<string, unknown>; call: CallOptions } {
  const calls = [...Object.keys(CONNECTION), 'onEvent', 'signal']
  const given = Object.entries(options)
  return {
    settings: rename(options, WATCH, [...own, ...calls]),
    call: Object.fromEntries(given.filter(([name]) => calls.includes(name))) as CallOptions,
  }
}

/**
 * What changed, the oldest change first; each step waits until there is something. It has no end of its own: leave the loop, or
 * abort its signal. Another loop goes on where the last one was left.
 */
export class Changes<T> implements AsyncIterable<T> {
  readonly #client: System
  readonly #resource: string
  readonly #settings: Record<string, unknown>
  readonly #call: CallOptions
  #cursor: unknown
  #left: T[] = []
  #after: unknown

  /** @internal */
  constructor(client: System, resource: string, options: ChangesOptions) {
    const { settings, call } = split(options, ['since', 'cursor'])
    this.#client = client
    this.#resource = resource
    this.#settings = settings
    this.#call = call
    this.#cursor = begun(options)
  }

  /**
   * Where it stands, as JSON text to keep: `changes(resource, { cursor })` goes on from there, in this process or another one.
   *
   * It moves on when all that one look found is handed out: keep it when that is dealt with. Going on from it, no change is left
   * out, and some may come again. It holds no secret.
   */
  get cursor(): string {
    return JSON.stringify(this.#cursor)
  }

  /** @throws {@link WaitTimeoutError} when nothing changed within `maxWaitMs`; an aborted signal's reason. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, never, undefined> {
    for (;;) {
      while (this.#left.length > 0) {
        const item = this.#left.shift() as T
        if (this.#left.length === 0) this.#cursor = this.#after
        yield item
      }
      const asked = { resource: this.#resource, cursor: this.#cursor, ...this.#settings }
      const found = await this.#client.invoke<{ items: T[]; cursor: unknown }>(
        'maestrano.changes.next',
        asked,
        this.#call,
      )
      this.#client.hide(`maestrano.${this.#resource}.list`, found.items)
      this.#left = found.items
      this.#after = found.cursor
    }
  }

  /** What it reads; it sends nothing. */
  toJSON(): Record<string, unknown> {
    return { resource: this.#resource, cursor: this.cursor }
  }
}

function begun({ since, cursor }: ChangesOptions): unknown {
  if ((since === undefined) === (cursor === undefined))
    throw refused('validation', 'changes need either since, an instant, or a cursor that was kept', { field: 'since' })
  if (cursor === undefined) return { since }
  try {
    const kept: unknown = JSON.parse(cursor)
    if (typeof kept === 'object' && kept !== null) return kept
  } catch {
    // The same refusal as of other text.
  }
  throw refused('validation', 'cursor is not what a reader of changes gave', { field: 'cursor' })
}

/** Recurring bills: what a group is charged again and again. */
export class RecurringBills extends Generated {
  readonly #client: System

  /** @internal */
  constructor(client: System) {
    super(client)
    this.#client = client
  }

  /**
   * Watches a recurring bill: it comes at once, and again when it changed, until it is cancelled or has expired.
   *
   * The vendor tells nobody when a bill changes: it is read again and again. Nothing is read before the first step.
   *
   * @param id - The id.
   * @param options - How often it is looked, and options of the calls.
   * @throws By a step: {@link WaitTimeoutError}, after which it can be watched again; {@link NotFoundError}; an aborted signal's reason.
   */
  watch(id: Id, options: WatchOptions = {}): AsyncGenerator<RecurringBill, void, undefined> {
    // What is wrong with the options is said here, not at the first step.
    const { settings, call } = split(options, [])
    return watched(this.#client, id, settings, call)
  }
}

interface Seen {
  bill: RecurringBill
  seen: unknown
  ended: boolean
}

async function* watched(client: System, id: Id, settings: object, call: CallOptions) {
  let seen: unknown = null
  for (;;) {
    const next: Seen = await client.invoke('maestrano.recurring_bills.watch', { id, seen, ...settings }, call)
    seen = next.seen
    yield next.bill
    if (next.ended) return
  }
}
