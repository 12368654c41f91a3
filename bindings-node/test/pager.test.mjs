// Lists: lazy, page by page, one page ahead, and nothing skipped.

import assert from 'node:assert/strict'
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { InternalServerError, ValidationError } from 'tenantry'
import { count, counter, statuses } from './fixture.mjs'

const LIST = 'cloudblue.requests.list'

function linkOf(descriptor) {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

/** How many pages were asked for so far. */
async function asked(sandbox) {
  return count(await sandbox.journal(), LIST)
}

test('2,500 pending requests, each approved as it comes: 2,500 approved', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 2500, created_spread_ms: 60_000 } })
  const seen = new Set()
  for await (const request of connect.requests.list({ product_id: 'PRD-1', type: 'purchase' })) {
    seen.add(request.id)
    await connect.requests.approve(request.id, { template_id: 'TL-1' })
  }
  assert.equal(seen.size, 2500)
  const found = [...(await statuses(sandbox)).values()]
  assert.deepEqual([found.length, new Set(found)], [2500, new Set(['approved'])])
  assert.equal(count(await sandbox.journal(), 'cloudblue.requests.approve'), 2500)
})

test('requests of one instant, more than a page, are approved as they come', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 450, created_spread_ms: 0 } })
  for await (const { id } of connect.requests.list()) await connect.requests.approve(id, { template_id: 'TL-1' })
  assert.deepEqual(new Set((await statuses(sandbox)).values()), new Set(['approved']))
})

test('nothing is sent before the first row is asked for, and showing a list sends nothing', async (t) => {
  const { sandbox, connect } = await counter(t)
  const list = connect.requests.list()
  assert.equal(inspect(list), 'Pager(cloudblue.requests.list)')
  assert.equal(JSON.stringify(list), '{"operation":"cloudblue.requests.list"}')
  const rows = list[Symbol.asyncIterator]()
  assert.equal((await sandbox.journal()).length, 0)
  assert.equal((await rows.next()).done, false)
  await rows.return()
})

test('the next page is fetched while the caller works on this one, and no further one', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 500 } })
  const rows = connect.requests.list()[Symbol.asyncIterator]()
  await rows.next()
  // The second request comes by itself; the test's own time limit ends a wait in vain.
  while ((await asked(sandbox)) < 2);
  await connect.requests.get('PR-none').catch(() => {})
  assert.equal(await asked(sandbox), 2)
  await rows.return()
})

test('without prefetch, a page is asked for when its first row is', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 250 } })
  const sent = []
  for await (const page of connect.requests.list({ prefetch: false }).pages()) {
    await connect.requests.get(page[0].id)
    sent.push([page.length > 0, await asked(sandbox)])
  }
  assert.deepEqual(sent.slice(0, 3), [
    [true, 1],
    [true, 2],
    [true, 3],
  ])
})

test('leaving the loop gives the page up that is fetched ahead', async (t) => {
  if (process.platform !== 'linux') return t.skip('connections are counted in /proc')
  const sockets = () => readdirSync('/proc/self/fd').filter((name) => linkOf(name).startsWith('socket:')).length
  // With the real clock, a held page does not time out and come again.
  const { sandbox, connect } = await counter(t, { sandbox: { clock: 'real' }, generate: { requests: 1000 } })
  await sandbox.fault({ operation: LIST, skip: 1, times: null, hold: true })
  let held
  for await (const request of connect.requests.list()) {
    assert.ok(request.id)
    while ((await asked(sandbox)) < 2);
    held = sockets()
    break
  }
  // Its connection is closed at once; collecting the garbage would close it a thousand turns later.
  for (let turn = 0; turn < 200 && sockets() >= held; turn++) await new Promise(setImmediate)
  assert.ok(sockets() < held)
  assert.equal(await asked(sandbox), 2)
})

test('each iteration begins anew, and all ways of reading agree', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 230 } })
  const list = connect.requests.list({ pageSize: 50 })
  const rows = await list.toList()
  const pages = []
  for await (const page of list.pages()) pages.push(page)
  assert.deepEqual(pages.flat(), rows)
  assert.ok(pages.length >= 5 && pages.every((page) => page.length > 0 && page.length <= 50))
  assert.equal(rows.length, 230)
  assert.equal(new Set(rows.map(({ id }) => id)).size, 230)
  assert.deepEqual(
    [...rows].sort((a, b) => a.created.localeCompare(b.created)),
    rows,
  )
  assert.deepEqual(await list.first(), rows[0])
  assert.equal(await list.count(), 230)
  const few = connect.requests.list({ maxItems: 70, pageSize: 50 })
  assert.deepEqual(await few.toList(), rows.slice(0, 70))
  assert.deepEqual(await connect.requests.list({ maxItems: 0 }).toList(), [])
  assert.equal(await connect.requests.list({ maxItems: 0 }).first(), undefined)
  const none = connect.requests.list({ id: 'PR-none' })
  assert.deepEqual([await none.first(), await none.count(), await none.toList()], [undefined, 0, []])
  const [, sent] = [await sandbox.journal(), await asked(sandbox)]
  assert.deepEqual(await connect.requests.list({ id: [] }).toList(), [])
  assert.equal(await asked(sandbox), sent, 'a list that can hold nothing asks nobody')
})

