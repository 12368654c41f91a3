// Lists, read page by page as somebody iterates.

import { inspect } from 'node:util'
import { type Caller, drive, envelopeFailure } from './call'
import { Model } from './model'
import { type NativeCall, type NativeColumns, type NativePages, native } from './native'
import { type Names, unknown } from './options'
import { Page } from './page'
import type { Query } from './query'
import { Rows } from './rows'
import type { Shape } from './shape'
import { reader } from './values'
import { type Row, rowOf } from './view'

/** What every list takes besides its filters. */
export interface ListOptions {
  /** The status, or several, to select; `'any'` for all. Default of requests: `'pending'`. */
  status?: string | readonly string[] | undefined
  /** A condition besides the filters. */
  query?: Query | undefined
  /** Text to search for, in the fields that the server searches. */
  search?: string | undefined
  /**
   * Fields to order by, with `-` before one for descending; default `created`, the oldest first. A list in another order is
   * paged by offset: rows that enter or leave it meanwhile can shift others past the reader.
   */
  orderBy?: string | readonly string[] | undefined
  /** Fields to leave out (`-activation_key`), or to put in. */
  select?: string | readonly string[] | undefined
  /** Rows of a page at most; default 100. */
  pageSize?: number | undefined
  /** Rows in all at most; default: no limit. */
  maxItems?: number | undefined
  /** Fetches the next page while the caller works on this one; default true. */
  prefetch?: boolean | undefined
  /**
   * Says that no row enters or leaves the list while it is read, as for a report: then it is paged by offset, with up to four
   * pages under way at once; default false.
   */
  stable?: boolean | undefined
}

/** What a filter compares with. A `Date` becomes RFC 3339 text. */
export type FilterValue = string | number | boolean | Date

/** What a filter takes: a value, a list of them, or comparisons by name. */
export type Filter<Lookup extends string> =
  | ('eq' extends Lookup ? FilterValue : never)
  | ('in' extends Lookup ? readonly FilterValue[] : never)
  | {
      readonly [Name in Lookup]?:
        | (Name extends 'in' | 'out' ? readonly FilterValue[] : Name extends 'null' ? boolean : FilterValue)
        | undefined
    }

const OWN: Names = {
  status: 'status',
  query: 'query',
  search: 'search',
  orderBy: 'order_by',
  select: 'select',
  pageSize: 'page_size',
  maxItems: 'max_items',
  prefetch: 'prefetch',
  stable: 'stable',
}

/** @internal The arguments of a list as the core reads them: what is no option of ours is a filter. */
export function pageArguments(ids: readonly unknown[], args: object): Record<string, unknown> {
  return { ids, ...splitFilters(args, OWN) }
}

/** @internal Renames what `own` has; everything else is a filter, which the core checks. */
export function splitFilters(args: object, own: Names): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  const filters: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(args)) {
    if (value === undefined) continue
    const name = Object.hasOwn(own, key) ? own[key] : undefined
    if (name === undefined && Object.values(own).includes(key)) throw unknown(key, Object.keys(own))
    // A status that is compared is a filter; one that is named is the list's own.
    if (name === undefined || (name === 'status' && isComparison(value))) filters[key] = value
    else out[name] = (name === 'order_by' || name === 'select') && typeof value === 'string' ? [value] : value
  }
  return { ...out, filters }
}

