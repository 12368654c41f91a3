// Secrets and where to find them.

import { inspect } from 'node:util'

type Source =
  | { readonly text: string }
  | { readonly env: string }
  | { readonly file: string }
  | { readonly callback: () => string | Promise<string> }

// Outside of the object: no inspection, no serialisation and no clone reaches it.
const sources = new WeakMap<Secret, Source>()

/**
 * A secret, or where to find it. Every secret argument takes one, or the text itself.
 *
 * `console.log`, `JSON.stringify`, string conversion and `structuredClone` never show the text.
 *
 * @example
 * const password = Secret.env('STORE_DB_PASSWORD')
 */
export class Secret {
  private constructor(source: Source) {
    sources.set(this, source)
  }

  /** The secret itself, wrapped so that nothing shows it. */
  static text(text: string): Secret {
    return new Secret({ text })
  }

  /** The environment variable `name`, read by the core each time the secret is needed. */
  static env(name: string): Secret {
    return new Secret({ env: name })
  }

  /** The file at `path`: one line, readable by its owner alone (mode 0600); read each time the secret is needed. */
  static file(path: string): Secret {
    return new Secret({ file: path })
  }

  /** A function that gives the secret, or a promise of it, called each time the secret is needed. */
  static callback(callback: () => string | Promise<string>): Secret {
    return new Secret({ callback })
  }

  /** `Secret(***)`, or the name of the place where the secret is. */
  toString(): string {
    const source = sources.get(this)
    if (source !== undefined && 'env' in source) return `Secret(env ${source.env})`
    if (source !== undefined && 'file' in source) return `Secret(file ${source.file})`
    return source !== undefined && 'callback' in source ? 'Secret(callback)' : 'Secret(***)'
  }

  /** The same as {@link Secret.toString}. */
  toJSON(): string {
    return this.toString()
  }

  /** @internal */
  [inspect.custom](): string {
    return this.toString()
  }
}

/** The functions of callback secrets, by the name under which the core asks for them. @internal */
export type Callbacks = Map<string, () => string | Promise<string>>

/** What crosses to the core in place of a secret; a function is put into `callbacks`. @internal */
export function reveal(secret: Secret, callbacks: Callbacks): unknown {
  const source = sources.get(secret)
  if (source === undefined) throw new TypeError('this Secret was not made by Secret.text, env, file or callback')
  if ('text' in source) return source.text
  if (!('callback' in source)) return source
  const name = `callback-${callbacks.size + 1}`
  callbacks.set(name, source.callback)
  return { callback: name }
}
