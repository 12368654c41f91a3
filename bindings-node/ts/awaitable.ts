// How native results become promises. Each environment (the main thread, a worker) has its own copy of this module, and so
// its own loop.

import { type NativeLoop, native } from './native'

type Settle = (text: string | null) => void

const pending = new Map<number, Settle>()
let loop: NativeLoop | undefined
let last = 0

/** @internal The loop of this environment. */
export function environment(): NativeLoop {
  loop ??= new (native().Loop)(settle)
  return loop
}

/** Settles everything that has completed since the last wake-up. */
function settle(): void {
  const drained = environment().drain()
  for (let at = 0; at < drained.length; at += 2) {
    const ticket = drained[at] as number
    const done = pending.get(ticket)
    if (done === undefined) continue
    release(ticket)
    done(drained[at + 1] as string | null)
  }
}

function release(ticket: number): void {
  // What is pending keeps the process alive, as a fetch does; what is idle does not.
  if (pending.delete(ticket) && pending.size === 0) environment().hold(false)
}

/**
 * @internal Starts native work under a fresh ticket and gives its text, or null when the work was cancelled. `start` returns
 * a text at once when it is there, or when the work cannot be started; then so does this.
 */
export function awaitable(start: (ticket: number) => string | null): string | Promise<string | null> {
  do last = (last + 1) >>> 0
  while (pending.has(last))
  const ticket = last
  // Whatever completes comes out of the loop, in a later turn of it: there is time to register.
  const text = start(ticket)
  if (text != null) return text
  return new Promise((resolve) => {
    if (pending.size === 0) environment().hold(true)
    pending.set(ticket, resolve)
  })
}
