// A flow: a long job of several steps that can be left at any instant and taken up again, here or elsewhere.

/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util'
import { drive, envelopeFailure, type Keeper } from './call'
import { type Choice, failure, refused } from './errors'
import { type Event, tell } from './event'
import { FlowEvent } from './flow_event'
import { draw } from './progress'
import type { Opened } from './system'

/** A decision that a person owes. */
export interface Need {
  /** The step that waits for it. */
  step: string
  /** Why, in a word: `install_public_key`, `confirm_user`, `outcome_unknown`, `ambiguous_match`, `missing_user_id`. */
  reason: string
  /** What can be answered. */
  choices: Choice[]
  /** What the person needs to know. */
  data: Record<string, unknown>
}

/** An answer to a need: the name of a choice, and its arguments. */
export interface Answer {
  choice: string
  [argument: string]: unknown
}

/** How far a flow is. */
export interface FlowStatus {
  /** The flow's own id. */
  flow_id: string
  /** The step it is at. */
  step: string
  /** `ready`, `sending`, `sent`, `waiting` or `done`. */
  phase: string
  /** Whether it has finished. */
  done: boolean
  /** What it has so far. */
  outputs: Record<string, unknown>
  /** The decision that it waits for. */
  need: Need | null
  /** The checkpoint, as JSON text, without any secret. */
  checkpoint: string
}

/** Options of `run`. */
export interface RunOptions<Result> {
  /**
   * Is asked for each decision. It gives an answer, the name of a choice that takes no arguments, or nothing, and then `run`
   * rejects with a `NeedsAttentionError`. What it throws ends `run`; the flow can go on from where it is.
   */
  onNeed?:
    | ((need: Need, flow: Flow<Result>) => Answer | string | undefined | Promise<Answer | string | undefined>)
    | undefined
  /** Is told each event. What it throws becomes a process warning and stops nothing. */
  onProgress?: ((event: FlowEvent) => unknown) | undefined
  /** Draws the steps on stderr; default false. */
  progress?: boolean | undefined
}

/** @internal */
export interface FlowSource {
  open(): Opened
  /** What another process could hold and this one lets go when the flow fails: then, `open` opens it again. */
  exclusive: boolean
  signals: readonly AbortSignal[]
  onEvent: ((event: Event) => unknown) | undefined
  store: Keeper | undefined
}

interface Turn<Result> {
  event?: object
  need?: Need
  result?: Result
}

/**
 * A flow under way. Nothing is sent before the first event is asked for; leaving the loop stops driving, and another loop goes
 * on. It ends *our* waiting only: what the vendor was asked to do goes on.
 *
 * A flow with a checkpoint file holds it until it has finished, failed or is closed.
 */
export class Flow<Result> implements AsyncIterable<FlowEvent>, AsyncDisposable {
  readonly #source: FlowSource
  #opened: Opened | undefined
  #status: FlowStatus
  #driving = false
  #closed = false
  #need: Need | undefined
  #result: Result | undefined

  /** @internal */
  constructor(source: FlowSource) {
    this.#source = source
    this.#opened = source.open()
    this.#status = this.#look(this.#opened)
    this.#need = this.#status.need ?? undefined
  }

