// Webhooks on the servers of others: node:http, Express and Fastify. None of them is imported.

import { refused, WebhookError } from './errors'
import { tell } from './event'
import type { WebhookReply } from './generated/maestrano'
import type { ReplayStore } from './journal'
import { rename } from './options'
import type { WebhookEvent, WebhookHandler, WebhookRequest, Webhooks } from './webhooks'

/** Remembers deliveries, so that equal ones are dealt with once. */
export interface SeenStore extends ReplayStore {
  /** Forgets a key whose handler failed, so that the next delivery is dealt with. Without it, that one is dropped. */
  release?(key: string): unknown
}

/** How webhooks are taken in. */
export interface AdapterOptions {
  /** Bytes of a body at most; default, and most, 1 MiB. What is larger is not read on. */
  maxBodyBytes?: number | undefined
  /**
   * Drops deletions and notifications that were dealt with already: they get their reply, and the handler is not called. Other
   * webhooks are rightly repeated. Default: each delivery is dealt with.
   */
  seen?: SeenStore | undefined
  /**
   * Milliseconds for which a delivery is remembered; default 600,000. A user who is removed, comes back and is removed again within
   * them would be overlooked.
   */
  seenForMs?: number | undefined
  /** Is told why a request was refused, for the app's log: the sender is told less. */
  onRefused?: ((error: WebhookError) => unknown) | undefined
}

/** What is needed of a request: node's own has it, and so has Express's. */
export interface IncomingRequest extends AsyncIterable<unknown> {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly readableEnded?: boolean
}

/** What is needed of a response. */
export interface OutgoingReply {
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
}

/** What middlewares before this one may have left on a request. */
interface Parsed extends IncomingRequest {
  readonly originalUrl?: string
  readonly rawBody?: unknown
  readonly body?: unknown
}

/** What is needed of Fastify. */
interface FastifyInstance {
  removeAllContentTypeParsers(): void
  addContentTypeParser(
    type: string,
    options: object,
    parser: (request: unknown, body: Buffer, done: Done) => void,
  ): void
  setErrorHandler(handler: (error: { statusCode?: number }, request: unknown, reply: FastifyReply) => unknown): void
  route(options: object): void
}
type Done = (error: null, body: Buffer) => void
interface FastifyRequest {
  readonly raw: IncomingRequest
  readonly body: unknown
}
interface FastifyReply {
  code(status: number): FastifyReply
  header(name: string, value: string): FastifyReply
  send(body?: unknown): FastifyReply
  callNotFound(): FastifyReply
}

const MAX_BODY_BYTES = 1024 * 1024
const SEEN_FOR_MS = 600_000
/** So much of a body that is too large is let pass, so that its sender comes to read the reply. */
const DISCARDED_BYTES = 4 * MAX_BODY_BYTES
const WITH_BODY = ['POST', 'PUT', 'PATCH']
const DROPPED = ['group_deleted', 'group_user_removed', 'connec_notification']
const OPTIONS = { maxBodyBytes: '', seen: '', seenForMs: '', onRefused: '' }

/** One handler behind one server. */
class Adapter {
  readonly maxBodyBytes: number
  readonly #webhooks: Webhooks
  readonly #handler: WebhookHandler
  readonly #options: AdapterOptions

  constructor(webhooks: Webhooks, handler: WebhookHandler, options: AdapterOptions) {
    rename(options, OPTIONS, [])
    if (typeof handler !== 'function')
      throw refused('validation', 'the handler must be a function of the event', { field: 'handler' })
    this.maxBodyBytes = options.maxBodyBytes ?? MAX_BODY_BYTES
    if (!(Number.isInteger(this.maxBodyBytes) && this.maxBodyBytes >= 0 && this.maxBodyBytes <= MAX_BODY_BYTES))
      throw refused('validation', `maxBodyBytes must be at most ${MAX_BODY_BYTES}`, { field: 'maxBodyBytes' })
    this.#webhooks = webhooks
    this.#handler = handler
    this.#options = options
  }

