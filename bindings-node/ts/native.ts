// The native module: what it offers, and where it is.

import target = require('../bin/target.cjs')

/** @internal */
export interface NativeLoop {
  /** Tickets and texts in turn; null for a text when the work was cancelled. */
  drain(): (number | string | null)[]
  hold(on: boolean): void
}

/** @internal Texts that are returned at once are envelopes of errors. */
export interface NativeCall {
  next(ticket: number): string | null
  reply(id: number, text: string): string | null
  cancel(): void
}

/** @internal */
export interface NativeFlow {
  advance(events: boolean): NativeCall | string
  answer(answer: string): string | null
  stop(): void
  status(): string | null
  close(): void
}

/** @internal A page: one byte for each character of its text, and where its fields lie. */
export interface Brought {
  text: string
  words: Uint32Array
}

/** @internal */
export interface NativeFleet {
  advance(given: string): NativeCall | string
  answer(key: string, answer: string): string | null
  stop(): void
  status(): string | null
  close(): void
}

/** @internal */
export interface NativePages {
  next(): NativeCall | string
  take(): Brought | null
  close(): void
}

/** @internal Columns that pages are read into. */
export interface NativeColumns {
  next(pages: NativePages): NativeCall | string
  finish(): Uint8Array
}

/** @internal */
export interface NativeWorker {
  begin(run: string): string | null
  next(events: boolean): NativeCall
  act(job: number, outcome: string, events: boolean): NativeCall
  stop(): void
  report(): string
}

/** @internal */
export interface NativeClient {
  call(operation: string, args: string, options: string, events: boolean): NativeCall
  list(operation: string, args: string, options: string, events: boolean): NativePages | string
  count(operation: string, args: string, options: string, events: boolean): NativeCall
  worker(options: string): NativeWorker | string
  flow(kind: string, spec: string, options: string): NativeFlow | string
  fleet(kind: string, options: string, events: boolean): NativeFleet | string
  marketplace(name: string, options: string): NativeClient | string
  local(operation: string, args: string): string
}

/** @internal */
export interface NativeSandbox {
  line(): string
  control(verb: string, argument: string, ticket: number): string | null
}

/** @internal */
export interface Native {
  Loop: new (wake: () => void) => NativeLoop
  openClient(loop: NativeLoop, system: string, config: string, baseUrl: string | null): NativeClient | string
  startSandbox(loop: NativeLoop, options: string): NativeSandbox | string
  spec(kind: string, text: string): string
  columns(system: string, model: string, paths: readonly string[]): NativeColumns | string
}

let loaded: Native | undefined

/** @internal The native module, loaded when it is first needed: importing the package stays cheap. */
export function native(): Native {
  loaded ??= load()
  return loaded
}

function load(): Native {
  const path = target.binary()
  try {
    return require(path) as Native
  } catch (cause) {
    const message =
      `tenantry's native binary for ${target.triple()} is missing or does not load (${path}). ` +
      'Run `npx tenantry` where the package is installed (it needs Rust 1.89 or newer), or `npm run build` in a checkout'
    throw Object.assign(new Error(message, { cause }), { code: 'ERR_NATIVE_MISSING' })
  }
}
