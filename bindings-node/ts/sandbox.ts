// The sandbox: a local server that plays the vendors' systems.

/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util'
import { awaitable, environment } from './awaitable'
import { envelopeFailure, opened } from './call'
import { encode } from './encode'
import { type NativeSandbox, native } from './native'
import { type Names, rename } from './options'
import { remote } from './remote'

/** Options of a sandbox. */
export interface SandboxOptions {
  /** The machine's time (default), or a time of its own that jumps ahead whenever everybody waits. */
  clock?: 'real' | 'virtual' | undefined
  /** TCP port on 127.0.0.1; 0, the default, takes any free one. */
  port?: number | undefined
  /** Whose words Magento BI speaks: the vendor's example `client` (default), or its `document`. */
  vocabulary?: 'client' | 'document' | undefined
  /** How long each asynchronous job takes, in milliseconds of the sandbox's clock; default 1,000. */
  waitMs?: number | undefined
  /** How much later than its reply a created thing can be seen, in milliseconds; default 0. */
  commitDelayMs?: number | undefined
}

/** The arguments of `magentoBi.Client`. */
export interface MagentoBiConnection {
  base_url: string
  dashboard_url: string
  username: string
  password: string
  oauth_client_id: number
  client_secret: string
}

/** The arguments of `cloudblue.Client`. */
export interface CloudBlueConnection {
  base_url: string
  api_key: string
}

/** The arguments of `maestrano.Marketplaces.fetch`. */
export interface MaestranoConnection {
  base_url: string
  api_key: string
  api_secret: string
}

/** A call that Maestrano makes to the app. */
export interface WebhookOrder {
  /** What is told. */
  type:
    | 'group_deleted'
    | 'group_user_removed'
    | 'connec_notification'
    | 'synchronization_start'
    | 'synchronization_toggle'
    | 'synchronization_status'
  /** Default `maestrano`. */
  marketplace?: string | undefined
  /** Default `cld-4`. */
  group_id?: string | undefined
  /** Default `usr-1`. */
  user_id?: string | undefined
  /** The body of a notification; default: the group's first organizations. */
  entities?: Record<string, unknown> | undefined
  /** Of a synchronization's start. */
  opts?: Record<string, unknown> | undefined
  /** The app's URL, on this machine; default: the behaviour's `app_host`. */
  to?: string | undefined
  /** False: wrong ones. */
  credentials?: boolean | undefined
  /** More than 1, the default: duplicates. */
  times?: number | undefined
}

/** What the app answered. */
export interface WebhookReply {
  status: number
  /** JSON, or else text. */
  body: unknown
}

/** A rule that spoils replies; its keys are documented with the sandbox, and an unknown one is refused by name. */
export type FaultRule = Record<string, unknown>

/** Which requests to make. */
export interface GenerateOrder {
  /** How many. */
  requests: number
  /** The same seed makes the same requests; default 1. */
  seed?: number | undefined
  /** The product that all are about; default: several. */
  product_id?: string | undefined
  /** The status that all have; default: a realistic mix. */
  status?: string | undefined
  /** The type that all have; default: a realistic mix. */
  type?: string | undefined
  /** How many assets they are about. */
  assets?: number | undefined
  /** Milliseconds between the first and the last; 0: all at the same instant. */
  created_spread_ms?: number | undefined
  /** Forgets all requests before it; default false. */
  clear?: boolean | undefined
}

/** What arrived. It holds no secret. */
export interface JournalEntry {
  seq: number
  /** Milliseconds of the sandbox's clock. */
  at_ms: number
  operation: string | null
  method: string
  path: string
  /** Null when no reply was sent. */
  status: number | null
  [name: string]: unknown
}

interface Line {
  url: string
  /** Absent: real. */
  clock?: 'virtual'
  magento_bi: MagentoBiConnection
  cloudblue: CloudBlueConnection
  maestrano: MaestranoConnection
}

/** How a sandbox is controlled: in this process, or over HTTP. @internal */
export type Control = (verb: string, argument: unknown) => Promise<unknown>

const OPTIONS: Names = {
  clock: 'clock',
  port: 'port',
  vocabulary: 'vocabulary',
  waitMs: 'wait_ms',
  commitDelayMs: 'commit_delay_ms',
}

/**
 * A running sandbox: no account, no network, the same replies. It holds no process back.
 *
 * With the virtual clock, a client of this process that sleeps moves it on, so that waiting half an hour takes a moment.
 *
 * @example
 * await using sandbox = await Sandbox.start()
 * const bi = new magentoBi.Client(sandbox.magentoBi)
 */
export class Sandbox implements AsyncDisposable {
  readonly #line: Line
  readonly #control: Control

  private constructor(line: Line, control: Control) {
    this.#line = line
    this.#control = control
  }

