// Fleets: many flows that one loop drives, and that take next to nothing while they wait.

/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util'
import { type Caller, drive, envelopeFailure } from './call'
import { encode } from './encode'
import { failure, type Report, type TenantryError } from './errors'
import type { Need } from './flow'
import type { NativeFleet } from './native'

/** What became of one flow: one of `result`, `need` and `error` is there. */
export interface FleetTurn<Result> {
  /** The flow's key, as it was given. */
  readonly key: string
  /** What a finished flow brought. */
  readonly result?: Result
  /** The decision that a person owes; {@link Fleet.answer} takes it. */
  readonly need?: Need
  /** Why the flow cannot go on, or not now; with its checkpoint. The fleet has forgotten the flow. */
  readonly error?: TenantryError
}

/** How many flows are where, and how punctual the polls are. */
export interface FleetStatus {
  /** Added, and not begun. */
  new: number
  /** Waiting until their next poll. */
  waiting: number
  /** Waiting until a person answers. */
  asking: number
  /** Driven at this moment. */
  active: number
  /** How often a waiting flow was taken up because its next poll was due. */
  polls: number
  /** Milliseconds by which half of the polls were later than due. */
  late_p50_ms: number
  /** Milliseconds by which one poll in a hundred was later than due. */
  late_p99_ms: number
}

/** @internal */
export interface FleetSource {
  native: NativeFleet
  caller: Caller
  keys: Iterable<string>
  spec: (key: string) => object | Promise<object>
}

interface Told<Result> {
  result?: { key: string; result: Result }
  need?: { key: string; need: Need }
  error?: { key: string; error: Report }
}

interface Brought<Result> {
  reports: Told<Result>[]
  wanted: string[]
  room: number
  over: boolean
}

/**
 * A fleet. Nothing is sent before its first turn is asked for. While the loop's body is awaited, the fleet stands still: what
 * takes long belongs elsewhere. Leaving the loop stops driving, and another loop goes on.
 */
export class Fleet<Result> implements AsyncIterable<FleetTurn<Result>>, AsyncDisposable {
  readonly #source: FleetSource
  readonly #keys: Iterator<string>
  #more = true
  #room = 1
  #wanted: string[] = []
  #told: Told<Result>[] = []
  #goesOn = true
  #status: FleetStatus | undefined

  /** @internal */
  constructor(source: FleetSource) {
    this.#source = source
    this.#keys = source.keys[Symbol.iterator]()
  }

  /**
   * A turn for each flow that has finished, failed, or needs a decision. It ends when nothing will happen before a decision is
   * taken; after {@link Fleet.answer}, another loop goes on.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<FleetTurn<Result>, void, undefined> {
    for (;;) {
      for (let told = this.#told.pop(); told !== undefined; told = this.#told.pop()) yield turn(told)
      if (!this.#goesOn) return
      await this.#advance()
    }
  }

  /**
   * Answers the open need of a flow. It takes effect, and is kept, when the loop goes on.
   *
   * @param key - The flow's key.
   * @param choice - The name of one of its choices.
   * @param args - The arguments of the choice, by name.
   * @throws {@link ValidationError} when it asks nothing, or that lists the choices.
   */
  answer(key: string, choice: string, args: Readonly<Record<string, unknown>> = {}): void {
    const refusal = this.#source.native.answer(key, JSON.stringify({ ...args, choice }))
    if (refusal !== null) throw envelopeFailure(refusal)
    this.#goesOn = true
  }

  /** Ends the loop gracefully: a request that must not be sent twice is waited for. */
  stop(): void {
    this.#source.native.stop()
    this.#more = false
  }

  /** Stops, and lets the checkpoints go, so that another fleet may go on. Whatever is under way is given up. */
  close(): void {
    this.stop()
    this.#goesOn = false
    this.#status = this.status
    this.#source.native.close()
  }

  /** The same as {@link Fleet.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** How many flows are where, and how punctual the polls are; once it is closed, as it was. Never waits. */
  get status(): FleetStatus {
    return this.#status ?? (JSON.parse(this.#source.native.status() ?? 'null') as FleetStatus)
  }

  /** How many flows are where. */
  toJSON(): FleetStatus {
    return this.status
  }

  /** @internal */
  [inspect.custom](): string {
    const { waiting, asking, active } = this.status
    return `Fleet(${waiting} waiting, ${asking} asking, ${active} active)`
  }

  async #advance(): Promise<void> {
    const { native, caller } = this.#source
    const add = await this.#given(this.#added())
    const specs = await this.#given(this.#wanted)
    const text = `{"add":[${add.join(',')}],"specs":[${specs.join(',')}],"more":${this.#more}}`
    this.#goesOn = false
    const begin = () => {
      const call = native.advance(text)
      if (typeof call === 'string') throw envelopeFailure(call)
      return call
    }
    const brought = (await drive(begin, caller)) as Brought<Result>
    this.#wanted = brought.wanted
    this.#room = brought.room
    this.#told = brought.reports.reverse()
    this.#goesOn ||= this.#more || !brought.over
  }

  #added(): string[] {
    const keys: string[] = []
    while (this.#more && keys.length < this.#room) {
      const { done, value } = this.#keys.next()
      if (done === true) this.#more = false
      else keys.push(value)
    }
    return keys
  }

  /** What is given for keys; a spec that cannot be had fails that flow, and no other. */
  async #given(keys: readonly string[]): Promise<string[]> {
    const { spec, caller } = this.#source
    const given: string[] = []
    for (const key of keys) {
      try {
        const found = spec(key)
        const text = encode(found instanceof Promise ? await found : found, caller.callbacks)
        given.push(`{"key":${JSON.stringify(key)},"spec":${text}}`)
      } catch (thrown) {
        const error = thrown instanceof Error ? thrown.message : String(thrown)
        given.push(JSON.stringify({ key, error }))
      }
    }
    return given
  }
}

function turn<Result>({ result, need, error }: Told<Result>): FleetTurn<Result> {
  if (result !== undefined) return result
  if (need !== undefined) return need
  // A report is one of the three.
  const { key, error: report } = error as { key: string; error: Report }
  return { key, error: failure(report) }
}
