// The worker: it works off the queue of requests, and every request ends as its handler chose, once.

import { inspect } from 'node:util'
import { type Caller, drive, envelopeFailure } from './call'
import { encode } from './encode'
import { refused } from './errors'
import { camel, tell } from './event'
import type { Request, RequestFilters } from './generated/cloudblue'
import { type HandedOut, type Hands, Job, type Lane } from './job'
import type { NativeWorker } from './native'
import type { CallOptions, Names } from './options'
import { type Decision, decision, type FulfillmentOutcome, shown } from './outcome'
import { splitFilters } from './pager'
import type { Query } from './query'
import { FulfillmentReport } from './report'
import type { System } from './system'

/** What a worker works on, and how. Every other key is a filter of the requests, e.g. `'asset.connection.type'`. */
export interface WorkerOptions extends RequestFilters {
  /** The products whose requests it handles; default all. */
  product_ids?: readonly string[] | undefined
  /** The types of requests that it handles; default all. */
  types?: readonly string[] | undefined
  /** A condition besides; not about `status`. */
  query?: Query | undefined
  /** The queues that it works off, in this order; default `pending` alone: a handler must know what waits in `revoking`. */
  lanes?: readonly Lane[] | undefined
  /** Milliseconds from the start of a cycle to the start of the next, spread by a tenth; default 180,000. */
  intervalMs?: number | undefined
  /** Allows an interval outside of 120,000 to 300,000 milliseconds, which the vendor recommends; default false. */
  anyInterval?: boolean | undefined
  /** Requests in hand at the same time; default 1. Those of one asset come one after the other, whatever it is. */
  concurrency?: number | undefined
  /** Rows of a page; default 100. */
  pageSize?: number | undefined
  /** Requests of a cycle at most; default: no limit. */
  maxPerCycle?: number | undefined
  /** The age in milliseconds at which what is known of a request is read again before it counts; default 10,000. */
  recheckAfterMs?: number | undefined
  /** Fields to leave out (`-template`), or to put in. */
  select?: string | readonly string[] | undefined
}

const OPTIONS: Names = {
  product_ids: 'product_ids',
  types: 'types',
  query: 'query',
  lanes: 'lanes',
  intervalMs: 'interval_ms',
  anyInterval: 'any_interval',
  concurrency: 'concurrency',
  pageSize: 'page_size',
  maxPerCycle: 'max_per_cycle',
  recheckAfterMs: 'recheck_after_ms',
  select: 'select',
}

/** What a handler is told besides the request. */
export interface JobContext {
  /** The queue the request waited in. */
  lane: Lane
  /** 1 for the first time; more after handling it failed. */
  attempt: number
  /** Aborted when the run ends at once, and nobody waits for the handler any more. */
  signal: AbortSignal
}

/**
 * Decides about a request: it returns an outcome, or a promise of one. Nothing, and what is no outcome, leaves the request as it
 * is; so does an error, and then the request comes again later.
 */
export type Handler = (
  request: Request,
  job: JobContext,
) => FulfillmentOutcome | null | undefined | void | Promise<FulfillmentOutcome | null | undefined> | Promise<void>

/** Something that happened in a run. It holds no value of a parameter. */
export interface FulfillmentEvent {
  /** What happened; `handler_failed` brings the error itself. */
  type:
    | 'cycle_started'
    | 'cycle_ended'
    | 'acted'
    | 'decided'
    | 'handler_returned_nothing'
    | 'handler_failed'
    | 'retry_later'
    | 'backing_off'
    | (string & {})
  /** The request's id, where it is about one. */
  request?: string
  /** Further facts, in camelCase. */
  [fact: string]: unknown
}

/** Options of a run as an iterator. */
export interface JobsOptions {
  /** Cycles until it ends by itself; default: until it is stopped. */
  maxCycles?: number | undefined
  /** Sends nothing, and prints what was decided; default false. */
  dryRun?: boolean | undefined
  /** Ends the run at once, the requests in hand too: what was sent stays sent. */
  signal?: AbortSignal | undefined
  /** Is told what happens. What it throws becomes a process warning and stops nothing. */
  onProgress?: ((event: FulfillmentEvent) => unknown) | undefined
}

