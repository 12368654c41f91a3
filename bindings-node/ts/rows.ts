// The rows of a list, one by one.

import type { Page } from './page'

/**
 * @internal Iterates over the rows of pages. Written by hand, because an async generator makes three promises for each row and
 * asks it for its `then`. Nothing waits while there are rows at hand; steps that wait for a page come one after the other.
 */
export class Rows<T> implements AsyncGenerator<T, void, undefined> {
  readonly #pages: AsyncGenerator<Page, void, undefined>
  readonly #read: (page: Page, at: number) => T
  readonly #signals: readonly AbortSignal[]
  #page: Page | undefined
  #at = 0
  #over = false
  /** The last step that waits. */
  #turn: Promise<unknown> | undefined

  constructor(
    pages: AsyncGenerator<Page, void, undefined>,
    read: (page: Page, at: number) => T,
    signals: readonly AbortSignal[],
  ) {
    this.#pages = pages
    this.#read = read
    this.#signals = signals
  }

  next(): Promise<IteratorResult<T, void>> {
    if (this.#turn === undefined && this.#page !== undefined) {
      for (const signal of this.#signals) if (signal.aborted) return this.throw(signal.reason)
      if (this.#at < this.#page.length)
        return Promise.resolve({ value: this.#read(this.#page, this.#at++), done: false })
    }
    return this.#queue(() => this.#step())
  }

  return(): Promise<IteratorResult<T, void>> {
    return this.#queue(() => this.#end())
  }

  throw(error: unknown): Promise<IteratorResult<T, void>> {
    return this.#queue(async () => {
      await this.#end()
      throw error
    })
  }

  async #step(): Promise<IteratorResult<T, void>> {
    while (!this.#over) {
      if (this.#page !== undefined && this.#at < this.#page.length)
        return { value: this.#read(this.#page, this.#at++), done: false }
      this.#page = undefined
      this.#at = 0
      const { value, done } = await this.#pages.next()
      if (done === true) return await this.#end()
      this.#page = value
    }
    return { value: undefined, done: true }
  }

  async #end(): Promise<IteratorResult<T, void>> {
    this.#over = true
    this.#page = undefined
    await this.#pages.return()
    return { value: undefined, done: true }
  }

  #queue(work: () => Promise<IteratorResult<T, void>>): Promise<IteratorResult<T, void>> {
    const turn = this.#turn === undefined ? work() : this.#turn.then(work, work)
    const clear = () => {
      if (this.#turn === turn) this.#turn = undefined
    }
    this.#turn = turn
    turn.then(clear, clear)
    return turn
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}
