// What a flow tells while it goes on.

import { camel } from './event'

/** Something that happened in a flow. It holds no secret. `String(event)` is a line to read. */
export class FlowEvent {
  /** What happened: `step_started`, `request_sent`, `polled`, `step_finished`, … */
  declare readonly type: string
  /** The step it happened in, e.g. `await_client`. */
  declare readonly step: string
  /** When, as RFC 3339 text. */
  declare readonly at: string
  /** Facts that belong to the type. */
  readonly [fact: string]: unknown

  /** @internal */
  constructor(event: object) {
    const { type, step, at, ...facts } = camel(event)
    Object.assign(this, { type, step, at }, facts)
  }

  /** The step, what happened, and the facts that fit a line. */
  toString(): string {
    const facts = Object.entries(this)
      .filter(([name, value]) => !['type', 'step', 'at', 'checkpoint'].includes(name) && isShort(value))
      .map(([name, value]) => said(name, value))
    const what = this.type.replaceAll('_', ' ')
    return `${this.step}: ${what}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`
  }
}

function isShort(value: unknown): boolean {
  return (typeof value === 'string' && value.length <= 80) || typeof value === 'number' || typeof value === 'boolean'
}

/** `statusRaw` becomes `status pending`, and `elapsedMs` becomes `elapsed 4.2 s`. */
function said(name: string, value: unknown): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replace(/ raw$/, '')
  if (typeof value === 'number' && words.endsWith(' ms')) return `${words.slice(0, -3)} ${(value / 1000).toFixed(1)} s`
  return `${words} ${String(value)}`
}