test('two iterations at the same time do not disturb each other', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 150 } })
  const list = connect.requests.list({ pageSize: 40 })
  const [one, two] = await Promise.all([list.toList(), list.toList()])
  assert.deepEqual([one.length, two], [150, one])
})

test('a caller who orders otherwise pages by offset', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 120 } })
  const rows = await connect.requests.list({ orderBy: '-created', pageSize: 50 }).toList()
  assert.deepEqual(
    [...rows].sort((a, b) => b.created.localeCompare(a.created)),
    rows,
  )
  assert.equal(new Set(rows.map(({ id }) => id)).size, 120)
  const queries = (await sandbox.journal()).map(({ query }) => query.rql)
  assert.ok(
    queries.some((rql) => /ordering\(-created\).*offset=50/.test(rql)),
    queries.join('\n'),
  )
})

test('select leaves fields out and puts fields in', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 3 } })
  const [row] = await connect.requests.list({ select: ['-asset.params', '-asset.tiers'] }).toList()
  assert.ok(row.asset.items.length > 0)
  assert.deepEqual([row.asset.params, row.asset.tiers], [undefined, undefined])
})

test('a signal that is aborted already sends nothing; one that is aborted meanwhile ends the loop', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 300 } })
  const reason = new Error('changed my mind')
  const before = connect.requests.list({}, { signal: AbortSignal.abort(reason) })
  await assert.rejects(before.toList(), (error) => error === reason)
  await assert.rejects(before.count(), (error) => error === reason)
  assert.equal((await sandbox.journal()).length, 0)
  const controller = new AbortController()
  const seen = []
  const loop = async () => {
    for await (const { id } of connect.requests.list({}, { signal: controller.signal })) {
      seen.push(id)
      if (seen.length === 5) controller.abort()
    }
  }
  await assert.rejects(loop(), { name: 'AbortError' })
  assert.equal(seen.length, 5)
})

test('an abort ends the wait for a page', async (t) => {
  const { sandbox, connect } = await counter(t, { sandbox: { clock: 'real' } })
  await sandbox.fault({ operation: LIST, hold: true, times: null })
  const controller = new AbortController()
  const held = connect.requests.list({}, { signal: controller.signal }).toList()
  controller.abort()
  await assert.rejects(held, { name: 'AbortError' })
})

test('a closed client reads no list', async (t) => {
  const { connect } = await counter(t)
  const list = connect.requests.list()
  await connect.close()
  await assert.rejects(list.toList(), { code: 'config' })
  assert.throws(() => connect.requests.list(), { code: 'config' })
})

test('a page that cannot be read is an error with its operation; reading again begins anew', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 250 } })
  await sandbox.fault({ operation: LIST, skip: 1, times: 1, status: 500 })
  const list = connect.requests.list({ prefetch: false }, { maxRetries: 0 })
  await assert.rejects(list.toList(), (error) => error instanceof InternalServerError && error.operation === LIST)
  assert.equal((await list.toList()).length, 250)
})

test('a listener is told of every page', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 250 } })
  const events = []
  await connect.requests.list({}, { onEvent: ({ kind, path }) => events.push([kind, path]) }).toList()
  assert.ok(events.length >= 3)
  assert.deepEqual(new Set(events.map(String)), new Set(['attempt,/requests']))
})

test('what a list does not take is refused by name, before anything is sent', async (t) => {
  const { sandbox, connect } = await counter(t)
  for (const [args, said] of [
    [{ limit: 5 }, /limit.*page_size.*max_items/],
    [{ stauts: 'pending' }, /stauts/],
    [{ created: { gte: '2026-01-01' } }, /calls it ge/],
    [{ 'asset.connection.type': { like: 'x*' } }, /takes only/],
    [{ page_size: 5 }, /did you mean pageSize/],
    [{ order_by: 'created' }, /did you mean orderBy/],
    [{ created: { ge: new Date('nonsense') } }, /ge is a date that is none/],
    [{ id: 10n }, /id is a bigint/],
    [{ pageSize: 0 }, /page_size.*at least 1/],
    [{ orderBy: 'created)' }, /order_by/],
    [{ status: 5 }, /status.*must be/],
  ])
    assert.throws(
      () => connect.requests.list(args),
      (error) => (error instanceof ValidationError || error.code === 'config') && said.test(error.message),
      JSON.stringify(Object.keys(args)),
    )
  assert.throws(() => connect.requests.list({}, { timeout: 5 }), /timeout.*did you mean timeoutMs/)
  assert.throws(() => connect.assets.requests('AS-1/x'), ValidationError)
  assert.equal((await sandbox.journal()).length, 0)
})
