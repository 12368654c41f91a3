// The client of one marketplace of Maestrano.

import { type Changed, Changes, type ChangesOptions, RecurringBills } from './changes'
import { Connec } from './connec'
import { OutcomeUnknownError } from './errors'
import { type Id, type Marketplace, Resources } from './generated/maestrano'
import { crossingJournal, type Stores } from './journal'
import type { CallOptions, ConnectionOptions, Names } from './options'
import type { Secret } from './secret'
import { Sso } from './sso'

/** Options of a client of the account API alone. */
export interface ClientOptions extends ConnectionOptions {
  /** The account API's base URL; default https://api-hub.maestrano.com/api/v1. */
  base_url?: string | undefined
  /** The app's id. */
  app_id?: string | undefined
  /** The app's key. */
  app_key?: string | Secret | undefined
}

const SETTINGS: Names = { base_url: 'base_url', app_id: 'app_id', app_key: 'app_key' }
const CREATES = /^maestrano\.(?:bills|recurring_bills)\.create$/

/**
 * A client of one marketplace: `Marketplaces.client` gives one that can do everything; one that is made of an id and a key
 * knows the account API alone.
 *
 * Source: the vendor's page "SDK free integration", its wiki, and the sources of its API sandbox and of its SDKs; nothing was
 * checked against the live API.
 *
 * @example
 * const marketplaces = await maestrano.Marketplaces.fetch(sandbox.maestrano)
 * const account = marketplaces.client('some-telco')
 * const order = { group_id: 'cld-4', price_cents: 2000, currency: 'USD', description: 'Product purchase', reference: 'order-123' }
 * const bill = await account.bills.create(order)
 */
export class Client extends Resources {
  declare readonly recurringBills: RecurringBills
  /** Single sign-on. */
  readonly sso: Sso

  /** @throws {@link ConfigError} that names the option which is unknown, missing or cannot be used. */
  constructor(options: ClientOptions = {}) {
    super(SETTINGS, ['app_key'], options)
    this.recurringBills = new RecurringBills(this)
    this.sso = new Sso(this)
  }

  /** The configuration that the client was made of. Its key, `api.key`, is masked. */
  get config(): Marketplace {
    return this.local('maestrano.client.config')
  }

  /** Asks whether the account API is there and knows the credentials; gives its data. */
  async ping(options?: CallOptions): Promise<Record<string, unknown>> {
    return await this.invoke('maestrano.client.ping', {}, options)
  }

  /** The shared data of one group. */
  connec(groupId: Id): Connec {
    return new Connec(this, groupId)
  }

  /**
   * What changes in a resource, from an instant or a cursor on. Nothing is sent before its first step.
   *
   * @param resource - `groups`, `users`, `bills` or `recurring_bills`.
   * @param options - `since` or `cursor`; how often it is looked; options of the calls.
   *
   * @example
   * const changes = account.changes('bills', { since: new Date() })
   * for await (const bill of changes) {
   *   await book(bill)
   *   await keep(changes.cursor)
   * }
   */
  changes<R extends keyof Changed>(resource: R, options: ChangesOptions): Changes<Changed[R]> {
    return new Changes(this, resource, options)
  }

  /** @internal A journal crosses by its name, and an error of a lost bill knows how to settle it. */
  override async invoke<T>(operation: string, args: object, options: CallOptions = {}, given?: Stores): Promise<T> {
    if (!CREATES.test(operation)) return await super.invoke(operation, args, options, given)
    const stores: Stores = new Map()
    const crossed = { ...args, journal: crossingJournal((args as { journal?: unknown }).journal, stores) }
    // A decision is taken later: the signal that ended the creation says nothing about it.
    const { signal, ...later } = options
    const settled = async (verb: string, decided: object, call: CallOptions): Promise<T> => {
      try {
        return await super.invoke<T>(operation.replace('create', verb), decided, call, stores)
      } catch (error) {
        if (!(error instanceof OutcomeUnknownError)) throw error
        throw OutcomeUnknownError.remedied(error, {
          adopt: async (id) => await settled('adopt', { id, arguments: crossed }, later),
          force: async () => await settled('force', { arguments: crossed }, later),
        })
      }
    }
    return await settled('create', crossed, options)
  }
}
