// Fields of rows, read by their paths without making the rows.

import { hide } from './hidden'
import type { Field, Model } from './model'
import type { Page } from './page'

const BRACE = 0x7b
const BRACKET = 0x5b

/** Records on the way to a field, the field, and names within its value. */
interface Path {
  readonly way: readonly Field[]
  readonly last: Field
  readonly rest: readonly string[]
}

/** @internal Reads these fields of a page's rows, null where one is absent. The core has checked the paths. */
export function reader(model: Model, paths: readonly string[]): (page: Page, at: number) => unknown[] {
  const found = paths.map((path) => pathOf(model, path))
  return (page, at) => {
    const block = page.row(at, model.width)
    const from = page.from(block)
    const row: unknown[] = []
    for (const path of found) row.push(valueAt(page, block, from, path) ?? null)
    return row
  }
}

function pathOf(model: Model, path: string): Path {
  const way: Field[] = []
  const rest: string[] = []
  let within: Model | undefined = model
  for (const name of path.split('.')) {
    const field: Field | undefined = within?.fields.get(name)
    if (field === undefined) rest.push(name)
    else way.push(field)
    within = field?.model
  }
  const last = way.pop()
  if (last === undefined) throw new TypeError(`${path} is no path`)
  return { way, last, rest }
}

function valueAt(page: Page, start: number, base: number, { way, last, rest }: Path): unknown {
  let block = start
  let from = base
  for (const { at, model, table } of way) {
    if (page.look(block, from, at) !== BRACE || model === undefined) return null
    if (table < 0) {
      block = page.at(block, at)
    } else {
      if (page.count(block, at + 1) === 0) return null
      block = page.block(table, page.first(block, at + 1), model.width)
      from = page.from(block)
    }
  }
  const first = page.look(block, from, last.at)
  if (first === 0) return null
  if (first !== BRACE && first !== BRACKET) return rest.length === 0 ? page.plain() : null
  let value = hide(page.whole(), last.hidden)
  for (const name of rest) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null
    value = (value as Record<string, unknown>)[name]
  }
  return value
}
