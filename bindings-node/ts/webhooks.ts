// Webhooks: what Maestrano calls the app with, proved and read; without any framework.

import { refused } from './errors'
import type { Id, NotificationGroup, WebhookReply } from './generated/maestrano'
import type { System } from './system'
import {
  type AdapterOptions,
  express,
  fastify,
  type IncomingRequest,
  node,
  type OutgoingReply,
} from './webhook_servers'

/** A request as a server has it. */
export interface WebhookRequest {
  method: string
  /** The path as it was sent, with its query. */
  path: string
  /** Names and values: pairs, a `Headers` or a `Map`, or an object as `request.headers` of node is one. */
  headers: Iterable<readonly [string, string]> | Readonly<Record<string, string | readonly string[] | undefined>>
  /** The body as it was sent, not parsed; none counts as empty. */
  body?: string | Uint8Array | null | undefined
}

/** What every webhook has. */
interface Proved<Type extends string> {
  type: Type
  /** The marketplace that sent it. */
  marketplace: string
  /**
   * The same for equal deliveries. Deletions and notifications may be dropped by it; wishes to start, toggle or report a
   * synchronization are rightly repeated.
   */
  dedupe_key: string
  /** What to answer when it was dealt with. */
  reply: WebhookReply
}

/** The group is gone, and with it its subscription. */
export interface GroupDeleted extends Proved<'group_deleted'> {
  group_id: string
}

/** The user has no access to the group any more. */
export interface GroupUserRemoved extends Proved<'group_user_removed'> {
  group_id: string
  /** The user's own id, e.g. `usr-1`. */
  user_id: string
  /** The user's id in this group, e.g. `usr-1.cld-1`. */
  virtual_user_id: string
}

/** Entities of Connec! were created or changed. */
export interface ConnecNotification extends Proved<'connec_notification'> {
  /** By group, in the order in which each first appears. */
  groups: NotificationGroup[]
}

/** The group's data are to be synchronized now. */
export interface SynchronizationStart extends Proved<'synchronization_start'> {
  group_id: string
  /** Options as they were sent. */
  opts: Record<string, unknown> | null
}

/** Synchronization of the group is to be switched on if it is off, and off if it is on. */
export interface SynchronizationToggle extends Proved<'synchronization_toggle'> {
  group_id: string
}

/** It is asked where the group's synchronization is. */
export interface SynchronizationStatus extends Proved<'synchronization_status'> {
  group_id: string
}

/** A webhook that was proved to come from a marketplace; `type` tells which. */
export type WebhookEvent =
  | GroupDeleted
  | GroupUserRemoved
  | ConnecNotification
  | SynchronizationStart
  | SynchronizationToggle
  | SynchronizationStatus

/** Where a group's synchronization is. */
export interface Synchronization {
  /** Default: the group that is asked about. */
  group_id?: Id | undefined
  /** Whether synchronization is switched on. */
  sync_enabled: boolean
  status: 'RUNNING' | 'ENQUEUED' | 'SUCCESS' | 'ERROR' | 'DISABLED'
  /** What to tell the user, e.g. of an error. */
  message?: string | undefined
  /** The last change, RFC 3339. */
  updated_at?: string | undefined
}

/**
 * What a handler returns: nothing, or `true`, and the event's own reply is given; `false`, and the group counts as unknown; an
 * object that tells where a synchronization is.
 */
export type WebhookAnswer = undefined | null | boolean | Synchronization

/**
 * Deals with a webhook. What it throws, or rejects with, becomes a process warning, and the sender is told no more than that it
 * failed.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is a handler, too
export type WebhookHandler = (event: WebhookEvent) => WebhookAnswer | void | Promise<WebhookAnswer | void>

/** A webhook to be made, as Maestrano would send it. */
export interface WebhookOrder {
  /** Who sends it. */
  marketplace: string
  type: WebhookEvent['type']
  /** Of every type but notifications. */
  group_id?: Id | undefined
  /** Of `group_user_removed` alone. */
  user_id?: Id | undefined
  /** Of `connec_notification` alone: the body, e.g. `{ organizations: [{ group_id: 'cld-4' }] }`. */
  entities?: Readonly<Record<string, unknown>> | undefined
  /** Of `synchronization_start` alone. */
  opts?: Readonly<Record<string, unknown>> | undefined
}

/** A request that was not sent. Its headers hold the app's key. */
export interface SignedWebhook {
  method: string
  /** With its query. */
  path: string
  /** Where the app is, as it is configured. */
  url: string
  headers: [string, string][]
  body: string
}

/**
 * The webhooks of all marketplaces of an app. Nothing here sends anything.
 *
 * @example
 * import { createServer } from 'node:http'
 * const handler = (event) => {
 *   if (event.type === 'group_deleted') return forget(event.group_id)
 * }
 * createServer(marketplaces.webhooks.node(handler)).listen(3000)
 */
export class Webhooks {
  readonly #platform: System

  /** @internal */
  constructor(platform: System) {
    this.#platform = platform
  }

