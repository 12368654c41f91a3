// What is measured: each gives pages of requests, and single ones.

import { FETCH } from './fetch.mjs'
import { COLUMNS, rowOf } from './fields.mjs'
import { own, peer } from './packages.mjs'

const PAGE = 1000
const API_KEY = 'ApiKey SU-000-000-000:secret'

/** tenantry cannot do that yet. */
export class NotBuilt extends Error {}

export function idOf(index) {
  const four = (number) => String(number).padStart(4, '0')
  return `PR-${four(Math.floor(index / 10_000))}-${four(index % 10_000)}-2718-001`
}

/** An HTTP client, and the language's own parser. */
function assembled(name, base, connections) {
  const url = `${base}/public/v1/requests`
  const { get } = FETCH[name](connections)
  async function* pages(n) {
    for (let start = 0; start < n; start += PAGE) yield JSON.parse(await get(`${url}?limit=${PAGE}&offset=${start}`))
  }
  return {
    pages,
    one: async (index) => JSON.parse(await get(`${url}/${idOf(index)}`)),
    async *rows(n) {
      for await (const page of pages(n)) yield page.map(rowOf)
    },
    async columns(n) {
      const { tableFromArrays } = peer('apache-arrow')
      const columns = Object.fromEntries(COLUMNS.map((column) => [column, []]))
      for await (const page of pages(n)) {
        for (const row of page.map(rowOf)) for (const [at, value] of row.entries()) columns[COLUMNS[at]].push(value)
      }
      return tableFromArrays(columns)
    },
  }
}

/** The vendor's SDK. */
function official(_, base) {
  const { ConnectClient } = peer('@cloudblueconnect/connect-javascript-sdk')
  const { requests } = new ConnectClient(`${base}/public/v1`, API_KEY)
  return {
    async *pages(n) {
      for (let offset = 0; offset < n; offset += PAGE) yield await requests.search({ limit: PAGE, offset })
    },
    one: (index) => requests.get(idOf(index)),
  }
}

/** This package; `tenantry-stable` reads sets that the caller says nobody changes, several pages at once. */
function ours(name, base) {
  const { cloudblue } = own('tenantry')
  const { requests } = new cloudblue.Client({ api_key: API_KEY, base_url: `${base}/public/v1` })
  const stable = name.endsWith('-stable')
  function list(n) {
    try {
      return requests.list({ pageSize: PAGE, maxItems: n, ...(stable ? { stable: true } : {}) })
    } catch (error) {
      if (stable) throw new NotBuilt('lists of stable sets')
      throw error
    }
  }
  function part(n, method) {
    const pager = list(n)
    if (typeof pager[method] !== 'function') throw new NotBuilt(`${method}() of a list`)
    return pager[method](...COLUMNS)
  }
  return {
    pages: (n) => list(n).pages(),
    one: (index) => requests.get(idOf(index)),
    async *rows(n) {
      let rows = []
      for await (const row of part(n, 'values')) if (rows.push(row) === PAGE) rows = yield* flushed(rows)
      yield rows
    },
    async columns(n) {
      const { tableFromIPC } = peer('apache-arrow')
      return tableFromIPC(await part(n, 'toArrow'))
    },
  }
}

function* flushed(rows) {
  yield rows
  return []
}

/** The client of a runner's name: `tenantry…`, `connect-js`, or an HTTP client's. */
export function openClient(name, base, connections) {
  const open = name.startsWith('tenantry') ? ours : name === 'connect-js' ? official : assembled
  return open(name, base, connections)
}