/** Options of a run. */
export interface WorkOptions extends JobsOptions {
  /** Decides about each request; default: the worker's. */
  handler?: Handler | undefined
}

interface Turn {
  job?: HandedOut
  event?: Record<string, unknown>
  report?: object
}

/**
 * A worker that handles fulfillment requests: cycle by cycle it reads the queue, so that none is skipped while handled ones
 * leave it, and carries out what the handler decides. A decision whose reply was lost is settled by reading, never repeated on
 * a guess.
 *
 * @example
 * const worker = connect.fulfillmentWorker({ product_ids: ['PRD-1'] })
 * const report = await worker.handler(() => cloudblue.approve({ template_id: 'TL-1' })).runOnce()
 */
export class FulfillmentWorker {
  readonly #native: NativeWorker
  readonly #caller: Caller
  readonly #hide: (request: unknown) => unknown
  #handler: Handler | undefined
  #running = false

  /** @internal */
  constructor(client: System, options: WorkerOptions, callOptions: CallOptions = {}) {
    const settings = splitFilters(options, OPTIONS)
    const { worker, caller } = client.openWorker(settings, callOptions)
    this.#native = worker
    this.#caller = caller
    this.#hide = (request) => client.hide('cloudblue.requests.get', request)
  }

  /** Sets who decides about each request. */
  handler(handler: Handler): this {
    this.#handler = handler
    return this
  }

  /**
   * Works until it is stopped. The first Ctrl-C (SIGINT) finishes the requests in hand and prints the report; a second one ends the
   * process.
   *
   * @throws {@link AuthenticationError} and {@link PermissionDeniedError}, which end a run; an aborted signal's reason.
   */
  async run(options: WorkOptions = {}): Promise<FulfillmentReport> {
    const handler = options.handler ?? this.#handler
    if (typeof handler !== 'function') throw refused('config', 'the worker has no handler', { option: 'handler' })
    let interrupted = false
    const interrupt = () => {
      interrupted = true
      this.stop()
    }
    process.once('SIGINT', interrupt)
    try {
      await this.#work(handler, options)
    } finally {
      process.removeListener('SIGINT', interrupt)
      if (interrupted) process.stdout.write(`${this.report}\n`)
    }
    return this.report
  }

  /** One cycle, for cron jobs and tests; with `dryRun` it prints what was decided and sends nothing. */
  async runOnce(options: Omit<WorkOptions, 'maxCycles'> = {}): Promise<FulfillmentReport> {
    return await this.run({ ...options, maxCycles: 1 })
  }

  /**
   * The requests, one at a time, to be decided by their own methods: `for await (const job of worker.jobs()) await
   * job.approve(…)`. A job that nobody acted upon is left as it is when the next one is asked for. Leaving the loop ends the run.
   */
  async *jobs(options: JobsOptions = {}): AsyncGenerator<Job, void, undefined> {
    for await (const job of this.#jobs(options)) {
      yield job
      if (!job.acted) await job.decide({ nothing: {} })
    }
  }

  /** Hands out no more requests: the run ends when those in hand are acted upon. */
  stop(): void {
    this.#native.stop()
  }

