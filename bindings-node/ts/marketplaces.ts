// The marketplaces of an app: their configuration, fetched from the developer platform and kept fresh.

/// <reference lib="esnext.disposable" preserve="true" />
import { inspect } from 'node:util'
import { Client, type ClientOptions } from './account'
import { failure, type Report, type TenantryError } from './errors'
import type { Marketplace } from './generated/maestrano'
import type { CallOptions, ConnectionOptions, Names } from './options'
import type { Secret } from './secret'
import { System } from './system'
import { Webhooks } from './webhooks'

/** Options of a configuration that is given as JSON; the connection options are those of all its clients. */
export interface JsonOptions extends ConnectionOptions {
  /** Hosts that may be sent credentials besides those of `maestrano.com` and `maestrano.io`: a name with all its subdomains. */
  trustedHosts?: readonly string[] | undefined
}

/**
 * Options of a configuration that is fetched. If none of the connection's keys is given, all are read from the environment
 * (`MNO_DEVPL_HOST`, `MNO_DEVPL_API_PATH`, `MNO_DEVPL_ENV_KEY`, `MNO_DEVPL_ENV_SECRET`); if any is given, none is.
 */
export interface FetchOptions extends JsonOptions {
  /** The developer platform; default https://developer.maestrano.com. */
  base_url?: string | undefined
  /** The path of its configuration, with or without `/marketplaces` at its end; default `/api/config/v1/marketplaces`. */
  api_path?: string | undefined
  /** The environment's API key. */
  api_key?: string | Secret | undefined
  /** The environment's API secret. */
  api_secret?: string | Secret | undefined
  /** Milliseconds for which a configuration counts as fresh; default 3,600,000 (an hour). */
  ttlMs?: number | undefined
  /** Ends the fetching at once. */
  signal?: AbortSignal | undefined
}

/** How a marketplace changed. */
export interface MarketplaceChange {
  /** `malformed`: what came cannot be used, and the old one stays, if there is one. */
  type: 'added' | 'removed' | 'changed' | 'malformed' | (string & {})
  /** Its name. */
  marketplace: string
  /** What is wrong with a malformed one. */
  message?: string
}

/** What a refresh brought. */
export interface Refreshed {
  /** The marketplaces that can be used now. */
  names: string[]
  /** What is different from before. */
  changes: MarketplaceChange[]
  /** Whether fetching failed, and the configuration is the one from before. */
  stale: boolean
  /** Why fetching failed, when it is stale; it is not thrown. */
  error: TenantryError | null
}

const JSON_SETTINGS: Names = { json: 'json', trustedHosts: 'trusted_hosts' }
const SETTINGS: Names = {
  base_url: 'base_url',
  api_path: 'api_path',
  api_key: 'api_key',
  api_secret: 'api_secret',
  trustedHosts: 'trusted_hosts',
  ttlMs: 'ttl_ms',
}

class Platform extends System {
  constructor(settings: Names, options: object) {
    super('maestrano.marketplaces', {}, settings, ['api_key', 'api_secret', 'json'], options)
  }
}

/**
 * The marketplaces of an app. A refresh swaps the whole configuration at once; a client that was made before goes on with what
 * it was made of.
 *
 * @example
 * await using marketplaces = await maestrano.Marketplaces.fetch(sandbox.maestrano)
 * const account = marketplaces.client('some-telco')
 */
export class Marketplaces implements AsyncDisposable {
  readonly #platform: Platform
  /** Webhooks that any of the marketplaces sends. */
  readonly webhooks: Webhooks

  private constructor(platform: Platform) {
    this.#platform = platform
    this.webhooks = new Webhooks(platform)
  }

  /**
   * Fetches the configuration from the developer platform.
   *
   * @throws {@link ConfigError} that names the option; {@link AuthenticationError} of wrong credentials; those of a read.
   */
  static async fetch(options: FetchOptions = {}): Promise<Marketplaces> {
    const { signal, ...settings } = options
    const marketplaces = new Marketplaces(new Platform(SETTINGS, settings))
    await marketplaces.refresh({ force: true }, signal === undefined ? {} : { signal })
    return marketplaces
  }

  /**
   * The marketplaces of a configuration's JSON text, `{"marketplaces": […]}`.
   *
   * @throws {@link ConfigError} that says where the text stops being JSON.
   */
  static fromJson(text: string, options: JsonOptions = {}): Marketplaces {
    return new Marketplaces(new Platform(JSON_SETTINGS, { ...options, json: text }))
  }

  /** The names of the marketplaces that can be used, as the configuration has them. */
  names(): string[] {
    return this.#local('names')
  }

  /** What is wrong with those that cannot be used, by name. */
  problems(): Record<string, string> {
    return this.#local('problems')
  }

  /**
   * A client of a marketplace, as it is configured now. Clients without options of their own share what they know of sessions and
   * sign-ons. They end with the marketplaces.
   *
   * @param options - Connection options over those of the marketplaces.
   * @throws {@link ConfigError} that lists the names there are, or says what is wrong with this one.
   */
  client(name: string, options: ConnectionOptions = {}): Client {
    // Its own constructor takes what is already made, but does not say so to others.
    return new Client(this.#platform.marketplace(name, options) as unknown as ClientOptions)
  }

  /**
   * The configuration of a marketplace. Its key, `api.key`, is masked.
   *
   * @throws {@link ConfigError} that lists the names there are, or says what is wrong with this one.
   */
  config(name: string): Marketplace {
    return this.#local('config', { name })
  }

  /** The name of the marketplace that calls with these credentials, or null; compared in constant time. */
  findByCredentials(credentials: { app_id: string; app_key: string | Secret }): string | null {
    return this.#local('find_by_credentials', credentials)
  }

  /**
   * Fetches the configuration again; with `force: false` only if it is older than `ttlMs`. Whoever asks meanwhile shares the
   * answer. When fetching fails, the old configuration stays, and the reply says so.
   */
  async refresh({ force = true }: { force?: boolean | undefined } = {}, options?: CallOptions): Promise<Refreshed> {
    return told(await this.#platform.invoke('maestrano.marketplaces.refresh', { force }, options))
  }

  /**
   * Waits until the configuration is old, fetches it, and gives what it brought when something changed or fetching failed; and so
   * on, until the loop is left or `signal` is aborted.
   */
  async *watch(options: CallOptions = {}): AsyncGenerator<Refreshed, never, undefined> {
    for (;;) yield told(await this.#platform.invoke('maestrano.marketplaces.watch', {}, options))
  }

  /** Ends the calls under way at once, those of its clients too, and refuses later ones with a `ConfigError`. */
  async close(): Promise<void> {
    await this.#platform.close()
  }

  /** The same as {@link Marketplaces.close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Where it is fetched from, without secrets. */
  toJSON(): Record<string, unknown> {
    return this.#platform.toJSON()
  }

  /** @internal */
  [inspect.custom](_depth: number, options: object, show: typeof inspect): string {
    const { system: _, ...shown } = this.toJSON()
    return `maestrano.Marketplaces ${show(shown, options)}`
  }

  #local<T>(verb: string, args: object = {}): T {
    return this.#platform.local(`maestrano.marketplaces.${verb}`, args)
  }
}

function told(refreshed: Omit<Refreshed, 'error'> & { error?: Report | null }): Refreshed {
  const { error } = refreshed
  return { ...refreshed, error: error == null ? null : failure(error) }
}
