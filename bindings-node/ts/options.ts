// Options: camelCase outside, the core's names inside, and none that is unknown.

import { refused } from './errors'
import type { Event } from './event'

/** Connection options: of a client, or of one call, where they replace the client's. */
export interface ConnectionOptions {
  /** Milliseconds for one request, its reply included; default 30,000. */
  timeoutMs?: number | undefined
  /** Milliseconds for connecting, TLS included; default 10,000. */
  connectTimeoutMs?: number | undefined
  /** How often a failed request is sent again, where that is safe; default 2, at most 10. */
  maxRetries?: number | undefined
  /** The URL of a proxy, or `false` for none; default: the environment's. Never used for the loopback. */
  proxy?: string | boolean | undefined
  /** A file of PEM certificates to trust besides the system's. */
  caFile?: string | undefined
  /** Allows plain http to other machines; default false. Each call then emits an `insecure_http` event. */
  allowInsecureHttp?: boolean | undefined
  /** Put in front of tenantry's own user agent. */
  userAgent?: string | undefined
  /** Sent with every request; credentials and framing headers are refused here. */
  extraHeaders?: Readonly<Record<string, string>> | undefined
  /** Bytes of a decoded reply that are read at most; default 16 MiB. */
  maxResponseBytes?: number | undefined
  /**
   * Is told what happens during a call. What it throws, or rejects with, becomes a process warning and stops nothing; what
   * it returns is not waited for.
   */
  onEvent?: ((event: Event) => unknown) | undefined
}

/** Options of one call. */
export interface CallOptions extends ConnectionOptions {
  /** Ends the call at once. What was sent stays sent; a signal that is aborted already sends nothing. */
  signal?: AbortSignal | undefined
}

/** @internal Names outside, and inside. */
export type Names = Readonly<Record<string, string>>

/** @internal */
export const CONNECTION: Names = {
  timeoutMs: 'timeout_ms',
  connectTimeoutMs: 'connect_timeout_ms',
  maxRetries: 'max_retries',
  proxy: 'proxy',
  caFile: 'ca_file',
  allowInsecureHttp: 'allow_insecure_http',
  userAgent: 'user_agent',
  extraHeaders: 'extra_headers',
  maxResponseBytes: 'max_response_bytes',
}

/**
 * @internal Renames the keys of `options` that `names` has, and leaves those of `own` to the caller; an unknown key is
 * refused by name, with the likely one beside it.
 */
export function rename(options: object, names: Names, own: readonly string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || own.includes(key)) continue
    const name = Object.hasOwn(names, key) ? names[key] : undefined
    if (name === undefined) throw unknown(key, [...Object.keys(names), ...own])
    out[name] = value
  }
  return out
}

/** @internal */
export function unknown(key: string, known: readonly string[]) {
  const bare = (name: string) => name.toLowerCase().replaceAll('_', '').replace(/ms$/, '')
  const likely = known.find((name) => bare(name) === bare(key))
  const hint = likely === undefined ? `known are ${known.join(', ')}` : `did you mean ${likely}?`
  return refused('config', `${key} is no option here (${hint})`, { option: key })
}
