// Fields of lists as arrays, and as an Arrow stream.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { tableFromIPC } from 'apache-arrow'
import { cloudblue, ValidationError } from 'tenantry'
import { counter } from './fixture.mjs'

/** A client of a server that has these pages, by their offset. */
async function connectTo(t, pages) {
  const asked = []
  const server = createServer((request, response) => {
    const offset = Number(/offset=(\d+)/.exec(request.url)?.[1] ?? 0)
    asked.push(offset)
    const before = (at) => pages.slice(0, at).reduce((rows, page) => rows + page.length, 0)
    const page = pages.findIndex((_, at) => before(at) === offset)
    response.setHeader('content-type', 'application/json')
    response.setHeader('content-range', `items 0-0/${before(pages.length)}`)
    response.end(JSON.stringify(pages[page] ?? []))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  const base_url = `http://127.0.0.1:${server.address().port}/v1`
  return { asked, list: new cloudblue.Client({ base_url, api_key: 'ApiKey SU-1:k' }).requests.list({ stable: true }) }
}

const PAGES = [
  [
    {
      id: 'PR-1',
      created: '2026-01-01T00:00:00.000001+00:00',
      asset: { product: { id: 'é"' }, external_id: 7 },
      template: {},
    },
    {
      id: null,
      created: 'never',
      note: 5,
      asset: { tiers: { customer: { contact_info: { contact: { email: 'a@b' }, own: 1 } } } },
    },
  ],
  [{ id: 'PR-3', asset: 'none' }],
]
const PATHS = [
  'id',
  'created',
  'asset.product.id',
  'asset.external_id',
  'asset.tiers.customer.contact_info.contact.email',
  'asset.tiers.customer.contact_info.own',
  'template',
]

test('values are read by their paths, null where there are none', async (t) => {
  const { list } = await connectTo(t, PAGES)
  const rows = []
  for await (const row of list.values(...PATHS)) rows.push(row)
  assert.deepEqual(rows, [
    ['PR-1', PAGES[0][0].created, 'é"', 7, null, null, {}],
    [null, 'never', null, null, 'a@b', 1, null],
    ['PR-3', null, null, null, null, null, null],
  ])
})

test('an Arrow stream holds the same, by type', async (t) => {
  const { list } = await connectTo(t, PAGES)
  const table = tableFromIPC(await list.toArrow(...PATHS))
  assert.deepEqual(
    table.schema.fields.map(({ name }) => name),
    PATHS,
  )
  assert.deepEqual(table.schema.fields.map(({ type }) => String(type)).slice(0, 4), [
    'Utf8',
    'Timestamp<MICROSECOND, UTC>',
    'Utf8',
    'Utf8',
  ])
  assert.deepEqual([table.numRows, table.batches.length], [3, 2])
  const column = (name) => [...table.getChild(name)]
  assert.deepEqual(column('id'), ['PR-1', null, 'PR-3'])
  assert.deepEqual(column('asset.product.id'), ['é"', null, null])
  assert.deepEqual(column('asset.external_id'), ['7', null, null])
  assert.deepEqual(column('asset.tiers.customer.contact_info.contact.email'), [null, 'a@b', null])
  assert.deepEqual(column('template'), ['{}', null, null])
  const { data } = table.getChild('created')
  assert.deepEqual([data[0].values[0], data[0].nullCount, data[1].nullCount], [1767225600000001n, 1, 1])
})

test('an empty list is a stream without rows', async (t) => {
  const { list } = await connectTo(t, [[]])
  const table = tableFromIPC(await list.toArrow('id'))
  assert.deepEqual([table.numRows, table.schema.fields.length], [0, 1])
})

test('a path that no field has is refused with those there are, before anything is sent', async (t) => {
  const { list, asked } = await connectTo(t, PAGES)
  const refused = (error) => error instanceof ValidationError && /no field "idd"/.test(error.message)
  assert.throws(() => list.values('id', 'idd'), refused)
  await assert.rejects(list.toArrow('id', 'idd'), refused)
  assert.throws(() => list.values('asset.producct.id'), ValidationError)
  assert.deepEqual(asked, [])
})

test('values agree with the rows of a list that is read by its key', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 230 } })
  const list = connect.requests.list({ pageSize: 50 })
  const values = []
  for await (const row of list.values('id', 'asset.product.id')) values.push(row)
  assert.deepEqual(
    values,
    (await list.toList()).map(({ id, asset }) => [id, asset.product.id]),
  )
  assert.equal(tableFromIPC(await list.toArrow('id')).numRows, 230)
})
