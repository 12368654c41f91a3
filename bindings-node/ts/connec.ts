// Connec!, the data sharing: the entities of one group.

import type { Id } from './generated/maestrano'
import type { CallOptions } from './options'
import type { System } from './system'

/** Query parameters, e.g. `{ $filter: "updated_at gt '2026-01-01T00:00:00Z'", $top: 10 }`. */
export type ConnecParams = Readonly<Record<string, string | number | boolean>>

/** The fields of an entity: they are the vendor's and the apps'. */
export type Entity = Record<string, unknown>

/** An operation of a batch. */
export interface BatchOperation {
  method: 'GET' | 'POST' | 'PUT' | 'get' | 'post' | 'put'
  /** E.g. `organizations`. */
  resource: string
  /** The entity's id. */
  id?: Id | undefined
  /** The entity's fields; not of a GET. */
  data?: Readonly<Entity> | undefined
}

/** What came of an operation of a batch. */
export interface BatchResult {
  /** Its own HTTP status. */
  status: number
  /** Its own reply. */
  body: unknown
}

/**
 * The shared data of one group.
 *
 * @example
 * const connec = marketplaces.client('some-telco').connec('cld-4')
 * for await (const organization of connec.listAll('organizations')) console.log(organization.name)
 */
export class Connec {
  readonly #client: System
  readonly #group: Id

  /** @internal */
  constructor(client: System, group: Id) {
    this.#client = client
    this.#group = group
  }

  /**
   * Reads an entity, or one page of a resource's list.
   *
   * @param resource - The resource, e.g. `organizations`; `company`, of which there is one, has no id.
   * @param args - The entity's `id`, none for the list; query parameters.
   * @param options - Of this call alone: time limit, retries, proxy, listener, signal.
   * @returns The reply, e.g. `{ organizations: […], pagination: {…} }`.
   * @throws {@link ConfigError} without a marketplace's configuration; {@link NotFoundError}.
   */
  async get(
    resource: string,
    args: { id?: Id | undefined; params?: ConnecParams | undefined } = {},
    options?: CallOptions,
  ): Promise<Record<string, unknown>> {
    return await this.#invoke('get', { ...args, resource }, options)
  }

  /**
   * Makes an entity. It is sent again only when nothing of it can have reached the server.
   *
   * @returns The reply, e.g. `{ organizations: {…} }`.
   * @throws {@link OutcomeUnknownError} when it may have been made: look before sending it again.
   */
  async post(
    resource: string,
    args: { data: Readonly<Entity> },
    options?: CallOptions,
  ): Promise<Record<string, unknown>> {
    return await this.#invoke('post', { ...args, resource }, options)
  }

  /**
   * Changes an entity. There is no deletion: set its status to `INACTIVE`.
   *
   * @param args - The entity's `id`, none of `company`, and the fields to change.
   * @returns The reply, e.g. `{ organizations: {…} }`.
   */
  async put(
    resource: string,
    args: { id?: Id | undefined; data: Readonly<Entity> },
    options?: CallOptions,
  ): Promise<Record<string, unknown>> {
    return await this.#invoke('put', { ...args, resource }, options)
  }

  /**
   * Reads a list to its end, page by page as it is iterated; nothing is read before. The next page's address comes from the
   * server, and is followed only on the same host and path.
   *
   * @param args - Query parameters of the first page.
   * @throws By a step: {@link ResponseError} when the next page is elsewhere, or is this one again.
   */
  async *listAll(
    resource: string,
    args: { params?: ConnecParams | undefined } = {},
    options?: CallOptions,
  ): AsyncGenerator<Entity, void, undefined> {
    let next: string | null = null
    do {
      const page: { items: Entity[]; next: string | null } = await this.#invoke(
        'page',
        { ...args, resource, next },
        options,
      )
      yield* page.items
      next = page.next
    } while (next !== null)
  }

  /**
   * Carries several operations out, 50 of them with a request.
   *
   * @returns What came of each, in their order; a failed one throws nothing.
   * @throws {@link OutcomeUnknownError} when a request's reply was lost; what came before is in `details.results`.
   */
  async batch(ops: readonly BatchOperation[], options?: CallOptions): Promise<BatchResult[]> {
    return await this.#invoke('batch', { ops }, options)
  }

  /** Reads a report, e.g. `profit_and_loss`. */
  async report(
    name: string,
    args: { params?: ConnecParams | undefined } = {},
    options?: CallOptions,
  ): Promise<unknown> {
    return await this.#invoke('report', { ...args, name }, options)
  }

  /** Whose data it shares. */
  toJSON(): Record<string, unknown> {
    return { group_id: this.#group }
  }

  async #invoke<T>(verb: string, args: object, options?: CallOptions): Promise<T> {
    return await this.#client.invoke(`maestrano.connec.${verb}`, { ...args, group_id: this.#group }, options)
  }
}
