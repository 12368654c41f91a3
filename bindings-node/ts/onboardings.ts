// Onboarding flows of Magento BI: how they begin, and what they give.

import { resolve } from 'node:path'
import type { Keeper } from './call'
import { refused } from './errors'
import type { Event } from './event'
import { Fleet } from './fleet'
import { Flow } from './flow'
import type { Id } from './generated/magento_bi'
import type { Journal, Stores } from './journal'
import { type Names, rename } from './options'
import type { OnboardingSpec } from './spec'
import type { System } from './system'

/** Keeps one checkpoint, in a database for example. Both functions may be `async`. */
export interface CheckpointStore {
  /** The kept text, or nothing. */
  load(): string | null | undefined | Promise<string | null | undefined>
  /** Keeps `checkpoint` in place of what was kept; done when it is durable. If it fails, the flow stops before its next request. */
  save(checkpoint: string): unknown
}

/** Delays between polls. */
export interface PollOptions {
  /** Milliseconds before the second poll; default 3,000. */
  minMs?: number | undefined
  /** Milliseconds between polls at most; default 30,000. */
  maxMs?: number | undefined
  /** What the delay is multiplied with each time; default 1.5. */
  factor?: number | undefined
  /** The part by which it is varied at random, 0 to 1; default 0.2. */
  jitter?: number | undefined
  /** How many polls in a row may fail; default 5. */
  maxErrors?: number | undefined
}

/** A step that waits for the vendor. */
export type WaitingStep = 'await_client' | 'await_connection' | 'await_structure_sync' | 'await_dashboards'

/** Options of an onboarding. */
export interface OnboardingOptions {
  /** Where the checkpoint is kept: a file, or an object. Default: nowhere, and then it cannot be resumed. */
  checkpoint?: string | CheckpointStore | undefined
  /** Ends the flow at once; an aborted signal sends nothing. What was sent stays sent. */
  signal?: AbortSignal | undefined
  /** Is told what happens in the requests of the flow; default: the client's. */
  onEvent?: ((event: Event) => unknown) | undefined
  /** The caller's name for the flow; default a random UUID. */
  flowId?: string | undefined
  /** Milliseconds that the flow may take each time it is driven; default 2 hours, `null` for no limit. */
  maxWaitMs?: number | null | undefined
  /** Milliseconds that a waiting step may take; `null` for no limit. Defaults: 30, 5, 30 and 15 minutes. */
  stepMaxWaitMs?: Readonly<Partial<Record<WaitingStep, number | null>>> | undefined
  /** Delays between polls. */
  poll?: PollOptions | undefined
  /** Resumes although the spec differs from the one that the flow was started with; default false. */
  acceptChangedSpec?: boolean | undefined
  /** Which of a connection's two ids the later steps use; default `meta_id`. */
  connectionIdFrom?: 'meta_id' | 'id' | undefined
  /** Waits until a connection is `established` before it is tested; default false. */
  requireEstablished?: boolean | undefined
  /** Status words that mean success. */
  doneWords?: readonly string[] | undefined
  /** Status words that mean failure. Any word in neither list means that it is under way. */
  failedWords?: readonly string[] | undefined
}

/** Keeps the checkpoints of a fleet's flows, in a database for example. Both functions may be `async`. */
export interface FleetStore {
  /** The kept text, or nothing. */
  load(key: string): string | null | undefined | Promise<string | null | undefined>
  /** Keeps `checkpoint` in place of what was kept; done when it is durable. If it fails, that flow stops before its next request. */
  save(key: string, checkpoint: string): unknown
}

/** Options of the onboarding of many merchants. */
export interface FleetOptions extends Omit<OnboardingOptions, 'checkpoint' | 'flowId'> {
  /**
   * Gives the merchant of a key: the same whenever it is called. It is called when the flow begins, and again each time it has
   * more to do than to wait.
   */
  spec: (key: string) => OnboardingSpec | Promise<OnboardingSpec>
  /** Where the checkpoints are kept: a folder, or an object. Default: nowhere, and then none can be resumed. */
  checkpoint?: string | FleetStore | undefined
  /** Requests under way at one time, at most; default 64. */
  atOnce?: number | undefined
}

/** What an onboarding gives. */
export interface OnboardingResult {
  signup_id: Id | null
  client_id: Id
  pubkey?: string | null
  invite_id?: Id | null
  user_id?: Id | null
  inviter_user_id?: Id | null
  connection: { id: Id; meta_id: Id | null; name: string | null }
  autodash_id: Id | null
  /** Further outputs. */
  [name: string]: unknown
}

/** An onboarding under way. */
export type Onboarding = Flow<OnboardingResult>

