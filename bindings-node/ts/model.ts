// How records of one kind are read at one place of a reply.

import type { Shape } from './shape'

/** @internal How a field is read. */
export interface Field {
  readonly name: string
  readonly at: number
  /** How the field is read if it is a record, or the records of it if it is a list. */
  readonly model: Model | undefined
  /** The table of its rows; −1 if it lies within the block of its record. */
  readonly table: number
  /** Where its value holds secrets. */
  readonly hidden: readonly string[]
}

/** @internal A shape, and what of it is hidden at this place. */
export class Model {
  /** Whether its block lies within that of another record. */
  readonly inner: boolean
  readonly width: number
  readonly hidden: readonly string[]
  readonly fields: ReadonlyMap<string, Field>
  /** Each shape's models, by what is hidden. */
  static readonly #known = new WeakMap<Shape, Map<string, Model>>()

  private constructor(shape: Shape, hidden: readonly string[], inner: boolean) {
    this.inner = inner
    this.width = shape.width
    this.hidden = hidden
    const fields = new Map<string, Field>()
    for (const [name, [at, of, table = -1]] of Object.entries(shape.fields)) {
      const within = hidden.filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1))
      const model = of === undefined ? undefined : Model.of(of, within, table < 0)
      fields.set(name, { name, at, model, table, hidden: within })
    }
    this.fields = fields
  }

  static of(shape: Shape, hidden: readonly string[] = [], inner = false): Model {
    let models = Model.#known.get(shape)
    if (models === undefined) {
      models = new Map()
      Model.#known.set(shape, models)
    }
    const key = `${inner} ${hidden.join(' ')}`
    let model = models.get(key)
    if (model === undefined) {
      model = new Model(shape, hidden, inner)
      models.set(key, model)
    }
    return model
  }
}
