// A call as its caller drives it: messages out, replies in, the envelope last.

import { onAbort } from './abort'
import { awaitable } from './awaitable'
import { failure, type Report } from './errors'
import { camel, type Event, tell } from './event'
import { parse } from './exact'
import type { Journal, ReplayStore, Stores } from './journal'
import type { NativeCall } from './native'
import type { Callbacks } from './secret'

/** @internal Where a flow's checkpoint is kept, if not in a file. */
export interface Keeper {
  load(): unknown
  save(checkpoint: string): unknown
}

/** @internal What a call may need of its caller. */
export interface Caller {
  callbacks: Callbacks
  onEvent?: ((event: Event) => unknown) | undefined
  store?: Keeper | undefined
  /** Journals and replay stores, by the names that they crossed under. */
  stores?: Stores | undefined
  /** Any of them ends the call at once. */
  signals: readonly AbortSignal[]
}

interface Ask {
  id: number
  kind: string
  data: unknown
}

interface Message {
  event?: object
  ask?: Ask
  ok?: unknown
  error?: Report
}

/** @internal The `ok` of a call's envelope, or its error thrown. `begin` makes the call, unless a signal is aborted already. */
export async function drive(begin: () => NativeCall, caller: Caller): Promise<unknown> {
  for (const signal of caller.signals) signal.throwIfAborted()
  const call = begin()
  let aborted: AbortSignal | undefined
  let stop: (() => void) | undefined
  const unlisten = onAbort(caller.signals, (signal) => {
    aborted ??= signal
    call.cancel()
    stop?.()
  })
  let thrown: unknown
  let over = false
  try {
    for (;;) {
      const text = await awaitable((ticket) => call.next(ticket))
      // The envelope counts even when the signal came after it: what is done is done.
      if (text === null) throw aborted?.reason ?? lost()
      const message = parse(text) as Message
      if (aborted !== undefined && !('ok' in message || 'error' in message)) throw aborted.reason
      if (message.event !== undefined) {
        if (caller.onEvent !== undefined) tell(caller.onEvent, camel(message.event) as unknown as Event)
      } else if (message.ask !== undefined) {
        const { id } = message.ask
        const stopped = new Promise<void>((resolve) => {
          stop = resolve
        })
        const reply = await Promise.race([answer(message.ask, caller), stopped])
        if (reply === undefined) throw aborted?.reason ?? lost()
        if ('thrown' in reply) thrown = reply.thrown
        // A page that is fetched ahead may have given up meanwhile; the envelope tells.
        call.reply(id, reply.text)
      } else {
        // It holds nothing any more.
        over = true
        if (message.error !== undefined) throw failure(message.error, thrown)
        return message.ok
      }
    }
  } finally {
    unlisten()
    // What the call still holds is let go now, not when it is collected.
    if (!over) call.cancel()
  }
}

/** Finds the answer to a question of the core in the caller's own code. */
async function answer(ask: Ask, caller: Caller): Promise<{ text: string; thrown?: unknown }> {
  try {
    return { text: JSON.stringify({ ok: (await found(ask, caller)) ?? null }) }
  } catch (thrown) {
    // The message may say anything, but it was written by the caller's own code; the object becomes the error's cause.
    return { text: JSON.stringify({ error: thrown instanceof Error ? thrown.message : String(thrown) }), thrown }
  }
}

async function found(ask: Ask, { callbacks, store, stores }: Caller): Promise<unknown> {
  const named = stores?.get(String((ask.data as { store?: string } | null)?.store))
  if (named !== undefined) return await answered(named, ask)
  if (ask.kind === 'secret') {
    const callback = callbacks.get(String(ask.data))
    if (callback === undefined) throw new Error(`nobody knows the callback ${String(ask.data)}`)
    return await callback()
  }
  if (ask.kind === 'load' && store !== undefined) return await store.load()
  if (ask.kind === 'save' && store !== undefined) {
    await store.save((ask.data as { checkpoint: string }).checkpoint)
    return null
  }
  throw new Error(`this caller does not answer ${ask.kind}`)
}

/** What a store of the caller's says to a question about one of its keys. */
async function answered(store: Journal | ReplayStore, { kind, data }: Ask): Promise<unknown> {
  const { key, checkpoint, until_ms } = data as { key: string; checkpoint: string; until_ms: number }
  if (kind === 'load' && 'load' in store) return await store.load(key)
  if (kind === 'save' && 'save' in store) {
    await store.save(key, checkpoint)
    return null
  }
  if (kind === 'claim' && 'claim' in store) return await store.claim(key, new Date(until_ms))
  throw new Error(`this store does not answer ${kind}`)
}

function lost() {
  return failure({ code: 'internal', message: 'a call ended without its envelope', hint: 'please report it' })
}

/** @internal The error in an envelope that crossed as text. */
export function envelopeFailure(text: string) {
  return failure((JSON.parse(text) as { error: Report }).error)
}

/** @internal The `ok` in an envelope that crossed as text, or its error thrown. */
export function opened(text: string): unknown {
  const { ok, error } = parse(text) as Message
  if (error !== undefined) throw failure(error)
  return ok
}
