// What a run of a worker did.

import { camel } from './event'

/** A handler that failed, or a decision that could not be carried out. */
export interface Trouble {
  /** The request's id. */
  request: string
  /** What happened. */
  message: string
}

/** What a run did, in numbers. `String(report)` is a line to read. */
export class FulfillmentReport {
  /** Cycles begun. */
  declare readonly cycles: number
  /** Requests that the lists held. */
  declare readonly seen: number
  declare readonly approved: number
  declare readonly failed: number
  declare readonly inquired: number
  declare readonly scheduled: number
  declare readonly revoked: number
  /** Left as they are: the handler said so, said nothing, or their time had not come. */
  declare readonly skipped: number
  /** Found in the status that the decision leads to. */
  declare readonly alreadyApplied: number
  /** Brought to another end by somebody else. */
  declare readonly conflicts: number
  /** No longer there, or no longer waiting, when their turn came. */
  declare readonly gone: number
  /** Left because an earlier request of the same asset was left. */
  declare readonly held: number
  /** Decisions of a dry run. */
  declare readonly decided: number
  /** Handlers that failed, and decisions that could not be carried out. */
  declare readonly errorCount: number
  /** The newest 100 of them. */
  declare readonly errors: readonly Trouble[]
  /** When the next cycle starts, as RFC 3339 text, if there is one. */
  declare readonly nextDue: string | null

  /** @internal */
  constructor(report: object) {
    Object.assign(this, camel(report))
  }

  /** The numbers that are not zero. */
  toString(): string {
    const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    const facts = Object.entries(this)
      .filter(([name, value]) => typeof value === 'number' && value > 0 && name !== 'cycles')
      .map(([name, value]) => `${name === 'errorCount' ? 'errors' : words(name)} ${value}`)
    const cycles = this.cycles === 1 ? '1 cycle' : `${this.cycles} cycles`
    return `${cycles}: ${facts.length === 0 ? 'nothing to do' : facts.join(', ')}`
  }
}
