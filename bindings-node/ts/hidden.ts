// What displays must not show of a reply.

/** Where a reply holds secrets, by operation: dotted paths, which pass through lists. @internal */
export type Hidden = Readonly<Record<string, readonly string[]>>

/** Gives back what it is given, so that a class which extends it puts its private field there. */
class Given {
  constructor(given: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what it is for
    return given
  }
}

/** Texts in a private field of a reply's own object: no display reaches it, and it costs less than a WeakMap. */
class Kept extends Given {
  readonly #texts: Record<string, string>

  private constructor(holder: object, texts: Record<string, string>) {
    super(holder)
    this.#texts = texts
  }

  static put(holder: object, name: string, text: string): void {
    if (#texts in holder) holder.#texts[name] = text
    else new Kept(holder, { [name]: text })
  }

  static get(holder: object, name: string): string | undefined {
    return #texts in holder ? holder.#texts[name] : undefined
  }
}

/** The getters of hidden fields are shared, so that objects of one kind keep one shape. */
const getters = new Map<string, PropertyDescriptor>()

/**
 * @internal Secrets of a reply can be read by name, and by {@link withSecrets}; displays, JSON and copies do not show them.
 */
export function hide(reply: unknown, paths: readonly string[] = []): unknown {
  for (const path of paths) hideAt(reply, path.split('.'), 0)
  return reply
}

function hideAt(value: unknown, path: readonly string[], at: number): void {
  if (Array.isArray(value)) {
    for (const one of value) hideAt(one, path, at)
    return
  }
  if (typeof value !== 'object' || value === null) return
  const name = path[at] as string
  const found = (value as Record<string, unknown>)[name]
  if (at + 1 < path.length) hideAt(found, path, at + 1)
  else if (typeof found === 'string') conceal(value, name, found)
}

/** @internal Puts a text into an object, out of sight. */
export function conceal(holder: object, name: string, text: string): void {
  Kept.put(holder, name, text)
  let getter = getters.get(name)
  if (getter === undefined) {
    const get = function (this: object): string | undefined {
      return Kept.get(this, name)
    }
    getter = { get, enumerable: false, configurable: true }
    getters.set(name, getter)
  }
  Object.defineProperty(holder, name, getter)
}

/**
 * A copy of a reply that holds everything, secrets too, as plain data: what `JSON.stringify` then writes is complete. Without
 * it, values of parameters, activation keys and tokens are left out of JSON, of copies and of what `console.log` shows.
 *
 * @example
 * await queue.send(JSON.stringify(withSecrets(request)))
 */
export function withSecrets<T>(data: T): T {
  if (Array.isArray(data)) return data.map((one) => withSecrets(one)) as T
  if (typeof data !== 'object' || data === null) return data
  const names = Object.getOwnPropertyNames(data)
  return Object.fromEntries(names.map((name) => [name, withSecrets((data as Record<string, unknown>)[name])])) as T
}
