// What `onEvent` is told.

/** One thing that happened during a call. It holds no secret, no header, no query and no body. */
export interface Event {
  /** `attempt`, `retry_scheduled`, `reauthenticated` or `insecure_http`. */
  kind: 'attempt' | 'retry_scheduled' | 'reauthenticated' | 'insecure_http' | (string & {})
  /** The operation, e.g. `magento_bi.signups.create`. */
  operation: string
  /** HTTP method. */
  method: string
  /** The path's template, e.g. `/v3/signups/{signup_id}`. */
  path: string
  /** Host and port of the server. */
  host: string
  /** 1 for the first attempt. */
  attempt: number
  /** HTTP status of the reply, if one came. */
  status: number | null
  /** `not_sent`, `rejected`, `unknown` or `answered`, for an attempt. */
  outcome: 'not_sent' | 'rejected' | 'unknown' | 'answered' | (string & {}) | null
  /** Milliseconds that the attempt took. */
  durationMs: number | null
  /** Bytes of the reply's body, decoded. */
  bytes: number | null
  /** Milliseconds until the next attempt. */
  delayMs: number | null
  /** The id sent as `x-request-id`, or the server's own. */
  requestId: string
}

/** @internal Keys in camelCase; values as they are. */
export function camel(data: object): Record<string, unknown> {
  const rename = (key: string) => key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [rename(key), value]))
}

/** @internal Tells `listener`; its failures become process warnings. */
export function tell<T>(listener: (event: T) => unknown, event: T): void {
  const warn = (error: unknown) => process.emitWarning(error instanceof Error ? error : new Error(String(error)))
  try {
    const returned = listener(event)
    if (returned instanceof Promise) returned.catch(warn)
  } catch (error) {
    warn(error)
  }
}