  /**
   * The events, until the flow has finished or needs a decision: then the loop ends, and {@link Flow.need} tells which.
   *
   * @throws {@link TenantryError} that stopped the flow, with the checkpoint to go on from. An aborted signal's reason.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<FlowEvent, void, undefined> {
    for (;;) {
      const event = await this.#next()
      if (event === undefined) return
      yield event
    }
  }

  /**
   * Drives the flow to its end.
   *
   * @returns The same as {@link Flow.result}.
   * @throws {@link NeedsAttentionError} when a decision is needed and nobody answers.
   */
  async run(options: RunOptions<Result> = {}): Promise<Result> {
    const { onNeed, onProgress } = options
    const drawn = options.progress === true ? draw(process.stderr) : undefined
    try {
      for (;;) {
        for await (const event of this) {
          drawn?.show(event)
          if (onProgress !== undefined) tell(onProgress, event)
        }
        if (this.#need === undefined) return this.result
        drawn?.pause()
        const answer = await onNeed?.(this.#need, this)
        if (answer === undefined) throw this.#attention(this.#need)
        if (typeof answer === 'string') this.answer(answer)
        else this.answer(answer.choice, { ...answer, choice: undefined })
      }
    } finally {
      drawn?.end()
    }
  }

  /** The decision that the flow waits for, if it waits for one. */
  get need(): Need | undefined {
    return this.#need
  }

  /**
   * Answers the open need. It takes effect, and is kept, when the flow is driven on.
   *
   * @param choice - The name of one of its choices.
   * @param args - The arguments of the choice, by name.
   * @throws {@link ValidationError} that lists the choices.
   */
  answer(choice: string, args: Readonly<Record<string, unknown>> = {}): void {
    const refusal = this.#live().flow.answer(JSON.stringify({ ...args, choice }))
    if (refusal !== null) throw envelopeFailure(refusal)
    this.#need = undefined
  }

  /** Whether the flow has finished. */
  get done(): boolean {
    return this.#result !== undefined
  }

  /**
   * What came of it.
   *
   * @throws {@link NeedsAttentionError} when a decision is open, and a {@link FlowStopped} when it has not finished.
   */
  get result(): Result {
    if (this.#result !== undefined) return this.#result
    if (this.#need !== undefined) throw this.#attention(this.#need)
    const { step, checkpoint } = this.status
    throw failure({
      code: 'stopped',
      message: `the flow has not finished: it is at ${step}`,
      hint: 'drive it on',
      checkpoint,
    })
  }

  /** How far the flow is: while it is being driven, how far it was at the last event. */
  get status(): FlowStatus {
    if (this.#opened !== undefined) this.#status = this.#look(this.#opened)
    return this.#status
  }

  /** The checkpoint to go on from, as JSON text, without any secret. */
  get checkpoint(): string {
    return this.status.checkpoint
  }

  /**
   * Stops the flow: at once, except that a request which must not be sent twice is waited for. Whoever drives it then gets a
   * {@link FlowStopped}.
   */
  stop(): void {
    this.#opened?.flow.stop()
  }

  /** Stops the flow and lets its checkpoint go, so that others may resume it. */
  async close(): Promise<void> {
    this.stop()
    this.#closed = true
    if (!this.#driving) this.#release()
  }

  /** The same as {@link Flow.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** How far it is. */
  toJSON(): FlowStatus {
    return this.status
  }

  /** @internal */
  [inspect.custom](): string {
    const { flow_id, step, phase } = this.status
    return `Flow(${flow_id} at ${step}, ${phase})`
  }

  async #next(): Promise<FlowEvent | undefined> {
    if (this.#driving) throw refused('validation', 'the flow is being driven already: await the first loop', {})
    if (this.#result !== undefined) return undefined
    this.#driving = true
    try {
      const { flow, callbacks, onEvent: clients } = this.#live()
      const onEvent = this.#source.onEvent ?? clients
      const begin = () => {
        const call = flow.advance(onEvent !== undefined)
        if (typeof call === 'string') throw envelopeFailure(call)
        return call
      }
      const { signals, store } = this.#source
      const turn = (await drive(begin, { callbacks, onEvent, store, signals })) as Turn<Result>
      this.#need = turn.need
      this.#result = turn.result
      if (turn.result !== undefined) this.#release()
      return turn.event === undefined ? undefined : new FlowEvent(turn.event)
    } catch (error) {
      if (this.#source.exclusive) this.#release()
      throw error
    } finally {
      this.#driving = false
      if (this.#closed) this.#release()
    }
  }

  #live(): Opened {
    if (this.#closed) throw refused('validation', 'the flow is closed: resume it from its checkpoint', {})
    this.#opened ??= this.#source.open()
    return this.#opened
  }

  #release(): void {
    if (this.#opened === undefined) return
    this.#status = this.#look(this.#opened)
    this.#opened.flow.close()
    this.#opened = undefined
  }

  #look(opened: Opened): FlowStatus {
    return JSON.parse(opened.flow.status() ?? 'null') as FlowStatus
  }

  #attention(need: Need) {
    const { step, reason, choices } = need
    return failure({
      code: 'needs_attention',
      message: `${step} needs a decision: ${reason}; the choices are ${choices.map(({ choice }) => choice).join(', ')}`,
      hint: 'call flow.answer(choice, …) and go on, or give onNeed to run',
      details: { ...need },
      checkpoint: this.checkpoint,
    })
  }
}