  /** What the run did so far; after its end, all that it did. */
  get report(): FulfillmentReport {
    return new FulfillmentReport(JSON.parse(this.#native.report()) as object)
  }

  /** What the run did so far. */
  toJSON(): FulfillmentReport {
    return this.report
  }

  /** @internal */
  [inspect.custom](): string {
    return `FulfillmentWorker(${this.report})`
  }

  /** Hands every job to the handler, as many at the same time as the core hands out. */
  async #work(handler: Handler, options: WorkOptions): Promise<void> {
    const hands = new Set<Promise<void>>()
    const failed: unknown[] = []
    let warned = false
    const handle = async (job: Job) => {
      const made = await decided(handler, job)
      if ('thrown' in made) {
        const event = { type: 'handler_failed', request: job.request.id, error: made.thrown }
        if (options.onProgress !== undefined) tell(options.onProgress, event)
        else if (!warned) process.emitWarning(made.thrown instanceof Error ? made.thrown : String(made.thrown))
        warned = true
      }
      if (!job.over.aborted) await job.decide(made.decision)
    }
    for await (const job of this.#jobs(options)) {
      const hand = handle(job).catch((error: unknown) => {
        failed.push(error)
        this.stop()
      })
      hands.add(hand)
      void hand.then(() => hands.delete(hand))
    }
    await Promise.all(hands)
    if (failed.length > 0) throw failed[0]
  }

  /** A run: its jobs as the core hands them out. However it ends, nothing of it stays in hand. */
  async *#jobs(options: JobsOptions): AsyncGenerator<Job, void, undefined> {
    const { maxCycles, dryRun, signal, onProgress } = options
    const signals = signal === undefined ? this.#caller.signals : [signal, ...this.#caller.signals]
    for (const one of signals) one.throwIfAborted()
    if (this.#running) throw refused('validation', 'another run of this worker is under way', { option: 'run' })
    const refusal = this.#native.begin(JSON.stringify({ max_cycles: maxCycles ?? null, dry_run: dryRun ?? false }))
    if (refusal !== null) throw envelopeFailure(refusal)
    const over = new AbortController()
    const hands: Hands = {
      native: this.#native,
      caller: { ...this.#caller, signals },
      hide: this.#hide,
      over: over.signal,
    }
    const given = new Set<Job>()
    let ended = false
    this.#running = true
    try {
      for (;;) {
        const begin = () => this.#native.next(hands.caller.onEvent !== undefined)
        const turn = (await drive(begin, hands.caller)) as Turn
        if (turn.report !== undefined) {
          ended = true
          return
        }
        if (turn.event !== undefined) report(turn.event, dryRun === true, onProgress)
        if (turn.job === undefined) continue
        for (const job of given) if (job.acted) given.delete(job)
        const job = new Job(turn.job, hands)
        given.add(job)
        yield job
      }
    } finally {
      over.abort()
      if (!ended) await this.#end(given)
      this.#running = false
    }
  }

  /** Lets go of what is in hand, and waits until the run is over: that sends nothing. */
  async #end(given: ReadonlySet<Job>): Promise<void> {
    this.stop()
    for (const job of given) if (!job.acted) await job.release().catch(() => {})
    const quiet: Caller = { callbacks: this.#caller.callbacks, signals: [] }
    for (;;) {
      // What ended the run is known already.
      const turn = (await drive(() => this.#native.next(false), quiet).catch(() => ({ report: {} }))) as Turn
      if (turn.report !== undefined) return
    }
  }
}

interface Made {
  decision: Decision
  thrown?: unknown
}

async function decided(handler: Handler, job: Job): Promise<Made> {
  try {
    const made = decision(await handler(job.request, { lane: job.lane, attempt: job.attempt, signal: job.over }))
    // What JSON cannot hold is the handler's failure, too.
    encode(made, new Map())
    return { decision: made }
  } catch (thrown) {
    const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
    return { decision: { error: { message } }, thrown }
  }
}

/** Tells of an event, and prints what a person should see. */
function report(event: Record<string, unknown>, dryRun: boolean, onProgress: JobsOptions['onProgress']): void {
  const { type, ...facts } = event
  const told: FulfillmentEvent = { type: String(type), ...camel(facts) }
  if (event.type === 'decided') {
    const line = `${event.request}: ${shown(event.outcome as Record<string, unknown>)}\n`
    if (dryRun) process.stdout.write(line)
  }
  if (event.type === 'cycle_ended') told.report = new FulfillmentReport(event.report as object)
  if (event.type === 'handler_returned_nothing') {
    process.emitWarning(`nothing was decided about ${event.request}: it is left as it is`, 'TenantryWarning')
  }
  if (onProgress !== undefined) tell(onProgress, told)
}
