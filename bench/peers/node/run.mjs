// One runner on one workload, as one line of JSON: run.mjs WORKLOAD RUNNER BASE [name=number …]
//
// Imports and the first calls come before the part that is timed.

import { NotBuilt, openClient } from './clients.mjs'
import { ofRow, use } from './fields.mjs'
import { flows } from './flows.mjs'
import { measured } from './meter.mjs'
import { verified } from './saml.mjs'

const WARM_UP = 500

/** All requests, one by one. */
async function list(runner, base, { n }, kept) {
  const client = openClient(runner, base, 4)
  use(await client.one(0))
  return measured(n, async () => {
    let check = 0
    for await (const page of client.pages(n)) {
      kept?.push(page)
      for (const request of page) check += use(request)
    }
    return check
  })
}

async function values(runner, base, { n }) {
  const client = openClient(runner, base, 4)
  await client.one(0)
  return measured(n, async () => {
    let check = 0
    for await (const rows of client.rows(n)) for (const row of rows) check += ofRow(row)
    return check
  })
}

async function columns(runner, base, { n }) {
  const client = openClient(runner, base, 4)
  await client.one(0)
  let table
  const run = await measured(n, async () => {
    table = await client.columns(n)
  })
  const lengths = [0, 7].map((at) => [...table.getChildAt(at)].reduce((sum, text) => sum + text.length, 0))
  return { ...run, check: lengths[0] + lengths[1] }
}

/** One call after another. */
async function small(runner, base, { n }) {
  const client = openClient(runner, base, 4)
  for (let index = 0; index < WARM_UP; index++) use(await client.one(index))
  return measured(n, async (calls) => {
    let check = 0
    for (let index = 0; index < n; index++) {
      const start = performance.now()
      check += use(await client.one(index))
      calls.push(performance.now() - start)
    }
    return check
  })
}

async function many(runner, base, { n, inflight }) {
  const client = openClient(runner, base, inflight)
  async function all(count) {
    let next = 0
    let check = 0
    async function work() {
      while (next < count) {
        const request = await client.one(next++)
        check += use(request)
      }
    }
    await Promise.all(Array.from({ length: inflight }, work))
    return check
  }
  await all(inflight * 8)
  return measured(n, () => all(n))
}

const WORKLOADS = {
  list,
  'list-kept': (runner, base, options) => list(runner, base, options, []),
  values,
  columns,
  small,
  many,
  flows,
  saml: verified,
}

const [workload, runner, base, ...words] = process.argv.slice(2)
const options = Object.fromEntries(words.map((word) => word.split('=')).map(([name, number]) => [name, Number(number)]))
try {
  console.log(JSON.stringify(await WORKLOADS[workload](runner, base, options)))
} catch (error) {
  if (!(error instanceof NotBuilt)) throw error
  console.log(JSON.stringify({ not_built: error.message }))
}
process.exit()