function isComparison(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @internal */
export interface PagerSource {
  operation: string
  args: Record<string, unknown>
  caller: Caller
  open(args: object): NativePages
  count(args: object): NativeCall
  shape: Shape
  hidden: readonly string[] | undefined
}

/**
 * A list that is read as it is iterated, one page ahead. Nothing is sent before the first row is asked for; each iteration
 * begins anew, and leaving it ends its reading.
 *
 * A list in the order of `created` skips nothing that was selected when the iteration began, also when the loop changes the
 * rows so that they leave the selection.
 *
 * @example
 * for await (const request of connect.requests.list({ product_id: 'PRD-1', type: 'purchase' }))
 *   await connect.requests.approve(request.id, { template_id: 'TL-1' })
 */
export class Pager<T> implements AsyncIterable<Row<T>> {
  readonly #source: PagerSource
  readonly #model: Model
  /** The reading that checked the arguments: the first iteration takes it. */
  #opened: NativePages | undefined

  /** @internal */
  constructor(source: PagerSource) {
    this.#source = source
    this.#model = Model.of(source.shape, source.hidden)
    this.#opened = source.open(source.args)
  }

  /**
   * The rows.
   *
   * @throws {@link TenantryError} of the page that could not be read; an aborted signal's reason.
   */
  [Symbol.asyncIterator](): AsyncGenerator<Row<T>, void, undefined> {
    const read = (page: Page, at: number) => rowOf(page, this.#model, at) as Row<T>
    return new Rows(this.#read(this.#open()), read, this.#source.caller.signals)
  }

  /** The rows, page by page. No page is empty. */
  async *pages(): AsyncGenerator<Row<T>[], void, undefined> {
    for await (const page of this.#read(this.#open())) yield this.#rows(page)
  }

  /** The first row, or nothing; it asks for no whole page. */
  async first(): Promise<Row<T> | undefined> {
    const { args } = this.#source
    const one = { ...args, max_items: Math.min(1, Number(args.max_items ?? 1)), prefetch: false }
    for await (const page of this.#read(this.#source.open(one))) return this.#rows(page)[0]
    return undefined
  }

  /** All rows. */
  async toList(): Promise<Row<T>[]> {
    const rows: Row<T>[] = []
    for await (const page of this.#read(this.#open())) for (const row of this.#rows(page)) rows.push(row)
    return rows
  }

  /** How many rows the server counts, by a request for none of them; `maxItems` does not matter. */
  async count(): Promise<number> {
    const { args, caller, count } = this.#source
    return (await drive(() => count(args), caller)) as number
  }

  /**
   * The values of these fields of each row, `null` where one is absent: no row is made for them.
   *
   * @param paths - Fields by name, and fields of records within by names with a dot between: `asset.product.id`.
   * @throws {@link ValidationError} that lists the fields there are; nothing is sent.
   *
   * @example
   * for await (const [id, product] of connect.requests.list().values('id', 'asset.product.id')) console.log(id, product)
   */
  values(...paths: readonly string[]): AsyncIterable<unknown[]> {
    this.#columns(paths)
    const read = reader(this.#model, paths)
    const { signals } = this.#source.caller
    return { [Symbol.asyncIterator]: () => new Rows(this.#read(this.#open()), read, signals) }
  }

  /**
   * These fields of all rows as an Arrow IPC stream, which `tableFromIPC` of `apache-arrow` reads, and so do pandas, polars,
   * DuckDB and others: texts as `utf8`, instants as `timestamp[us, UTC]`, integers as `int64`, booleans as `bool`, and
   * everything else as `utf8` that holds JSON.
   *
   * @param paths - As in {@link Pager.values}; each names its column.
   * @throws {@link ValidationError} that lists the fields there are; nothing is sent.
   *
   * @example
   * const table = tableFromIPC(await connect.requests.list({ stable: true }).toArrow('id', 'created', 'asset.product.id'))
   */
  async toArrow(...paths: readonly string[]): Promise<Uint8Array> {
    const columns = this.#columns(paths)
    const pages = this.#open()
    try {
      while ((await this.#next(() => columns.next(pages))) !== null);
      return columns.finish()
    } finally {
      pages.close()
    }
  }

  #columns(paths: readonly string[]): NativeColumns {
    const [system = ''] = this.#source.operation.split('.')
    const columns = native().columns(system, this.#source.shape.name, paths)
    if (typeof columns === 'string') throw envelopeFailure(columns)
    return columns
  }

  /** Which list it is; it sends nothing. */
  toJSON(): Record<string, unknown> {
    return { operation: this.#source.operation }
  }

  /** @internal */
  [inspect.custom](): string {
    return `Pager(${this.#source.operation})`
  }

  #rows(page: Page): Row<T>[] {
    return Array.from({ length: page.length }, (_, at) => rowOf(page, this.#model, at) as Row<T>)
  }

  #open(): NativePages {
    const pages = this.#opened ?? this.#source.open(this.#source.args)
    this.#opened = undefined
    return pages
  }

  /** Waits for a page; null at the end. */
  async #next(next: () => NativeCall | string): Promise<unknown> {
    const begin = () => {
      const call = next()
      if (typeof call === 'string') throw envelopeFailure(call)
      return call
    }
    return await drive(begin, this.#source.caller)
  }

  async *#read(pages: NativePages): AsyncGenerator<Page, void, undefined> {
    try {
      for (;;) {
        await this.#next(() => pages.next())
        const page = pages.take()
        if (page == null) return
        yield new Page(page)
      }
    } finally {
      pages.close()
    }
  }
}