const OPTIONS: Names = {
  flowId: 'flow_id',
  maxWaitMs: 'max_wait_ms',
  stepMaxWaitMs: 'step_max_wait_ms',
  acceptChangedSpec: 'accept_changed_spec',
  connectionIdFrom: 'connection_id_from',
  requireEstablished: 'require_established',
  doneWords: 'done_words',
  failedWords: 'failed_words',
}

const POLL: Names = { minMs: 'min_ms', maxMs: 'max_ms', factor: 'factor', jitter: 'jitter', maxErrors: 'max_errors' }

type Mode = 'start' | 'resume' | 'start_or_resume'

/** Onboarding flows. */
export class Onboardings {
  readonly #client: System

  /** @internal */
  constructor(client: System) {
    this.#client = client
  }

  /**
   * Prepares a new onboarding. Nothing is sent before its first event is asked for.
   *
   * @throws {@link ValidationError} with all that is wrong with the spec; {@link CheckpointError} when there is a checkpoint already.
   */
  start(spec: OnboardingSpec, options: OnboardingOptions = {}): Onboarding {
    return this.#open('start', spec, options)
  }

  /**
   * Takes an onboarding up where its checkpoint says, whatever process and language left it.
   *
   * @throws {@link CheckpointError} when there is none, or it is broken, from the future, of another spec or in use.
   */
  resume(spec: OnboardingSpec, options: OnboardingOptions): Onboarding {
    return this.#open('resume', spec, options)
  }

  /** Resumes an onboarding if there is a checkpoint, and starts it if there is none. */
  startOrResume(spec: OnboardingSpec, options: OnboardingOptions): Onboarding {
    return this.#open('start_or_resume', spec, options)
  }

  /**
   * Prepares the onboarding of many merchants, which one loop drives. A hundred thousand that wait for their client take some
   * seventy megabytes: a flow keeps no spec while it waits. Flows with a checkpoint are resumed. Polls are spread over their interval.
   *
   * @param keys - What the flows are called, each 1 to 128 bytes; read little by little. It is the `flow_id` too.
   * @throws {@link CheckpointError} when the folder is in use.
   */
  runAll(keys: Iterable<string>, options: FleetOptions): Fleet<OnboardingResult> {
    const { spec, checkpoint, atOnce, signal, onEvent, poll } = options
    const own = ['spec', 'checkpoint', 'atOnce', 'signal', 'onEvent', 'poll']
    const flow = rename(options, OPTIONS, own)
    if (poll !== undefined) flow.poll = rename(poll, POLL, [])
    const stores: Stores = new Map()
    if (typeof checkpoint === 'string') flow.checkpoint = { file: resolve(checkpoint) }
    else if (checkpoint !== undefined) {
      if (typeof checkpoint?.load !== 'function' || typeof checkpoint.save !== 'function')
        throw refused('config', 'checkpoint must be a folder, or an object with load and save', {
          option: 'checkpoint',
        })
      flow.checkpoint = { host: true }
      stores.set('fleet', checkpoint as Journal)
    }
    const settings = { flow: { ...flow, mode: 'start_or_resume' }, at_once: atOnce }
    const { native, caller } = this.#client.openFleet('magento_bi.onboarding', settings, { signal, onEvent })
    return new Fleet({ native, caller: { ...caller, stores }, keys, spec })
  }

  #open(first: Mode, spec: OnboardingSpec, options: OnboardingOptions): Onboarding {
    const { checkpoint, signal, onEvent, poll } = options
    const settings = rename(options, OPTIONS, ['checkpoint', 'signal', 'onEvent', 'poll'])
    if (poll !== undefined) settings.poll = rename(poll, POLL, [])
    const place = keeper(checkpoint)
    if (place !== undefined) settings.checkpoint = 'file' in place ? place : { host: true }
    let mode = first
    return new Flow({
      open: () => {
        const opened = this.#client.openFlow('magento_bi.onboarding', spec, { ...settings, mode })
        mode = 'start_or_resume'
        return opened
      },
      exclusive: place !== undefined && 'file' in place,
      signals: signal === undefined ? [this.#client.closing] : [signal, this.#client.closing],
      onEvent,
      store: place !== undefined && 'load' in place ? place : undefined,
    })
  }
}

function keeper(checkpoint: OnboardingOptions['checkpoint']): { file: string } | Keeper | undefined {
  if (checkpoint === undefined) return undefined
  // A relative path means the same file even if the process changes its directory.
  if (typeof checkpoint === 'string') return { file: resolve(checkpoint) }
  if (typeof checkpoint?.load === 'function' && typeof checkpoint.save === 'function') return checkpoint
  throw refused('config', 'checkpoint must be a path, or an object with load and save', { option: 'checkpoint' })
}
