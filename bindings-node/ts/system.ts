// What every system's client is made of.

/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util'
import { environment } from './awaitable'
import { type Caller, drive, envelopeFailure, opened } from './call'
import { encode } from './encode'
import { refused } from './errors'
import type { Event } from './event'
import { type Hidden, hide } from './hidden'
import type { Stores } from './journal'
import { type NativeClient, type NativeFleet, type NativeFlow, type NativeWorker, native } from './native'
import { type CallOptions, CONNECTION, type Names, rename } from './options'
import { Pager, pageArguments } from './pager'
import { Query } from './query'
import type { Callbacks } from './secret'
import type { Shape } from './shape'

/** A request by method and path, for what a client has no method for. */
export interface RequestOptions extends CallOptions {
  /** The query, by name, or as the text that a query language wants. Not together with `json`. */
  query?: Readonly<Record<string, string>> | string | Query | undefined
  /** The body. */
  json?: unknown
  /** Of Magento BI: sends it to the dashboard's host, with its cookies; default false. */
  dashboard?: boolean | undefined
}

const OWN = ['onEvent', 'signal'] as const

/** @internal A client that another one made. It ends with that one. */
export class Made {
  constructor(
    readonly client: NativeClient,
    readonly callbacks: Callbacks,
    readonly onEvent: ((event: Event) => unknown) | undefined,
    readonly shown: Record<string, unknown>,
    readonly ends: readonly AbortSignal[],
  ) {}
}

/** @internal What a flow takes from its client. */
export interface Opened {
  flow: NativeFlow
  callbacks: Callbacks
  onEvent: ((event: Event) => unknown) | undefined
}

/** The part of a client that is the same for all systems. */
export abstract class System implements AsyncDisposable {
  readonly #system: string
  readonly #native: NativeClient
  readonly #callbacks: Callbacks = new Map()
  readonly #onEvent: ((event: Event) => unknown) | undefined
  readonly #closed = new AbortController()
  /** Any of them ends its calls. */
  readonly #ends: readonly AbortSignal[]
  readonly #hidden: Hidden
  readonly #shown: Record<string, unknown>

