// What a handler decides about a request.

/** How a request is approved: exactly one of `template_id` and `activation_tile`. */
export interface ApproveOutcome {
  /** The template to show to the customer. */
  template_id?: string | undefined
  /** Markdown to show to the customer, up to 4,096 characters. */
  activation_tile?: string | undefined
  /** Values of parameters, by their ids; written before the approval. An object or a list becomes a structured value. */
  params?: Readonly<Record<string, unknown>> | undefined
  /** From when it counts; default: now. */
  effective_date?: string | Date | undefined
  /** When the asset is billed next. */
  next_billing_date?: string | Date | undefined
}

/** How a customer is asked back. */
export interface InquireOutcome {
  /** What is wrong with which parameter, by its id; written before the inquiry. */
  errors?: Readonly<Record<string, string>> | undefined
  /** The template to show to the customer; not together with `activation_tile`. */
  template_id?: string | undefined
  /** Markdown to show to the customer; not together with `template_id`. */
  activation_tile?: string | undefined
}

/** How a request is left. */
export interface SkipOutcome {
  /** Why, for the log. */
  reason?: string | undefined
  /** When it may be handled again, with an offset; default: in the next cycle. */
  notBefore?: string | Date | undefined
}

/** A decision: plain data, made by {@link approve}, {@link fail}, {@link inquire}, … */
export type FulfillmentOutcome =
  | { approve: ApproveOutcome }
  | { fail: { reason: string } }
  | { inquire: InquireOutcome }
  | { schedule: { planned_date: string | Date } }
  | { confirm_revoke: Record<string, never> }
  | { skip: { reason?: string | undefined; not_before?: string | Date | undefined } }

const KINDS = ['approve', 'fail', 'inquire', 'schedule', 'confirm_revoke', 'skip']

/** Approves the request; with `params`, their values are written first, and an approval that fails then says so. */
export function approve(args: ApproveOutcome): FulfillmentOutcome {
  return { approve: args }
}

/** Fails the request for good, for a reason that the customer reads. */
export function fail(reason: string): FulfillmentOutcome {
  return { fail: { reason } }
}

/** Asks the customer back. */
export function inquire(args: InquireOutcome = {}): FulfillmentOutcome {
  return { inquire: args }
}

/** Schedules the request for a later date, with an offset. */
export function schedule(planned_date: string | Date): FulfillmentOutcome {
  return { schedule: { planned_date } }
}

/** Confirms that a request in the `revoking` lane is revoked. */
export function confirmRevoke(): FulfillmentOutcome {
  return { confirm_revoke: {} }
}

/** Leaves the request as it is. */
export function skip(args: SkipOutcome | string = {}): FulfillmentOutcome {
  const { reason, notBefore } = typeof args === 'string' ? { reason: args, notBefore: undefined } : args
  return { skip: { reason, not_before: notBefore } }
}

/** @internal What crosses: besides the decisions, that there is none, or that making one failed. */
export type Decision = FulfillmentOutcome | { nothing: Record<string, never> } | { error: { message: string } }

/** @internal What a handler returned, as a decision; what is none is an error, never an action. */
export function decision(returned: unknown): Decision {
  if (returned === undefined || returned === null) return { nothing: {} }
  const keys = typeof returned === 'object' ? Object.keys(returned) : []
  if (keys.length === 1 && KINDS.includes(keys[0] as string)) return returned as FulfillmentOutcome
  const what = Array.isArray(returned) ? 'a list' : typeof returned === 'object' ? 'an object' : `a ${typeof returned}`
  return { error: { message: `TypeError: the handler returned ${what}, which is no outcome` } }
}

/** @internal A decision on one line, from what the core shows of it: no value of a parameter. */
export function shown(outcome: Record<string, unknown>): string {
  const [[kind, args] = ['nothing', {}]] = Object.entries(outcome)
  const facts = Object.entries((args ?? {}) as Record<string, unknown>)
    .map(([name, value]) => [name, typeof value === 'object' && value !== null ? names(value) : value])
    .filter(([, value]) => value !== null && value !== undefined && value !== '')
    .map(([name, value]) => `${name}=${value}`)
  return [kind.replaceAll('_', ' '), ...facts].join(' ')
}

function names(value: object): string {
  return (Array.isArray(value) ? value : Object.keys(value)).join(',')
}