  /**
   * What can be said before a body is read: who has no credentials makes nobody read one. An event, of what has no body; a
   * refusal; or nothing, and the body is to be read.
   */
  begin(request: WebhookRequest): WebhookEvent | WebhookError | undefined {
    const begun = this.#unwrap(request)
    if (!WITH_BODY.includes(request.method.toUpperCase())) return begun
    return begun instanceof WebhookError && begun.reason !== 'invalid_body' ? begun : undefined
  }

  /** The reply to a request that is complete. */
  async answer(request: WebhookRequest): Promise<WebhookReply> {
    const event = this.#unwrap(request)
    return event instanceof WebhookError ? this.refuse(event) : await this.deal(event)
  }

  #unwrap(request: WebhookRequest): WebhookEvent | WebhookError {
    try {
      return this.#webhooks.unwrap(request, { maxBodyBytes: this.maxBodyBytes })
    } catch (error) {
      if (error instanceof WebhookError) return error
      throw error
    }
  }

  refuse(error: WebhookError): WebhookReply {
    if (this.#options.onRefused !== undefined) tell(this.#options.onRefused, error)
    return error.reply
  }

  /** Has the event dealt with, unless it was before. */
  async deal(event: WebhookEvent): Promise<WebhookReply> {
    const { seenForMs = SEEN_FOR_MS } = this.#options
    const seen = DROPPED.includes(event.type) ? this.#options.seen : undefined
    if (seen !== undefined && !(await seen.claim(event.dedupe_key, new Date(Date.now() + seenForMs))))
      return event.reply
    try {
      return this.#webhooks.replyTo(event, await this.#handler(event))
    } catch (error) {
      await seen?.release?.(event.dedupe_key)
      throw error
    }
  }

  tooLarge(): WebhookReply {
    const reply = json(413, { error: 'Payload too large' })
    const message = `the body has more than ${this.maxBodyBytes} bytes`
    const report = { code: 'webhook', message, system: 'maestrano', details: { reason: 'too_large', reply } }
    return this.refuse(new WebhookError(report))
  }
}

function json(status: number, body: object): WebhookReply {
  return { status, headers: [['content-type', 'application/json']], body: JSON.stringify(body) }
}

/** What failed is the app's own affair: the sender learns that, and no more. */
function failed(error: unknown): WebhookReply {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)))
  return json(500, { error: 'Internal error' })
}

/** The request as it came, without its body. */
function asRequest(request: IncomingRequest): WebhookRequest & { body: undefined } {
  const { method = '', url = '', originalUrl = url, rawHeaders } = request as Parsed
  const headers = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : []))
  return { method, path: originalUrl, headers, body: undefined }
}

/** The body as it was sent; nothing when it is too large. */
async function read(request: Parsed, maxBytes: number): Promise<Uint8Array | string | undefined> {
  if (request.readableEnded === true || request.rawBody !== undefined) return kept(request)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request) {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array)
    bytes += data.byteLength
    if (bytes <= maxBytes) chunks.push(data)
    else chunks.length = 0
    if (bytes > maxBytes + DISCARDED_BYTES) break
  }
  return bytes > maxBytes ? undefined : Buffer.concat(chunks)
}

/** The body that somebody read before, if it was kept as it was sent. */
function kept({ rawBody, body, rawHeaders }: Parsed): Uint8Array | string {
  for (const one of [rawBody, body]) if (typeof one === 'string' || one instanceof Uint8Array) return one
  const length = rawHeaders.findIndex((name) => name.toLowerCase() === 'content-length')
  const chunked = rawHeaders.some((name) => name.toLowerCase() === 'transfer-encoding')
  if (!chunked && (length < 0 || rawHeaders[length + 1] === '0')) return ''
  throw refused(
    'config',
    'the body of a webhook was read by a body parser before, and not kept: put the webhooks before it, or have it keep request.rawBody',
    { field: 'body' },
  )
}

