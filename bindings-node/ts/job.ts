// A request in hand.

import { type Caller, drive } from './call'
import { encode } from './encode'
import { failure, type Report, refused, type TenantryError } from './errors'
import type { Request } from './generated/cloudblue'
import type { NativeWorker } from './native'
import * as outcomes from './outcome'

/** The queue that a request waited in, by its status. */
export type Lane = 'pending' | 'revoking'

/** What came of a decision. */
export interface JobResult {
  /** `decided`: of a dry run, nothing was sent. */
  result:
    | 'approved'
    | 'failed'
    | 'inquired'
    | 'scheduled'
    | 'revoked'
    | 'skipped'
    | 'already_applied'
    | 'conflict'
    | 'gone'
    | 'error'
    | 'decided'
    | (string & {})
  /** The request after it, where one came. */
  request: Request | null
  /** Why not, for `conflict` and `error`. */
  error: TenantryError | null
}

/** @internal What a job needs of its run. */
export interface Hands {
  native: NativeWorker
  caller: Caller
  hide(request: unknown): unknown
  /** Aborted when the run ends before its jobs. */
  over: AbortSignal
}

/** @internal A job as the core hands it out. */
export interface HandedOut {
  number: number
  lane: Lane
  attempt: number
  request: unknown
}

/**
 * A request to decide about. One of its methods carries the decision out; what goes wrong with the request itself is in the
 * result, and in the run's report.
 */
export class Job {
  /** The request, as it was last read. */
  readonly request: Request
  /** The queue it waited in. */
  readonly lane: Lane
  /** 1 for the first time; more after handling it failed. */
  readonly attempt: number
  readonly #number: number
  readonly #hands: Hands
  #acted = false

  /** @internal */
  constructor({ number, lane, attempt, request }: HandedOut, hands: Hands) {
    this.request = hands.hide(request) as Request
    this.lane = lane
    this.attempt = attempt
    this.#number = number
    this.#hands = hands
  }

  /** Approves it; with `params`, their values are written first. */
  async approve(args: outcomes.ApproveOutcome): Promise<JobResult> {
    return await this.act(outcomes.approve(args))
  }

  /** Fails it for good, for a reason that the customer reads. */
  async fail(reason: string): Promise<JobResult> {
    return await this.act(outcomes.fail(reason))
  }

  /** Asks the customer back. */
  async inquire(args: outcomes.InquireOutcome = {}): Promise<JobResult> {
    return await this.act(outcomes.inquire(args))
  }

  /** Schedules it for a later date, with an offset. */
  async schedule(planned_date: string | Date): Promise<JobResult> {
    return await this.act(outcomes.schedule(planned_date))
  }

  /** Confirms that it is revoked. */
  async confirmRevoke(): Promise<JobResult> {
    return await this.act(outcomes.confirmRevoke())
  }

  /** Leaves it as it is. */
  async skip(args: outcomes.SkipOutcome | string = {}): Promise<JobResult> {
    return await this.act(outcomes.skip(args))
  }

  /** Carries a decision out, made by `approve(…)`, `fail(…)`, … */
  async act(outcome: outcomes.FulfillmentOutcome): Promise<JobResult> {
    return await this.decide(outcomes.decision(outcome))
  }

  /** @internal */
  get acted(): boolean {
    return this.#acted
  }

  /** @internal Aborted when the run ends before its jobs. */
  get over(): AbortSignal {
    return this.#hands.over
  }

  /** @internal */
  async decide(decision: outcomes.Decision): Promise<JobResult> {
    const { native, caller, hide, over } = this.#hands
    if (this.#acted) throw refused('validation', 'the job was acted upon already', { job: this.request.id })
    if (over.aborted) throw refused('validation', 'the run of this job is over', { job: this.request.id })
    // A decision that JSON cannot hold throws, and leaves the job to be decided again.
    const text = encode(decision, new Map())
    this.#acted = true
    const call = () => native.act(this.#number, text, caller.onEvent !== undefined)
    const { result, request, error } = (await drive(call, caller)) as RawResult
    const after = request == null ? null : (hide(request) as Request)
    return { result, request: after, error: error == null ? null : failure(error) }
  }

  /** @internal Leaves it, whatever became of the run. */
  async release(): Promise<void> {
    this.#acted = true
    const { native, caller } = this.#hands
    const call = () => native.act(this.#number, '{"skip":{}}', false)
    await drive(call, { callbacks: caller.callbacks, signals: [] })
  }

  /** What it is about. */
  toJSON(): Record<string, unknown> {
    return { request: this.request, lane: this.lane, attempt: this.attempt }
  }
}

interface RawResult {
  result: JobResult['result']
  request?: unknown
  error?: Report | null
}
