// The error classes, rebuilt from the core's envelope so that the stack is the caller's.

import { inspect } from 'node:util'
import type { Bill, RecurringBill, WebhookReply } from './generated/maestrano'

/** What became of the request. */
export type Outcome = 'not_sent' | 'rejected' | 'unknown' | 'answered' | (string & {})

/** The fields of an error as they cross from the core. @internal */
export interface Report {
  code: string
  message: string
  system?: string | null
  operation?: string | null
  outcome?: string | null
  status?: number | null
  request_id?: string | null
  retry_after_ms?: number | null
  retryable?: boolean
  hint?: string | null
  details?: Record<string, unknown>
  causes?: string[]
  checkpoint?: string | null
}

/** A decision that can be taken: of an unknown outcome, or of a need. */
export interface Choice {
  /** Its name, for `flow.answer(choice, …)`. */
  choice: string
  /** Names of the arguments it takes; one that ends in `?` may be left out. */
  arguments: string[]
  /** What it does. */
  description: string
}

/**
 * The root of all errors of tenantry. It holds no secret, no header, no query and no body of a request.
 *
 * `JSON.stringify` gives all its fields; `structuredClone` keeps name, message and stack, as it does of every error.
 */
export class TenantryError extends Error {
  /** The kind of failure, as in the error table: `not_found`, `rate_limited`, … */
  readonly code: string
  /** The system spoken to, e.g. `magento_bi`. */
  readonly system: string | null
  /** The operation, e.g. `magento_bi.signups.create`. */
  readonly operation: string | null
  /** What became of the request; null where none was meant. */
  readonly outcome: Outcome | null
  /** HTTP status of the reply, if one came. */
  readonly status: number | null
  /** `x-request-id` of the reply, else of the request. */
  readonly requestId: string | null
  /** Milliseconds that the server asked to wait. */
  readonly retryAfterMs: number | null
  /** Whether sending the same again later is safe and may help. */
  readonly retryable: boolean
  /** What to change. */
  readonly hint: string | null
  /** More facts, by name. */
  readonly details: Record<string, unknown>
  /** Messages of the underlying errors, outermost first. */
  readonly causes: readonly string[]
  /** For a flow: the checkpoint to go on from, as JSON text. */
  readonly checkpoint: string | null

  /** @internal */
  constructor(report: Report, options?: { cause?: unknown }) {
    super(sentence(report), options)
    this.code = report.code
    this.system = report.system ?? null
    this.operation = report.operation ?? null
    this.outcome = report.outcome ?? null
    this.status = report.status ?? null
    this.requestId = report.request_id ?? null
    this.retryAfterMs = report.retry_after_ms ?? null
    this.retryable = report.retryable ?? false
    this.hint = report.hint ?? null
    this.details = report.details ?? {}
    this.causes = report.causes ?? []
    this.checkpoint = report.checkpoint ?? null
  }

  /** All fields, for logs and for other processes. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, message: this.message, ...(this as object) }
  }

  /** The stack, and the fields that say something. @internal */
  [inspect.custom](depth: number, options: object, show: typeof inspect): string {
    const said = Object.entries(this).filter(([name, value]) => {
      const empty = value === null || (typeof value === 'object' && Object.keys(value).length === 0)
      return !(empty || name === 'message' || name === 'name' || name === 'checkpoint')
    })
    const fields = depth < 0 ? '' : ` ${show(Object.fromEntries(said), options)}`
    const cause = this.cause === undefined || depth < 0 ? '' : `\n  [cause]: ${show(this.cause, options)}`
    return `${this.stack}${fields}${cause}`
  }
}

// A class's name is part of the prototype, so that it is neither an own field nor lost by a minifier.
function named<T extends typeof TenantryError>(name: string, type: T): T {
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true })
  return type
}
named('TenantryError', TenantryError)

/** A setting that cannot be used. Raised before anything is sent. */
export class ConfigError extends TenantryError {}
/** An argument that cannot be used, or an id that cannot stand in a path. Raised before anything is sent. */
export class ValidationError extends TenantryError {}
/** The server cannot be reached, or the connection broke; `outcome` says whether the request left. */
export class APIConnectionError extends TenantryError {}
/** A time limit of one request ran out; `outcome` says whether the request left. */
export class APITimeoutError extends TenantryError {}
/** The credentials were refused, also after one new login. */
export class AuthenticationError extends TenantryError {}
/** The credentials do not allow this. */
export class PermissionDeniedError extends TenantryError {}
/** There is no such thing. */
export class NotFoundError extends TenantryError {}
/** The request clashes with what the server holds. */
export class ConflictError extends TenantryError {
  /** What the server holds, when it says so. */
  get current(): unknown {
    return this.details.current ?? null
  }
}
/** The server calls the request malformed. */
export class BadRequestError extends TenantryError {}
/** The server refuses the request's content. */
export class UnprocessableEntityError extends TenantryError {}
/** Too many requests; `retryAfterMs` says how long to wait. */
export class RateLimitError extends TenantryError {}
/** The server failed. */
export class InternalServerError extends TenantryError {}
/** The reply is cut off, is not what it should be, or leads elsewhere. */
export class ResponseError extends TenantryError {}
/** What can be done about an unknown outcome. @internal */
export interface Remedy {
  adopt(id: string): Promise<unknown>
  force(): Promise<unknown>
}

/**
 * Nobody knows whether a request that must not be repeated was carried out. It is never repeated by itself.
 *
 * @example
 * try {
 *   bill = await account.bills.create(order)
 * } catch (error) {
 *   if (!(error instanceof OutcomeUnknownError)) throw error
 *   const mine = error.candidates.find(isMine)
 *   bill = mine === undefined ? await error.force() : await error.adopt(mine.id)
 * }
 */