function send(response: OutgoingReply, { status, headers, body }: WebhookReply): void {
  response.statusCode = status
  for (const [name, value] of headers as [string, string][]) response.setHeader(name, value)
  // A body that was not read to its end must not be taken for the next request.
  if (status === 413) response.setHeader('connection', 'close')
  response.end(body)
}

/** Replies to one request; false: it is no webhook's path, and nothing was touched. */
async function serve(
  adapter: Adapter,
  incoming: IncomingRequest,
  response: OutgoingReply,
  isMine: (refusal: WebhookError) => boolean,
): Promise<boolean> {
  try {
    const request = asRequest(incoming)
    const begun = adapter.begin(request)
    if (begun instanceof WebhookError) {
      if (!isMine(begun)) return false
      send(response, adapter.refuse(begun))
    } else if (begun !== undefined) {
      send(response, await adapter.deal(begun))
    } else {
      const body = await read(incoming, adapter.maxBodyBytes).catch((error: unknown) => {
        // The sender has gone: nobody is left to be told.
        if ((error as { code?: unknown }).code === 'ECONNRESET') return null
        throw error
      })
      if (body === undefined) send(response, adapter.tooLarge())
      else if (body !== null) send(response, await adapter.answer({ ...request, body }))
    }
  } catch (error) {
    send(response, failed(error))
  }
  return true
}

/** @internal */
export function node(webhooks: Webhooks, handler: WebhookHandler, options: AdapterOptions) {
  const adapter = new Adapter(webhooks, handler, options)
  return async (request: IncomingRequest, response: OutgoingReply): Promise<void> => {
    await serve(adapter, request, response, () => true)
  }
}

/** @internal */
export function express(webhooks: Webhooks, handler: WebhookHandler, options: AdapterOptions) {
  const adapter = new Adapter(webhooks, handler, options)
  const isMine = ({ reason }: WebhookError) => reason !== 'unknown_path'
  return async (request: IncomingRequest, response: OutgoingReply, next: (error?: unknown) => void): Promise<void> => {
    if (!(await serve(adapter, request, response, isMine))) next()
  }
}

/** @internal */
export function fastify(webhooks: Webhooks, handler: WebhookHandler, options: AdapterOptions) {
  const adapter = new Adapter(webhooks, handler, options)
  const answer = (reply: FastifyReply, { status, headers, body }: WebhookReply) => {
    reply.code(status)
    for (const [name, value] of headers as [string, string][]) reply.header(name, value)
    // Bytes, for a text would be written as JSON once more.
    return reply.send(body === '' ? undefined : Buffer.from(body))
  }
  const replying = async (reply: FastifyReply, work: () => WebhookReply | Promise<WebhookReply>) => {
    try {
      return answer(reply, await work())
    } catch (error) {
      return answer(reply, failed(error))
    }
  }
  return async (instance: object): Promise<void> => {
    const app = instance as FastifyInstance
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    app.setErrorHandler((error, _request, reply) =>
      replying(reply, () => (error.statusCode === 413 ? adapter.tooLarge() : failed(error))),
    )
    app.route({
      method: ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'],
      url: '*',
      bodyLimit: Math.max(1, adapter.maxBodyBytes),
      onRequest: async (request: FastifyRequest, reply: FastifyReply) => {
        const begun = adapter.begin(asRequest(request.raw))
        if (!(begun instanceof WebhookError)) return undefined
        return begun.reason === 'unknown_path'
          ? reply.callNotFound()
          : await replying(reply, () => adapter.refuse(begun))
      },
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        const { body } = request as { body?: Uint8Array | null }
        return await replying(reply, () => adapter.answer({ ...asRequest(request.raw), body: body ?? '' }))
      },
    })
  }
}
