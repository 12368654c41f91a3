// Single sign-on by SAML: where users are sent, and who came back.

import type { Identity, Login } from './generated/maestrano'
import { hide } from './hidden'
import { crossingReplays, type ReplayStore, type Stores } from './journal'
import type { CallOptions } from './options'
import { rename } from './options'
import type { Secret } from './secret'
import type { System } from './system'

/** A posted response, and how it may be. */
export interface ConsumeArguments {
  /** The form field `SAMLResponse`, as it was posted. */
  saml_response: string
  /** The id that {@link Sso.loginUrl} gave, from the browser's own session. */
  request_id?: string | undefined
  /**
   * Accepts a response that answers no request, and where no `request_id` is given one that answers any; default false. Whoever
   * catches a response can then use it in another browser, once.
   */
  allow_unsolicited?: boolean | undefined
  /** Accepts SHA-1, with which the vendor's provider signs unless set otherwise, and keys of 1024 bits; default false. */
  allow_sha1?: boolean | undefined
  /** Accepts that all trust hangs on a SHA-1 fingerprint, where no certificate is configured; default false. */
  allow_sha1_fingerprint?: boolean | undefined
  /** Where to remember what was used; default: in this process. */
  replayStore?: ReplayStore | undefined
}

/** Fingerprints of a certificate, in hexadecimal with colons. */
export interface Fingerprints {
  sha1: string
  sha256: string
}

const CONSUME = [
  'saml_response',
  'request_id',
  'allow_unsolicited',
  'allow_sha1',
  'allow_sha1_fingerprint',
  'replayStore',
] as const
const NAMES = Object.fromEntries(CONSUME.map((name) => [name, name === 'replayStore' ? 'replay_store' : name]))

/**
 * Single sign-on of one marketplace.
 *
 * @example
 * const { url, request_id } = account.sso.loginUrl({ group_id: 'cld-4' })
 * // … the browser comes back to the consume URL …
 * const identity = await account.sso.consume({ saml_response, request_id })
 */
export class Sso {
  readonly #client: System

  /** @internal */
  constructor(client: System) {
    this.#client = client
  }

  /**
   * Begins a sign-on: where to send the browser, and the request's id, to be kept in the browser's own session.
   *
   * @param params - The parameters with which Maestrano opened the app's init URL, `group_id` among them: they are passed on.
   * @throws {@link ConfigError} without a marketplace's configuration.
   */
  loginUrl(params: Readonly<Record<string, string>> = {}): Login {
    return this.#local('login_url', { params })
  }

  /**
   * Verifies the response that the provider had posted to the consume URL, and tells who signed in. It sends nothing.
   *
   * Neither the response nor the request that it answers is taken twice: this client, and all clients of the same
   * `Marketplaces`, remember them. Several processes need a `replayStore`. The token of the session, `session.token`, can be
   * read, and no display shows it.
   *
   * @returns The user, the group, the session and more, all of it signed.
   * @throws {@link SamlError} with its `reason`; {@link ConfigError} without a marketplace's configuration, or when the store failed.
   */
  async consume(args: ConsumeArguments, options?: CallOptions): Promise<Identity> {
    const given = rename(args, NAMES, [])
    const stores: Stores = new Map()
    given.replay_store = crossingReplays(args.replayStore, stores)
    const identity = await this.#client.invoke('maestrano.sso.consume', given, options, stores)
    return hide(identity, ['session.token', 'attributes.mno_session']) as Identity
  }

  /** Where to send a user who signs out, so that the other apps' sessions end too. */
  logoutUrl(uid: string): string {
    return this.#local('logout_url', { uid })
  }

  /** Where to send a user who may not use the app. */
  unauthorizedUrl(): string {
    return this.#local('unauthorized_url')
  }

  /** Where it can be asked whether a session lasts; `sessions.check` asks. The URL holds the token: a secret. */
  sessionCheckUrl(uid: string, token: string | Secret): string {
    return this.#local('session_check_url', { uid, token })
  }

  /** The provider's address for OpenID 2.0: dead technology, which tenantry does not speak. Use {@link Sso.loginUrl}. */
  openidProviderUrl(): string {
    return this.#local('openid_provider_url')
  }

  /** The app's own URL where Maestrano begins a sign-on. */
  initUrl(): string {
    return this.#local('init_url')
  }

  /** The app's own URL where the provider posts its response. */
  consumeUrl(): string {
    return this.#local('consume_url')
  }

  /**
   * The fingerprints of a certificate.
   *
   * @param certificate - PEM, or base64 alone; default: the configured one.
   * @throws {@link SamlError} when there is no certificate, or it is none.
   */
  fingerprint(certificate?: string): Fingerprints {
    return this.#local('fingerprint', { certificate })
  }

  #local<T>(name: string, args: object = {}): T {
    return this.#client.local(`maestrano.sso.${name}`, args)
  }
}
