// Magento BI (RJMetrics) Cloud Onboarding: eleven calls, and the flow that makes a merchant of them.

import { Resources } from './generated/magento_bi'
import { Onboardings } from './onboardings'
import type { ConnectionOptions, Names } from './options'
import type { Secret } from './secret'

/**
 * Options of a client. If none of the connection's keys is given, all are read from the environment (`TENANTRY_MAGENTO_BI_`
 * with `USERNAME`, `PASSWORD`, `OAUTH_CLIENT_ID`, `CLIENT_SECRET`, `BASE_URL`, `DASHBOARD_URL`); if any is given, none is.
 */
export interface ClientOptions extends ConnectionOptions {
  /** The API's base URL; default https://api.rjmetrics.com. */
  base_url?: string | undefined
  /** The dashboard's base URL; default https://dashboard.rjmetrics.com. */
  dashboard_url?: string | undefined
  /** The e-mail address of an existing user who may onboard. */
  username?: string | undefined
  /** That user's password. */
  password?: string | Secret | undefined
  /** The OAuth client that Magento BI gave with the client secret; not the client that an onboarding creates. */
  oauth_client_id?: number | undefined
  /** The secret of the OAuth client. */
  client_secret?: string | Secret | undefined
  /** How operations that take both show the token; default: what the vendor's own client does. */
  authStyle?: 'bearer' | 'cookie' | undefined
}

const SETTINGS: Names = {
  base_url: 'base_url',
  dashboard_url: 'dashboard_url',
  username: 'username',
  password: 'password',
  oauth_client_id: 'oauth_client_id',
  client_secret: 'client_secret',
  authStyle: 'auth_style',
}

/**
 * A client of Magento BI's Cloud Onboarding API. It gets and renews its access token by itself.
 *
 * Source: the vendor's document "Magento BI Cloud Onboarding API" (beta) and its example client of 2018. The live API is
 * private: nothing was checked against it.
 *
 * @example
 * const sandbox = await Sandbox.start()
 * const bi = new magentoBi.Client(sandbox.magentoBi)
 * const { status } = await bi.signups.get(signup_id)
 */
export class Client extends Resources {
  /** Onboarding flows: all the steps, resumable. */
  readonly onboardings: Onboardings

  /** @throws {@link ConfigError} that names the option which is unknown, missing or cannot be used. */
  constructor(options: ClientOptions = {}) {
    super(SETTINGS, ['password', 'client_secret'], options)
    this.onboardings = new Onboardings(this)
  }
}

export { Fleet, type FleetStatus, type FleetTurn } from './fleet'
export { Flow } from './flow'
export * from './generated/magento_bi'
export {
  type CheckpointStore,
  type FleetOptions,
  type FleetStore,
  type Onboarding,
  type OnboardingOptions,
  type OnboardingResult,
  Onboardings,
  type PollOptions,
  type WaitingStep,
} from './onboardings'
export { OnboardingSpec, type SpecCheck, type SpecProblem } from './spec'
