// What to onboard: the merchant, as a person writes it down.

import { readFileSync } from 'node:fs'
import { opened } from './call'
import { encode } from './encode'
import type { ClientRights, Id, MagentoAccount } from './generated/magento_bi'
import { native } from './native'
import { Secret } from './secret'

/** A merchant to onboard. A spec file (TOML) has the same keys in every language. */
export interface OnboardingSpec {
  /** The merchant's name. */
  company: string
  /** The plan, e.g. `T100`. */
  tier: string
  /** An existing administrator, not the merchant's user. */
  admin: { email: string; first_name: string; last_name: string; role: string }
  /** What the merchant is to Magento. */
  magento: MagentoAccount
  /** The merchant's user, who is invited. `user_id` is for replies that lack it. */
  user: {
    email: string
    first_name: string
    last_name: string
    client_rights: ClientRights
    user_id?: Id | null | undefined
  }
  /** Step 5: left out, it is skipped. */
  client_settings?:
    | { name?: string | null | undefined; properties?: Record<string, unknown> | undefined }
    | null
    | undefined
  /** The merchant's database. Properties are text or null; `encryption_groupSecret` is a secret. */
  connection: {
    name: string
    display_name?: string | null | undefined
    type: string
    properties: Record<string, string | null | Secret>
    password?: string | Secret | null | undefined
    encryption_password?: string | Secret | null | undefined
  }
  /** The dashboards. `user_id_from` says whose they are: the `reply` to the invitation (default), the `token`'s, or `omit`. */
  dashboards: {
    package: string
    database: string
    table_prefix?: string | undefined
    user_id_from?: 'reply' | 'token' | 'omit' | undefined
  }
  /** Waits for a person to say that the user is ready, before the connection is made; default false. */
  confirm_user?: boolean | undefined
  /** Waits for a person to install the public key; default: if the connection has a tunnel. */
  install_public_key?: boolean | null | undefined
}

/** Something to change in a spec. */
export interface SpecProblem {
  /** Its path, e.g. `admin.email`. */
  field: string
  /** What is wrong with it. */
  message: string
}

/** What is wrong with a spec, and what is unwise. */
export interface SpecCheck {
  errors: SpecProblem[]
  warnings: SpecProblem[]
}

/** Functions on specs; a spec itself is plain data. */
export const OnboardingSpec = {
  /**
   * Reads a spec from a TOML file. Secrets are best written as `password = {env = "NAME"}`; they come as {@link Secret}.
   *
   * @throws {@link ValidationError} when it is not TOML; what `check` finds is not looked for here.
   */
  fromToml(path: string): OnboardingSpec {
    const spec = opened(native().spec('magento_bi.onboarding.from_toml', readFileSync(path, 'utf8'))) as OnboardingSpec
    const { connection } = spec
    if (typeof connection === 'object' && connection !== null) {
      for (const key of ['password', 'encryption_password']) wrap(connection, key)
      if (typeof connection.properties === 'object') wrap(connection.properties, 'encryption_groupSecret')
    }
    return spec
  },

  /** All that is wrong with a spec, at once, and what is unwise about it; sends nothing. */
  check(spec: OnboardingSpec): SpecCheck {
    return opened(native().spec('magento_bi.onboarding.check', encode(spec, new Map()))) as SpecCheck
  },
}

/** Puts a secret of a spec file out of sight. */
function wrap(object: object, key: string): void {
  const holder = object as Record<string, unknown>
  const value = holder[key]
  if (typeof value === 'string') holder[key] = Secret.text(value)
  if (typeof value !== 'object' || value === null) return
  if ('env' in value && typeof value.env === 'string') holder[key] = Secret.env(value.env)
  if ('file' in value && typeof value.file === 'string') holder[key] = Secret.file(value.file)
}
