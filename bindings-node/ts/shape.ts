// Where the fields of a record lie in a page.

/**
 * @internal The known fields of a record. Its block of slots begins with its own range. A field has its slot; if it is a record
 * of its own or a list of them, also their shape; and the table of their rows, if they do not lie in this block.
 */
export interface Shape {
  readonly name: string
  readonly width: number
  readonly fields: Readonly<Record<string, readonly [at: number, shape?: Shape, table?: number]>>
}
