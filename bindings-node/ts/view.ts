// Records of a page, read where they lie.

import { inspect } from 'node:util'
import { conceal, hide } from './hidden'
import type { Field, Model } from './model'
import type { Page } from './page'

/** A row of a list: plain data in every respect, but it reads each field when it is asked for. */
export type Row<T> = T & {
  /**
   * The row as data of its own. A row keeps its whole page in memory and cannot be sent to another thread; what this gives
   * does not and can. What is hidden of replies is hidden in it, too.
   */
  toJSON(): T
}

const BRACE = 0x7b
const BRACKET = 0x5b

/** A value that is an object, kept so that it is the same one the next time, with what the caller did to it. */
interface Kept {
  readonly field: Field
  readonly value: unknown
  readonly next: Kept | undefined
}

/** Asked of a proxy for this, it gives its place. */
const PLACE = Symbol('place')

/**
 * What is behind the proxy of a record: first where it lies in a page, and, once somebody looked at its keys or changed it,
 * its data.
 */
class Place {
  #page: Page | undefined
  readonly #model: Model
  readonly #block: number
  /** The byte from which the block's words count. */
  readonly #from: number
  #kept: Kept | undefined

  constructor(page: Page, model: Model, block: number, from: number) {
    this.#page = page
    this.#model = model
    this.#block = block
    this.#from = from
    this.#kept = undefined
  }

  static get(place: Place, name: string | symbol): unknown {
    const page = place.#page
    const field = place.#model.fields.get(name as string)
    if (page === undefined || field === undefined) return Place.#other(place, name)
    const first = page.look(place.#block, place.#from, field.at)
    if (first === 0) return undefined
    if (first !== BRACE && first !== BRACKET) return page.plain()
    for (let kept = place.#kept; kept !== undefined; kept = kept.next) if (kept.field === field) return kept.value
    const value = open(page, place.#block, place.#from, field, first)
    place.#kept = { field, value, next: place.#kept }
    return value
  }

  /** What is no known field, or is asked of data. */
  static #other(place: Place, name: string | symbol): unknown {
    if (name === PLACE) return place
    if (place.#page !== undefined) {
      // No wire has symbols.
      if (typeof name === 'symbol') return Reflect.get(Object.prototype, name)
      // Every row that somebody awaits is asked for it: not worth reading it whole.
      if (name === 'then' && !place.#look().slice().includes('"then"')) return undefined
    }
    const data = Place.data(place)
    return name === 'toJSON' && !Object.hasOwn(data, name) ? toJSON : Reflect.get(data, name)
  }

  static has(place: Place, name: string | symbol): boolean {
    const field = place.#model.fields.get(name as string)
    if (place.#page === undefined || field === undefined) return Reflect.has(Place.data(place), name)
    return place.#page.look(place.#block, place.#from, field.at) !== 0
  }

  /** Makes it data: from now on it is what the caller makes of it. */
  static data(place: Place): object {
    if (place.#page === undefined) return place
    const read = place.#read()
    for (const name of Object.getOwnPropertyNames(read)) {
      const own = Object.getOwnPropertyDescriptor(read, name) as PropertyDescriptor
      if (own.get === undefined) Object.defineProperty(place, name, own)
      else conceal(place, name, read[name] as string)
    }
    for (let kept = place.#kept; kept !== undefined; kept = kept.next) Reflect.set(place, kept.field.name, kept.value)
    place.#page = undefined
    place.#kept = undefined
    return Object.setPrototypeOf(place, Object.prototype) as object
  }

  /** A copy, as plain data. */
  static copy(place: Place): unknown {
    if (place.#page === undefined) return copy(place)
    const read = place.#read()
    for (let kept = place.#kept; kept !== undefined; kept = kept.next) read[kept.field.name] = copy(kept.value)
    return read
  }

  #read(): Record<string, unknown> {
    return hide(this.#look().whole(), this.#model.hidden) as Record<string, unknown>
  }

  #look(): Page {
    const page = this.#page as Page
    if (this.#model.inner) page.look(this.#block, this.#from, 0)
    else page.lookAtRow(this.#block)
    return page
  }

  /** Displays look behind a proxy: they find data there. With `showProxy`, they come without the proxy. */
  [inspect.custom](): unknown {
    return Place.data(#page in this ? this : ((this as unknown as Proxied)[PLACE] as Place))
  }
}

interface Proxied {
  readonly [PLACE]?: Place
}

/**
 * Why a proxy: getters of a class are read faster, but objects of a class have no keys of their own, so that any two of them
 * pass for equal in a test, and a spread or JSON of one is empty.
 */
const HANDLER: ProxyHandler<Place> = {
  get: Place.get,
  has: Place.has,
  ownKeys: (place) => Reflect.ownKeys(Place.data(place)),
  getOwnPropertyDescriptor: (place, name) => Reflect.getOwnPropertyDescriptor(Place.data(place), name),
  getPrototypeOf: (place) => Reflect.getPrototypeOf(Place.data(place)),
  set: (place, name, value, receiver) => Reflect.set(Place.data(place), name, value, receiver),
  defineProperty: (place, name, own) => Reflect.defineProperty(Place.data(place), name, own),
  deleteProperty: (place, name) => Reflect.deleteProperty(Place.data(place), name),
  setPrototypeOf: (place, prototype) => Reflect.setPrototypeOf(Place.data(place), prototype),
  preventExtensions: (place) => Reflect.preventExtensions(Place.data(place)),
}

/** @internal A row of a page. */
export function rowOf(page: Page, model: Model, at: number): unknown {
  return row(page, model, page.row(at, model.width))
}

function row(page: Page, model: Model, block: number): unknown {
  const first = page.lookAtRow(block)
  if (first === BRACE) return record(page, model, block, page.from(block))
  return first === BRACKET ? hide(page.whole(), model.hidden) : page.plain()
}

function record(page: Page, model: Model, block: number, from: number): object {
  return new Proxy(new Place(page, model, block, from), HANDLER)
}

/** The value that the page looks at, which is an object. */
function open(page: Page, block: number, from: number, field: Field, first: number): unknown {
  const { at, model, table } = field
  if (model !== undefined && table < 0 && first === BRACE) return record(page, model, page.at(block, at), from)
  const count = model === undefined || table < 0 ? 0 : page.count(block, at + 1)
  if (model === undefined || count === 0) return hide(page.whole(), field.hidden)
  const start = page.first(block, at + 1)
  const one = (number: number) => row(page, model, page.block(table, start + number, model.width))
  if (first === BRACE) return one(0)
  const rows: unknown[] = []
  for (let number = 0; number < count; number++) rows.push(one(number))
  return rows
}

/** A copy of data that may hold records of a page. */
function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  const place = (value as Proxied)[PLACE]
  if (place !== undefined) return Place.copy(place)
  if (Object.getPrototypeOf(value) !== Object.prototype) return value
  const out = {}
  for (const name of Object.getOwnPropertyNames(value)) {
    const own = Object.getOwnPropertyDescriptor(value, name) as PropertyDescriptor
    const found = copy((value as Record<string, unknown>)[name])
    if (own.get !== undefined && typeof found === 'string') conceal(out, name, found)
    else
      Object.defineProperty(out, name, {
        value: found,
        writable: true,
        enumerable: own.enumerable ?? true,
        configurable: true,
      })
  }
  return out
}

function toJSON(this: object): unknown {
  return copy(this)
}