  /**
   * Finds out which marketplace sent a request, proves it, and reads what it says. Credentials are compared in constant time;
   * nothing is read of the body before they are right.
   *
   * @param options - Bytes of a body at most; default, and most, 1 MiB.
   * @throws {@link WebhookError} with the reply to give.
   */
  unwrap(request: WebhookRequest, options: { maxBodyBytes?: number | undefined } = {}): WebhookEvent {
    const { method, path, headers, body } = request
    const max_body_bytes = options.maxBodyBytes
    return this.#local('unwrap', { method, path, headers: pairs(headers), ...bytes(body), max_body_bytes })
  }

  /**
   * Makes a reply by its name: `success` (200), `started` (201), `unknown_group` (204), `synchronization` (200, with its `state`)
   * or `not_found` (404, with a `message`).
   *
   * @param reply - The name.
   * @param said - What belongs to it.
   * @throws {@link ValidationError} when that is missing or of another form.
   */
  reply(
    reply: 'success' | 'started' | 'unknown_group' | 'synchronization' | 'not_found',
    said: { state?: Synchronization | undefined; message?: string | undefined } = {},
  ): WebhookReply {
    return this.#local('reply', { ...said, reply })
  }

  /** @internal The reply to an event, after what its handler returned. */
  replyTo(event: WebhookEvent, returned: unknown): WebhookReply {
    if (returned === undefined || returned === null || returned === true) return event.reply
    const asked = event.type === 'synchronization_status'
    if (returned === false)
      return asked ? this.reply('not_found', { message: 'there is no such group' }) : this.reply('unknown_group')
    if (asked && typeof returned === 'object')
      return this.reply('synchronization', { state: { group_id: event.group_id, ...(returned as Synchronization) } })
    const wanted = asked ? 'nothing, false or the state of the synchronization' : 'nothing or false'
    throw new TypeError(`a handler returned ${typeof returned} for a ${event.type}: it must return ${wanted}`)
  }

  /**
   * The request that Maestrano would send: method, path, credentials and body. It is for tests of the app: its headers hold the
   * app's key.
   *
   * @throws {@link ValidationError} that names what the type lacks; {@link ConfigError} where the marketplace has no path for it.
   */
  sign(order: WebhookOrder): SignedWebhook {
    return this.#local('request', order)
  }

  /** The user's id in a group, `usr-1.cld-1`; one that is such an id already gets the new group. */
  maskUser(userId: string, groupId: string): string {
    return this.#local('mask_user', { user_id: userId, group_id: groupId })
  }

  /** The user's own id: what stands before the first dot. */
  unmaskUser(userId: string): string {
    return this.#local('unmask_user', { user_id: userId })
  }

  /**
   * A listener for `createServer` of `node:http`. A path that is no webhook's gets a 404.
   *
   * @param handler - Deals with each webhook.
   */
  node(
    handler: WebhookHandler,
    options: AdapterOptions = {},
  ): (request: IncomingRequest, response: OutgoingReply) => Promise<void> {
    return node(this, handler, options)
  }

  /**
   * A middleware of Express. A path that is no webhook's is passed on, untouched. The body is needed as it was sent: use it before
   * any body parser, or have that one keep `request.rawBody`.
   *
   * @param handler - Deals with each webhook.
   *
   * @example
   * app.use(marketplaces.webhooks.express(handler))
   */
  express(
    handler: WebhookHandler,
    options: AdapterOptions = {},
  ): (request: IncomingRequest, response: OutgoingReply, next: (error?: unknown) => void) => Promise<void> {
    return express(this, handler, options)
  }

  /**
   * A plugin of Fastify. It reads all bodies itself, in its own context alone; paths that are no webhook's get the app's own reply
   * of what is not found.
   *
   * @param handler - Deals with each webhook.
   *
   * @example
   * app.register(marketplaces.webhooks.fastify(handler))
   */
  fastify(handler: WebhookHandler, options: AdapterOptions = {}): (instance: object) => Promise<void> {
    return fastify(this, handler, options)
  }

  #local<T>(name: string, args: object): T {
    return this.#platform.local(`maestrano.webhooks.${name}`, args)
  }
}

function pairs(headers: WebhookRequest['headers']): (readonly [string, string])[] {
  if (Symbol.iterator in headers) return [...(headers as Iterable<readonly [string, string]>)]
  return Object.entries(headers as Record<string, string | string[] | undefined>).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => [name, one] as const),
  )
}

/** The body as it crosses: text as it is, bytes in base64, for they may be no text. */
function bytes(body: WebhookRequest['body']): object {
  if (body === undefined || body === null || typeof body === 'string') return { body: body ?? '' }
  if (body instanceof Uint8Array)
    return { body_base64: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('base64') }
  throw refused('validation', 'body must be text or bytes, as it was sent: a parsed body proves nothing', {
    field: 'body',
  })
}

export type { AdapterOptions, IncomingRequest, OutgoingReply, SeenStore } from './webhook_servers'