  /** @internal */
  protected constructor(system: string, hidden: Hidden, settings: Names, secret: readonly string[], options: object) {
    this.#system = system
    this.#hidden = hidden
    if (options instanceof Made) {
      this.#native = options.client
      this.#callbacks = options.callbacks
      this.#onEvent = options.onEvent
      this.#shown = options.shown
      this.#ends = [this.#closed.signal, ...options.ends]
      return
    }
    const own = ['onEvent', ...Object.keys(settings)]
    const { onEvent } = options as CallOptions
    const connection = rename(options, CONNECTION, own)
    const config: Record<string, unknown> = { options: connection }
    const shown: Record<string, unknown> = {}
    for (const [outside, inside] of Object.entries(settings)) {
      const value = (options as Record<string, unknown>)[outside]
      if (value === undefined) continue
      config[inside] = value
      if (!secret.includes(outside)) shown[outside] = value
    }
    const base = typeof config.base_url === 'string' ? config.base_url : null
    const made = native().openClient(environment(), system, encode(config, this.#callbacks), base)
    if (typeof made === 'string') throw envelopeFailure(made)
    this.#native = made
    this.#onEvent = onEvent
    this.#shown = shown
    this.#ends = [this.#closed.signal]
  }

  /** @internal Carries an operation out. */
  async invoke<T>(operation: string, args: object, options: CallOptions = {}, stores?: Stores): Promise<T> {
    const { caller, settings } = this.#prepare(options)
    caller.stores = stores
    const text = encode(args, caller.callbacks)
    const begin = () => this.#native.call(operation, text, settings, caller.onEvent !== undefined)
    return this.hide(operation, await drive(begin, caller)) as T
  }

  /** @internal Answers without a request. */
  local<T>(operation: string, args: object = {}): T {
    for (const signal of this.#ends) signal.throwIfAborted()
    const callbacks: Callbacks = new Map()
    const text = encode(args, callbacks)
    if (callbacks.size > 0)
      throw refused('config', 'a Secret.callback cannot be asked here: give the text, env or file', { operation })
    return this.hide(operation, opened(this.#native.local(operation, text))) as T
  }

  /** @internal The client of a marketplace of this set, with connection options over the set's. */
  marketplace(name: string, options: CallOptions): Made {
    for (const signal of this.#ends) signal.throwIfAborted()
    const given = rename(options, CONNECTION, ['onEvent'])
    const settings = Object.keys(given).length === 0 ? '' : encode(given, new Map())
    const client = this.#native.marketplace(name, settings)
    if (typeof client === 'string') throw envelopeFailure(client)
    return new Made(client, this.#callbacks, options.onEvent ?? this.#onEvent, { marketplace: name }, this.#ends)
  }

  /** @internal A list: its arguments are checked now, and nothing is sent before its first row is asked for. */
  pager<T>(
    operation: string,
    shape: Shape,
    ids: readonly unknown[],
    args: object,
    options: CallOptions = {},
  ): Pager<T> {
    this.#closed.signal.throwIfAborted()
    const { caller, settings } = this.#prepare(options)
    const events = caller.onEvent !== undefined
    return new Pager<T>({
      operation,
      args: pageArguments(ids, args),
      caller,
      open: (given) => {
        const pages = this.#native.list(operation, encode(given, caller.callbacks), settings, events)
        if (typeof pages === 'string') throw envelopeFailure(pages)
        return pages
      },
      count: (given) => this.#native.count(operation, encode(given, caller.callbacks), settings, events),
      shape,
      hidden: this.#hidden[operation],
    })
  }

  /** @internal Prepares a worker. */
  openWorker(settings: Record<string, unknown>, options: CallOptions): { worker: NativeWorker; caller: Caller } {
    this.#closed.signal.throwIfAborted()
    const { caller } = this.#prepare(options)
    const all = { ...settings, options: rename(options, CONNECTION, OWN) }
    const worker = this.#native.worker(encode(all, caller.callbacks))
    if (typeof worker === 'string') throw envelopeFailure(worker)
    return { worker, caller }
  }

  /** What a call needs of its caller, and its connection options as the core reads them. */
  #prepare(options: CallOptions): { caller: Caller; settings: string } {
    const callbacks: Callbacks = new Map(this.#callbacks)
    const given = rename(options, CONNECTION, OWN)
    const settings = Object.keys(given).length === 0 ? '' : encode(given, callbacks)
    const onEvent = options.onEvent ?? this.#onEvent
    const signals = options.signal === undefined ? this.#ends : [options.signal, ...this.#ends]
    return { caller: { callbacks, onEvent, signals }, settings }
  }

  /** @internal Puts the secrets of a reply out of sight. */
  hide(operation: string, reply: unknown): unknown {
    return hide(reply, this.#hidden[operation])
  }

  /** @internal Prepares a flow. */
  openFlow(kind: string, spec: object, options: object): Opened {
    this.#closed.signal.throwIfAborted()
    const callbacks: Callbacks = new Map(this.#callbacks)
    const flow = this.#native.flow(kind, encode(spec, callbacks), encode(options, callbacks))
    if (typeof flow === 'string') throw envelopeFailure(flow)
    return { flow, callbacks, onEvent: this.#onEvent }
  }

  /** @internal Prepares a fleet of flows. */
  openFleet(kind: string, settings: object, options: CallOptions): { native: NativeFleet; caller: Caller } {
    this.#closed.signal.throwIfAborted()
    const { caller } = this.#prepare(options)
    const fleet = this.#native.fleet(kind, encode(settings, caller.callbacks), caller.onEvent !== undefined)
    if (typeof fleet === 'string') throw envelopeFailure(fleet)
    return { native: fleet, caller }
  }

  /** @internal Aborted when the client is closed. */
  get closing(): AbortSignal {
    return this.#closed.signal
  }

  /**
   * Sends a request that the client has no method for, with the client's credentials; the way out. A POST or PATCH is never
   * repeated while its fate is unknown.
   *
   * @param method - `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
   * @param path - Begins with one `/` and holds no `?`, `#`, `%` or `\`.
   * @returns The reply as it is.
   */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<unknown> {
    const { query, json, dashboard, ...rest } = options
    const text = query instanceof Query ? query.toString() : query
    return await this.invoke(`${this.#system}.request`, { method, path, query: text, json, dashboard }, rest)
  }

  /**
   * Ends the calls under way at once, and refuses later ones with a `ConfigError`. A client that is not closed holds no process
   * back: only calls under way do.
   */
  async close(): Promise<void> {
    this.#closed.abort(refused('config', 'the client is closed', {}))
  }

  /** The same as {@link System.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** What it is connected to, without secrets. */
  toJSON(): Record<string, unknown> {
    return { system: this.#system, ...this.#shown }
  }

  /** @internal */
  [inspect.custom](_depth: number, options: object, show: typeof inspect): string {
    return `${this.#system}.Client ${show(this.#shown, options)}`
  }
}

/** A noun of a system, with its methods. */
export abstract class Resource {
  readonly #system: System

  /** @internal */
  constructor(system: System) {
    this.#system = system
  }

  /** @internal */
  protected async invoke<T>(operation: string, args: object, options?: CallOptions): Promise<T> {
    return await this.#system.invoke(operation, args, options)
  }

  /** @internal */
  protected pager<T>(
    operation: string,
    shape: Shape,
    ids: readonly unknown[],
    args: object,
    options?: CallOptions,
  ): Pager<T> {
    return this.#system.pager(operation, shape, ids, args, options)
  }
}