export class OutcomeUnknownError extends TenantryError {
  #remedy: Remedy | undefined

  /** @internal Gives the error what {@link OutcomeUnknownError.adopt} and {@link OutcomeUnknownError.force} do. */
  static remedied(error: OutcomeUnknownError, remedy: Remedy): OutcomeUnknownError {
    error.#remedy = remedy
    return error
  }

  /** What may be its result, as far as a look-up found any. */
  get candidates(): readonly unknown[] {
    return Array.isArray(this.details.candidates) ? this.details.candidates : []
  }

  /**
   * Takes one of the candidates for what was to be made, and remembers it in the journal if there is one. Of bills and recurring
   * bills alone.
   *
   * @param id - The id of the candidate, or of another that it is.
   * @returns What was adopted, with `already_applied`.
   * @throws {@link ConflictError} when it is over something else; {@link NotFoundError} when there is none.
   */
  async adopt<T = Bill & RecurringBill>(id: string): Promise<T> {
    return (await this.#able().adopt(id)) as T
  }

  /**
   * Sends it once more: a person knows that none of the candidates is it. Of bills and recurring bills alone.
   *
   * @returns What was made.
   * @throws {@link OutcomeUnknownError} when nobody knows again.
   */
  async force<T = Bill & RecurringBill>(): Promise<T> {
    return (await this.#able().force()) as T
  }

  #able(): Remedy {
    if (this.#remedy !== undefined) return this.#remedy
    throw refused('validation', `${this.operation ?? 'this call'} can be neither adopted nor forced`, {})
  }
}
/** A flow waits for a decision that a person owes, and nobody answered. */
export class NeedsAttentionError extends TenantryError {
  /** What can be decided. */
  get choices(): readonly Choice[] {
    return Array.isArray(this.details.choices) ? (this.details.choices as Choice[]) : []
  }
}
/** A flow's time limit ran out. The server's work goes on: resume from the checkpoint to wait longer. */
export class WaitTimeoutError extends TenantryError {}
/** A step of a flow failed on the server. */
export class StepFailedError extends TenantryError {}
/** A flow was stopped; resume from the checkpoint to go on. */
export class FlowStopped extends TenantryError {}
/** A checkpoint cannot be used: it exists, is missing, broken, from the future, of another spec, or in use. */
export class CheckpointError extends TenantryError {}
/** An incoming webhook cannot be trusted or read. */
export class WebhookError extends TenantryError {
  /**
   * Why, in a word: `too_large`, `unknown_path`, `wrong_method`, `missing_credentials`, `malformed_credentials`,
   * `wrong_credentials`, `ambiguous` or `invalid_body`. It is for the app's log.
   */
  get reason(): string | null {
    return typeof this.details.reason === 'string' ? this.details.reason : null
  }

  /** What to answer; it tells the sender no more than it must know. */
  get reply(): WebhookReply {
    return (this.details.reply as WebhookReply | undefined) ?? { status: 500, headers: [], body: '' }
  }
}
/** A SAML response cannot be trusted or read. Nothing of it is returned. */
export class SamlError extends TenantryError {
  /** Why, in a word: `signature_invalid`, `sha1_not_allowed`, `expired`, `replayed`, … */
  get reason(): string | null {
    return typeof this.details.reason === 'string' ? this.details.reason : null
  }
}
/** A defect of tenantry: please report it. */
export class InternalError extends TenantryError {}

const CLASSES: Readonly<Record<string, typeof TenantryError>> = {
  config: named('ConfigError', ConfigError),
  validation: named('ValidationError', ValidationError),
  invalid_id: ValidationError,
  connection: named('APIConnectionError', APIConnectionError),
  timeout: named('APITimeoutError', APITimeoutError),
  authentication: named('AuthenticationError', AuthenticationError),
  permission: named('PermissionDeniedError', PermissionDeniedError),
  not_found: named('NotFoundError', NotFoundError),
  conflict: named('ConflictError', ConflictError),
  bad_request: named('BadRequestError', BadRequestError),
  unprocessable: named('UnprocessableEntityError', UnprocessableEntityError),
  rate_limited: named('RateLimitError', RateLimitError),
  server: named('InternalServerError', InternalServerError),
  decode: named('ResponseError', ResponseError),
  unexpected_content: ResponseError,
  redirect: ResponseError,
  outcome_unknown: named('OutcomeUnknownError', OutcomeUnknownError),
  needs_attention: named('NeedsAttentionError', NeedsAttentionError),
  max_wait: named('WaitTimeoutError', WaitTimeoutError),
  step_failed: named('StepFailedError', StepFailedError),
  stopped: named('FlowStopped', FlowStopped),
  checkpoint: named('CheckpointError', CheckpointError),
  webhook: named('WebhookError', WebhookError),
  saml: named('SamlError', SamlError),
  internal: named('InternalError', InternalError),
}

/** What happened, to which call, and what to change. */
function sentence({ operation, message, hint }: Report): string {
  return `${operation ? `${operation}: ` : ''}${message}${hint ? ` (${hint})` : ''}`
}

/** @internal The error of a report; a code that this version does not know keeps its text. */
export function failure(report: Report, cause?: unknown): TenantryError {
  const type = CLASSES[report.code] ?? TenantryError
  return new type(report, cause === undefined ? undefined : { cause })
}

/** @internal An error raised before anything is sent. */
export function refused(
  code: 'config' | 'validation',
  message: string,
  details: Record<string, unknown>,
): TenantryError {
  return failure({ code, message, outcome: 'not_sent', details })
}
