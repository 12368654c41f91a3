// Conditions in Connect's query language, which the core writes.

import { inspect } from 'node:util'
import { opened } from './call'
import { encode } from './encode'
import { refused } from './errors'
import { native } from './native'
import type { FilterValue } from './pager'

type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le' | 'in' | 'out' | 'like' | 'ilike' | 'is_null' | 'is_empty'

type Tree =
  | { test: { field: string; op: Comparison; value: FilterValue | readonly FilterValue[] } }
  | { and: Tree[] }
  | { or: Tree[] }
  | { not: Tree }
  | { raw: string }

/**
 * A condition on the rows of a list, made by {@link R}, {@link and}, {@link or}, {@link not} and {@link raw}. `String(query)`
 * is its text in the query language.
 */
export class Query {
  readonly #tree: Tree

  /** @internal */
  constructor(tree: Tree) {
    this.#tree = tree
  }

  /**
   * Its text, as it is sent.
   *
   * @throws {@link ValidationError} for what the language cannot say: a value with both kinds of quotes, a field that is no
   * name, a negated raw part, a list of no values.
   */
  toString(): string {
    return opened(native().spec('cloudblue.query', encode(this.#tree, new Map()))) as string
  }

  /** Its structure. */
  toJSON(): object {
    return this.#tree
  }

  /** @internal */
  [Symbol.toPrimitive](hint: string): string {
    // `a & b` and `a > b` would silently be numbers.
    if (hint === 'number') throw refused('validation', 'conditions are combined by and(…), or(…) and not(…)', {})
    return this.toString()
  }

  /** @internal */
  [inspect.custom](): string {
    return `Query(${inspect(this.#tree, { depth: 4 })})`
  }
}

/** A field by its name; its methods make conditions. */
export class Field {
  readonly #name: string

  /** @internal */
  constructor(name: string) {
    this.#name = name
  }

  /** Equal. */
  eq(value: FilterValue): Query {
    return this.#test('eq', value)
  }

  /** Not equal. */
  ne(value: FilterValue): Query {
    return this.#test('ne', value)
  }

  /** Greater, or later. */
  gt(value: FilterValue): Query {
    return this.#test('gt', value)
  }

  /** Greater or equal, or not earlier. */
  ge(value: FilterValue): Query {
    return this.#test('ge', value)
  }

  /** Less, or earlier. */
  lt(value: FilterValue): Query {
    return this.#test('lt', value)
  }

  /** Less or equal, or not later. */
  le(value: FilterValue): Query {
    return this.#test('le', value)
  }

  /** Like a pattern in which `*` stands for any text and `\*` for itself; upper and lower case differ. */
  like(pattern: string): Query {
    return this.#test('like', pattern)
  }

  /** As `like`; upper and lower case are the same. */
  ilike(pattern: string): Query {
    return this.#test('ilike', pattern)
  }

  /** One of the values; of none, never. */
  oneOf(values: Iterable<FilterValue>): Query {
    return this.#test('in', listed(values))
  }

  /** None of the values; of none, always. */
  noneOf(values: Iterable<FilterValue>): Query {
    return this.#test('out', listed(values))
  }

  /** Null, or with `false` not null. */
  isNull(value = true): Query {
    return this.#test('is_null', value)
  }

  /** Empty text, or with `false` anything else. */
  isEmpty(value = true): Query {
    return this.#test('is_empty', value)
  }

  #test(op: Comparison, value: FilterValue | readonly FilterValue[]): Query {
    return new Query({ test: { field: this.#name, op, value } })
  }
}

/** Text is iterable, and its letters are never what is meant. */
function listed(values: Iterable<FilterValue>): FilterValue[] {
  if (typeof values === 'string') throw refused('validation', 'oneOf and noneOf take a list of values', {})
  return [...values]
}

/**
 * Names a field, to be compared.
 *
 * @example
 * R('created').ge(new Date('2026-01-01'))
 */
export function R(field: string): Field {
  return new Field(field)
}

/**
 * All of the conditions hold; of none, always.
 *
 * @example
 * and(R('status').eq('pending'), not(R('asset.product.id').oneOf(['PRD-1', 'PRD-2'])))
 */
export function and(...queries: readonly Query[]): Query {
  return new Query({ and: queries.flatMap((query) => parts(query, 'and')) })
}

/** At least one of the conditions holds; of none, never. */
export function or(...queries: readonly Query[]): Query {
  return new Query({ or: queries.flatMap((query) => parts(query, 'or')) })
}

/** The condition does not hold. */
export function not(query: Query): Query {
  const inner = tree(query)
  return new Query('not' in inner ? inner.not : { not: inner })
}

/** Text in the query language, sent as it is, beside other conditions; it can neither be negated nor stand under an `or`. */
export function raw(text: string): Query {
  return new Query({ raw: text })
}

/** A chain of one kind stays flat, however long it is. */
function parts(query: Query, kind: 'and' | 'or'): Tree[] {
  const inner = tree(query)
  if (kind === 'and' && 'and' in inner) return inner.and
  if (kind === 'or' && 'or' in inner) return inner.or
  return [inner]
}

function tree(query: Query): Tree {
  if (query instanceof Query) return query.toJSON() as Tree
  throw refused('validation', 'conditions are made by R(…), and(…), or(…), not(…) and raw(…)', {})
}