  /**
   * Starts a sandbox in this process, on 127.0.0.1.
   *
   * @throws {@link ConfigError} that names an unknown option, or a port that is taken.
   */
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const settings = encode(rename(options, OPTIONS, []), new Map())
    const started = native().startSandbox(environment(), settings)
    if (typeof started === 'string') throw envelopeFailure(started)
    return new Sandbox(JSON.parse(started.line()) as Line, local(started))
  }

  /** The sandbox of another process, from the line that it printed; it is controlled over HTTP, and `close` leaves it running. */
  static fromLine(line: string): Sandbox {
    const read = JSON.parse(line) as Line
    return new Sandbox(read, remote(read.url))
  }

  /** `http://127.0.0.1:PORT`. */
  get url(): string {
    return this.#line.url
  }

  /** Which clock it lives by. */
  get clock(): 'real' | 'virtual' {
    return this.#line.clock ?? 'real'
  }

  /** The arguments of `magentoBi.Client`, with the secrets. */
  get magentoBi(): MagentoBiConnection {
    return { ...this.#line.magento_bi }
  }

  /** The arguments of `cloudblue.Client`, with the secret. */
  get cloudblue(): CloudBlueConnection {
    return { ...this.#line.cloudblue }
  }

  /** The arguments of `maestrano.Marketplaces.fetch`, with the secret. */
  get maestrano(): MaestranoConnection {
    return { ...this.#line.maestrano }
  }

  /** JSON text for {@link Sandbox.fromLine} in another process, with the secrets. */
  get line(): string {
    return JSON.stringify(this.#line)
  }

  /** Adds one rule, or several, that spoil replies. */
  async fault(rule: FaultRule | FaultRule[]): Promise<void> {
    await this.#control('fault', rule)
  }

  /** Takes all fault rules out. */
  async clearFaults(): Promise<void> {
    await this.#control('clear_faults', null)
  }

  /** Moves the virtual clock on by `ms` milliseconds; sleepers on the way wake in order. */
  async advance(ms: number): Promise<void> {
    await this.#control('advance', ms)
  }

  /** What has arrived since the start or the last reset, in the order of arrival. */
  async journal(): Promise<JournalEntry[]> {
    return (await this.#control('journal', null)) as JournalEntry[]
  }

  /** What the systems hold now. */
  async state(): Promise<Record<string, Record<string, unknown>>> {
    return (await this.#control('state', null)) as Record<string, Record<string, unknown>>
  }

  /** Forgets state, tokens, outcomes, faults and journal. Credentials and clock stay. */
  async reset(): Promise<void> {
    await this.#control('reset', null)
  }

  /** Makes every access token of Magento BI issued so far useless. */
  async expireTokens(): Promise<void> {
    await this.#control('magento_bi/expire_tokens', null)
  }

  /** Sets what jobs of Magento BI that are made from now on end as, e.g. `{ signup: 'failed' }`. */
  async outcome(outcome: Record<string, unknown>): Promise<void> {
    await this.#control('magento_bi/outcome', outcome)
  }

  /** Puts a client with connections and finished jobs into Magento BI, and gives their ids. */
  async seed(seed: Record<string, unknown>): Promise<unknown> {
    return await this.#control('magento_bi/seed', seed)
  }

  /**
   * Makes requests and their assets in CloudBlue Connect, the same for the same seed, and tells how many it made, e.g.
   * `{ requests: 1000, product_id: 'PRD-1', status: 'pending' }`. Its keys are documented with the sandbox, and an unknown
   * one is refused by name.
   */
  async generate(order: GenerateOrder): Promise<{ requests: number; assets: number }> {
    return (await this.#control('cloudblue/generate', order)) as { requests: number; assets: number }
  }

  /** Changes how CloudBlue Connect behaves, e.g. `{ pend_reply: 'empty' }`, and gives all that is set. */
  async behave(knobs: Record<string, unknown>): Promise<Record<string, unknown>> {
    return (await this.#control('cloudblue/behaviour', knobs)) as Record<string, unknown>
  }

  /** Changes how Maestrano behaves, e.g. `{ app_host: 'http://127.0.0.1:3000' }`, and gives all that is set. */
  async behaveMaestrano(knobs: Record<string, unknown>): Promise<Record<string, unknown>> {
    return (await this.#control('maestrano/behaviour', knobs)) as Record<string, unknown>
  }

  /**
   * Calls the app as Maestrano does, and gives its replies. Unless the credentials are wrong, what is told becomes so: the
   * group has ended, the user has left it.
   *
   * @throws {@link APIConnectionError} when the app does not answer.
   */
  async webhook(order: WebhookOrder): Promise<WebhookReply[]> {
    return (await this.#control('maestrano/webhooks', order)) as WebhookReply[]
  }

  /** Ends all connections and frees the port. May be called again. */
  async close(): Promise<void> {
    await this.#control('close', null)
  }

  /** The same as {@link Sandbox.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Where it is, without the secrets. */
  toJSON(): Record<string, unknown> {
    return { url: this.url, clock: this.clock }
  }

  /** @internal */
  [inspect.custom](): string {
    return `Sandbox(${this.url}, ${this.clock} clock)`
  }
}

function local(sandbox: NativeSandbox): Control {
  return async (verb, argument) => {
    const text = encode(argument, new Map())
    const envelope = await awaitable((ticket) => sandbox.control(verb, text, ticket))
    return opened(envelope ?? '{"error":{"code":"internal","message":"the sandbox did not answer"}}')
  }
}
