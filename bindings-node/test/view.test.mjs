// Rows of lists: read where they lie in their page, and plain data to whoever looks.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import { cloudblue, withSecrets } from 'tenantry'
import { canary } from './fixture.mjs'

/** A client of a server whose lists are this text, one page. */
async function connectTo(t, text) {
  const server = createServer((request, response) => {
    const { length } = JSON.parse(text)
    response.setHeader('content-type', 'application/json').setHeader('content-range', `items 0-${length - 1}/${length}`)
    response.end(/offset=/.test(request.url) ? '[]' : text)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  return new cloudblue.Client({ base_url: `http://127.0.0.1:${server.address().port}/v1`, api_key: 'ApiKey SU-1:k' })
}

/** The rows of such a list. */
async function rows(t, text) {
  return (await connectTo(t, text)).requests.list({ stable: true, pageSize: 1000 }).toList()
}

async function rowOf(t, text) {
  return (await rows(t, `[${text}]`))[0]
}

const TEXT = JSON.stringify({
  id: 'PR-1',
  type: 'purchase',
  note: 'Zoë said "hi" 😀',
  reason: null,
  custom: { kept: [1, 2] },
  asset: {
    id: 'AS-1',
    external_id: 7,
    items: [
      { id: 'I-1', quantity: '10' },
      { id: 'I-2', quantity: 2.5 },
    ],
    params: [],
    product: { id: 'PRD-1' },
    tiers: { customer: { id: 'TA-1', contact_info: { contact: { email: 'zoë@example.com' } } } },
  },
})
const DATA = JSON.parse(TEXT)

test('a row is read field by field, and is the same as the data', async (t) => {
  const row = await rowOf(t, TEXT)
  assert.equal(row.id, 'PR-1')
  assert.equal(row.note, DATA.note)
  assert.equal(row.reason, null)
  assert.equal(row.marketplace, undefined)
  assert.equal(row.asset.tiers.customer.contact_info.contact.email, 'zoë@example.com')
  assert.deepEqual(
    row.asset.items.map(({ id, quantity }) => [id, quantity]),
    [
      ['I-1', '10'],
      ['I-2', 2.5],
    ],
  )
  assert.deepEqual(row.custom, { kept: [1, 2] })
  assert.equal(row.asset, row.asset)
  assert.equal(row.asset.items, row.asset.items)
})

for (const [how, touch] of [
  ['untouched', () => {}],
  ['read before', (row) => row.asset.items[0].id + row.asset.tiers.customer.id],
  ['looked at before', (row) => Object.keys(row.asset)],
])
  test(`equality, keys, spread, JSON and displays are those of plain data: ${how}`, async (t) => {
    const fresh = async () => {
      const row = await rowOf(t, TEXT)
      touch(row)
      return row
    }
    assert.deepEqual(await fresh(), DATA)
    assert.deepEqual(DATA, await fresh())
    assert.deepEqual(await fresh(), await fresh())
    assert.notDeepEqual(await fresh(), { ...DATA, id: 'PR-2' })
    assert.notDeepEqual(await fresh(), { ...DATA, custom: undefined })
    assert.notDeepEqual(await fresh(), await rowOf(t, TEXT.replace('I-2', 'I-3')))
    assert.deepEqual(Object.keys(await fresh()), Object.keys(DATA))
    assert.deepEqual(Object.entries((await fresh()).asset.product), [['id', 'PRD-1']])
    assert.deepEqual({ ...(await fresh()) }, DATA)
    assert.deepEqual(Object.assign({}, (await fresh()).asset), DATA.asset)
    assert.equal(JSON.stringify(await fresh()), TEXT)
    assert.equal(JSON.stringify({ rows: [await fresh()] }, null, 1), JSON.stringify({ rows: [DATA] }, null, 1))
    for (const options of [{}, { depth: 9 }, { compact: false, sorted: true }, { showHidden: true }]) {
      assert.equal(inspect(await fresh(), options), inspect(DATA, options))
      assert.equal(inspect([(await fresh()).asset], options), inspect([DATA.asset], options))
    }
    const row = await fresh()
    assert.ok('asset' in row && !('marketplace' in row) && 'custom' in row && 'toString' in row)
    assert.ok(Object.hasOwn(row, 'id') && !Object.hasOwn(row, 'marketplace') && !Object.hasOwn(row, 'toString'))
    assert.equal(Object.getPrototypeOf(row), Object.prototype)
    assert.equal(row.constructor, Object)
    assert.equal(String(row), '[object Object]')
    const names = []
    for (const name in row) names.push(name)
    assert.deepEqual(names, Object.keys(DATA))
    const { id, ...rest } = row
    assert.deepEqual([id, Object.keys(rest)], ['PR-1', Object.keys(DATA).slice(1)])
  })

test('a row that is awaited comes as it is', async (t) => {
  const row = await rowOf(t, TEXT)
  assert.equal(await row, row)
  assert.equal((await rowOf(t, '{"id": "PR-1", "then": "later"}')).then, 'later')
})

test('what the caller changes is changed', async (t) => {
  const row = await rowOf(t, TEXT)
  const { asset } = row
  asset.items[1].quantity = '9'
  asset.items.push({ id: 'I-9' })
  asset.tiers.customer.contact_info.contact.email = 'other@example.com'
  row.seen = true
  row.id = 'PR-9'
  delete row.note
  assert.equal(row.asset, asset)
  const wanted = structuredClone(DATA)
  wanted.asset.items[1].quantity = '9'
  wanted.asset.items.push({ id: 'I-9' })
  wanted.asset.tiers.customer.contact_info.contact.email = 'other@example.com'
  wanted.seen = true
  wanted.id = 'PR-9'
  delete wanted.note
  assert.deepEqual(row.toJSON(), wanted)
  assert.deepEqual(row, wanted)
  assert.deepEqual(JSON.parse(JSON.stringify(row)), wanted)
  assert.throws(() => Object.assign(Object.freeze(row), { id: 'x' }), TypeError)
})

test('toJSON gives data of its own, which can be cloned; a row itself cannot', async (t) => {
  const row = await rowOf(t, TEXT)
  const plain = row.toJSON()
  assert.deepEqual(plain, DATA)
  assert.notEqual(plain.asset, row.asset)
  plain.asset.items.length = 0
  assert.equal(row.asset.items.length, 2)
  assert.deepEqual(structuredClone(row.toJSON()), DATA)
  assert.throws(() => structuredClone(row), { name: 'DataCloneError' })
  const [shown] = await rows(t, '[{"id": "PR-1", "toJSON": "mine"}]')
  assert.deepEqual(shown, { id: 'PR-1', toJSON: 'mine' })
  assert.equal(JSON.stringify(shown), '{"id":"PR-1","toJSON":"mine"}')
})

test('secrets can be read by name, and are in no display, JSON or copy', async (t) => {
  const secret = canary()
  const param = { id: 'password', value: secret, value_error: null }
  const data = { id: 'PR-1', activation_key: secret, asset: { params: [param], items: [{ params: [param] }] } }
  const text = JSON.stringify(data)
  const read = async () => {
    const row = await rowOf(t, text)
    assert.equal(row.activation_key, secret)
    assert.equal(row.asset.params[0].value, secret)
    assert.equal(row.asset.items[0].params[0].value, secret)
    return row
  }
  for (const row of [await rowOf(t, text), await read()]) {
    const copies = [row.toJSON(), { ...row }, structuredClone(row.toJSON()), { ...row.asset.params[0] }]
    for (const shown of [row, row.asset, row.asset.params, ...copies])
      for (const display of [JSON.stringify(shown), inspect(shown, { depth: 9 }), inspect(shown, { showHidden: true })])
        assert.ok(!display.includes(secret), display)
    assert.deepEqual(Object.keys(row.asset.params[0]), ['id', 'value_error'])
    assert.equal(row.toJSON().asset.params[0].value, secret)
    assert.deepEqual(withSecrets(row), data)
    assert.equal(row.activation_key, secret)
    assert.throws(() => {
      row.activation_key = 'x'
    }, TypeError)
  }
})

test('integers beyond 2^53 are texts with all their digits', async (t) => {
  const row = await rowOf(
    t,
    '{"id": 9007199254740993, "note": -9007199254740993, "asset": {"external_id": 9007199254740991, "billing": [12345678901234567890, 1e400, -0]}}',
  )
  assert.deepEqual(
    [row.id, row.note, row.asset.external_id],
    ['9007199254740993', '-9007199254740993', 9007199254740991],
  )
  assert.deepEqual(row.asset.billing, ['12345678901234567890', Number.POSITIVE_INFINITY, -0])
})

test('fields of another kind than documented come as they are', async (t) => {
  const odd = [
    { asset: 'AS-1', id: { deep: [null] } },
    { asset: [{ id: 'x' }], note: [] },
    {
      asset: { items: {}, params: [null, 'two', [3], { id: 4 }], tiers: [[]], product: null, connection: [{ id: 1 }] },
    },
    { asset: { tiers: { customer: [], tier1: {}, tier2: 'none' }, items: '' } },
    null,
    'text é',
    [{ id: 1 }],
    12,
  ]
  const seen = await rows(t, JSON.stringify(odd))
  assert.deepEqual(seen, odd)
  assert.deepEqual(seen[2].asset.params[1], 'two')
  const again = await rows(t, JSON.stringify(odd))
  for (const [at, row] of again.entries())
    for (const name of Object.keys(odd[at] ?? {})) assert.deepEqual(row[name], odd[at][name])
})

test('of a key that comes twice the last one counts, and __proto__ is a key like any other', async (t) => {
  const text = '{"id": 1, "asset": {"id": 2}, "id": 3, "asset": {"status": "x"}, "__proto__": {"id": 9}}'
  const row = await rowOf(t, text)
  assert.deepEqual([row.id, row.asset.id], [3, undefined])
  assert.deepEqual(row, JSON.parse(text))
  assert.equal(JSON.stringify(row), JSON.stringify(JSON.parse(text)))
})

test('a page with a record of more than 32 KiB is read as well', async (t) => {
  const long = 'é"'.repeat(30_000)
  const data = [DATA, { ...DATA, note: long, asset: { ...DATA.asset, id: long } }, DATA]
  const [, row, last] = await rows(t, JSON.stringify(data))
  assert.equal(row.asset.id, long)
  assert.equal(row.asset.items[1].quantity, 2.5)
  assert.equal(last.asset.tiers.customer.id, 'TA-1')
  assert.deepEqual(await rows(t, JSON.stringify(data)), data)
})

/** A generator of numbers, the same ones each time. */
function random(seed) {
  let state = seed
  const below = (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
  return { below, pick: (list) => list[below(list.length)] }
}

const NAMES =
  'id type note asset items params tiers customer tier1 product connection hub value value_choices template contract é "\\'
const PIECES = [
  'a',
  'é',
  '😀',
  '"',
  '\\',
  '\n',
  '\u2028',
  '\u0000',
  '\ud800',
  '\udc00',
  'ünï',
  '\\u00e9',
  '/',
  '1e5',
  '{',
  ']',
  ' ',
]

function document({ below, pick }, depth) {
  const text = () => Array.from({ length: below(6) }, () => pick(PIECES)).join('')
  const kind = below(depth > 4 ? 6 : 12)
  if (kind === 0) return pick([null, true, false])
  if (kind === 1) return pick([0, -1, 1.5, 1e21, -2.5e-7, below(1e6)])
  if (kind < 6) return text()
  if (kind < 8) return Array.from({ length: below(4) }, () => document({ below, pick }, depth + 1))
  const names = NAMES.split(' ')
  return Object.fromEntries(Array.from({ length: below(7) }, () => [pick(names), document({ below, pick }, depth + 1)]))
}

/** Every value by its name, one after the other, as a program reads. */
function walk(value, data) {
  if (typeof data !== 'object' || data === null) return assert.equal(value, data)
  for (const name of Object.keys(data)) walk(value[name], data[name])
}

test('random documents are what JSON.parse makes of them, whichever way they are read', async (t) => {
  const generator = random(7)
  const data = Array.from({ length: 600 }, () => document(generator, 0))
  // One in two with its escapes written otherwise: what is outside ASCII, and lone halves of pairs, in either form.
  const ascii = (text) =>
    text.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const text = `[${data.map((one, at) => (at % 2 ? ascii(JSON.stringify(one)) : JSON.stringify(one, null, at % 3))).join(' , ')}]`
  const wanted = JSON.parse(text)
  for (const [at, row] of (await rows(t, text)).entries()) walk(row, wanted[at])
  for (const [at, row] of (await rows(t, text)).entries()) {
    if (typeof row === 'object' && row !== null && !Array.isArray(row)) {
      assert.deepEqual(withSecrets(row.toJSON()), wanted[at])
      assert.equal(JSON.stringify(withSecrets(row)), JSON.stringify(wanted[at]))
    }
    assert.deepEqual(withSecrets(row), wanted[at])
  }
})

test('a row outlives its pager and its client', async (t) => {
  const connect = await connectTo(t, `[${TEXT}, ${TEXT}]`)
  const kept = []
  for await (const row of connect.requests.list({ stable: true })) kept.push(row)
  await connect.close()
  globalThis.gc?.()
  assert.deepEqual([kept[0].asset.items[1].id, kept[1]], ['I-2', DATA])
})

test('threads read lists of their own', async (t) => {
  const connect = await connectTo(t, `[${TEXT}, ${TEXT}]`)
  const base_url = connect.toJSON().base_url
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { cloudblue } = require('tenantry')
    const connect = new cloudblue.Client({ base_url: workerData, api_key: 'ApiKey SU-1:k' })
    connect.requests.list({ stable: true }).toList().then((rows) => {
      globalThis.kept = rows
      parentPort.postMessage(rows.map((row) => row.toJSON()))
    })`
  for (let round = 0; round < 3; round++) {
    const worker = new Worker(code, { eval: true, workerData: base_url })
    const [rows] = await new Promise((resolve, reject) => {
      worker.once('message', (message) => resolve([message]))
      worker.once('error', reject)
    })
    assert.deepEqual(rows, [DATA, DATA])
    await worker.terminate()
  }
})
