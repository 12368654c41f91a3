// A marketplace's client: bills that nobody pays twice, waiting, changes, shared data.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  AuthenticationError,
  ConfigError,
  ConflictError,
  maestrano,
  NotFoundError,
  OutcomeUnknownError,
  ResponseError,
  Sandbox,
  ValidationError,
  WaitTimeoutError,
} from 'tenantry'
import { count, market, order } from './fixture.mjs'

const CREATE = 'maestrano.bills.create'

test('the quickstart', async () => {
  const sandbox = await Sandbox.start()
  try {
    const marketplaces = await maestrano.Marketplaces.fetch(sandbox.maestrano)
    const account = marketplaces.client('some-telco')
    const bill = await account.bills.create(order({ reference: 'order-123' }))
    assert.equal((await account.bills.get(bill.id)).status, 'submitted')
    assert.equal((await account.bills.cancel(bill.id)).status, 'cancelled')
    assert.equal((await account.bills.cancel(bill.id)).status, 'cancelled')
    await marketplaces[Symbol.asyncDispose]()
  } finally {
    await sandbox.close()
  }
})

test('each resource is there, and speaks the words of the wire', async (t) => {
  const { account } = await market(t)
  const [group] = await account.groups.list({ id: 'cld-4' })
  assert.equal(group.id, 'cld-4')
  assert.deepEqual(await account.groups.get('cld-4'), group)
  const [user] = await account.users.list({ group_id: 'cld-4' })
  assert.equal((await account.users.get(user.id)).email, user.email)
  assert.deepEqual(await account.bills.list({ group_id: 'nobody' }), [])
  const recurring = await account.recurringBills.create({
    ...order(),
    period: 'Month',
    start_date: new Date('2026-02-01'),
  })
  assert.deepEqual([recurring.period, recurring.start_date], ['month', '2026-02-01T00:00:00Z'])
  assert.equal((await account.recurringBills.cancel(recurring.id)).status, 'cancelled')
  const [reseller] = await account.resellers.list()
  assert.ok(Array.isArray(await account.resellers.groups(reseller.id)))
  assert.match((await account.ping()).msg, /Hello/)
  const raw = await account.request('GET', '/account/groups/cld-4')
  assert.deepEqual([raw.success, raw.data.id], [true, 'cld-4'])
})

test('an id and a key make a client of the account API alone', async (t) => {
  const { sandbox, account } = await market(t)
  const app = { app_id: account.config.api.id, base_url: `${sandbox.url}/api/v1` }
  const wrong = new maestrano.Client({ ...app, app_key: 'wrong' })
  await assert.rejects(wrong.groups.list(), AuthenticationError)
  for (const needs of [
    () => wrong.sso.loginUrl(),
    () => wrong.config,
    () => wrong.sessions.check('usr-1', { session: 'x' }),
    () => wrong.connec('cld-4').get('company'),
  ])
    await assert.rejects(async () => await needs(), { name: 'ConfigError', message: /Marketplaces/ })
  assert.throws(() => new maestrano.Client({ app_id: 'app-1' }), { name: 'ConfigError', message: /app_key is missing/ })
  assert.throws(() => new maestrano.Client({ appId: 'app-1' }), { message: /did you mean app_id/ })
})

test('errors say which', async (t) => {
  const { account } = await market(t)
  await assert.rejects(account.bills.get('bill-0'), (error) => {
    assert.ok(error instanceof NotFoundError)
    assert.deepEqual([error.operation, error.status], ['maestrano.bills.get', 200])
    return true
  })
  await assert.rejects(account.bills.create(order({ group_id: 'nobody' })), (error) => {
    assert.match(JSON.stringify(error.details), /cannot be charged/)
    return true
  })
  await assert.rejects(account.bills.get('../x'), { code: 'invalid_id' })
})

test('money is a whole number of minor units, and what cannot be meant is refused before it is sent', async (t) => {
  const { sandbox, account } = await market(t)
  const before = (await sandbox.journal()).length
  const wrong = {
    price_cents: [20.5, '2000', true, 0, -1, null, undefined],
    currency: ['usd', 'US', undefined],
    description: ['', undefined],
    units: [-1, 'many'],
    period_started_at: [new Date()],
    reference: ['with a blank', ''],
    currenzy: ['USD'],
  }
  for (const [field, values] of Object.entries(wrong))
    for (const value of values)
      await assert.rejects(account.bills.create(order({ [field]: value })), (error) => {
        assert.ok(error instanceof ValidationError, `${field}: ${value}: ${error}`)
        assert.match(error.message, new RegExp(field.replace('started', '(started|ended)')), String(value))
        return true
      })
  await assert.rejects(account.bills.create(order({ price_cents: 2000n })), ValidationError)
  await assert.rejects(account.bills.list({ limit: 5 }), { name: 'ValidationError', message: /limit/ })
  await assert.rejects(account.recurringBills.create({ ...order(), start_date: new Date('2020-01-01') }), {
    details: { field: 'start_date' },
  })
  assert.equal((await sandbox.journal()).length, before)
})

test('a lost bill is never sent again by itself: it is adopted, or forced, and both by one who knows', async (t) => {
  const { sandbox, account } = await market(t)
  for (const [resource, create] of [
    [account.bills, CREATE],
    [account.recurringBills, 'maestrano.recurring_bills.create'],
  ]) {
    const lost = async () => {
      await sandbox.fault({ operation: create, when: 'after', drop: true })
      const error = await resource.create(order(), { signal: AbortSignal.timeout(60_000) }).catch((thrown) => thrown)
      assert.ok(error instanceof OutcomeUnknownError, String(error))
      return error
    }
    const first = await lost()
    assert.equal(first.candidates.length, 1)
    const adopted = await first.adopt(first.candidates[0].id)
    assert.deepEqual([adopted.id, adopted.already_applied], [first.candidates[0].id, true])
    await assert.rejects(first.adopt('nobody-1'), NotFoundError)
    assert.equal(count(await sandbox.journal(), create), 1)

    const second = await lost()
    assert.equal(second.candidates.length, 2)
    // Forced and lost once more: the new error knows the way, too.
    await sandbox.fault({ operation: create, when: 'after', drop: true })
    const third = await second.force().catch((thrown) => thrown)
    assert.ok(third instanceof OutcomeUnknownError && third.candidates.length === 3, String(third))
    const forced = await third.force()
    assert.ok(!third.candidates.some(({ id }) => id === forced.id))
    assert.equal(count(await sandbox.journal(), create), 4)
  }
  await sandbox.fault({ operation: 'maestrano.connec.create', when: 'after', drop: true })
  const other = await account
    .connec('cld-4')
    .post('people', { data: { first_name: 'Jo' } })
    .catch((thrown) => thrown)
  assert.ok(other instanceof OutcomeUnknownError)
  await assert.rejects(other.adopt('x'), { name: 'ValidationError', message: /neither adopted nor forced/ })
})

test('with a reference a lost bill is found', async (t) => {
  const { sandbox, account } = await market(t)
  await sandbox.fault({ operation: CREATE, when: 'after', drop: true })
  const bill = await account.bills.create(order({ reference: 'order-1' }))
  assert.equal(bill.already_applied, true)
  assert.equal(count(await sandbox.journal(), CREATE), 1)
})

test('waiting ends with the status, the time or the signal', async (t) => {
  const { sandbox, account } = await market(t)
  await sandbox.behaveMaestrano({ invoice_ms: 3_600_000 })
  const { id } = await account.bills.create(order())
  await assert.rejects(account.bills.wait(id, { maxWaitMs: 60_000 }), WaitTimeoutError)
  await assert.rejects(account.bills.wait(id, {}, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.equal((await account.bills.wait(id, { until: ['invoiced'], maxWaitMs: 7_200_000 })).status, 'invoiced')
  await assert.rejects(account.bills.wait(id, { until: ['cancelled'] }), ConflictError)
})

test('a recurring bill is watched to its end', async (t) => {
  const { account } = await market(t)
  const start_date = new Date('2026-01-02T00:00:00Z')
  const { id } = await account.recurringBills.create({ ...order(), period: 'Day', cycles: 2, start_date })
  const seen = []
  for await (const bill of account.recurringBills.watch(id, { intervalMs: 3_600_000 })) seen.push(bill.status)
  assert.deepEqual([seen[0], seen.at(-1)], ['submitted', 'expired'], seen.join())
  assert.ok(seen.includes('active'))
  const step = account.recurringBills.watch(id, { maxWaitMs: 1 })
  assert.equal((await step.next()).value.status, 'expired')
  assert.equal((await step.next()).done, true)
  assert.throws(() => account.recurringBills.watch(id, { interval: 3 }), { message: /did you mean intervalMs/ })
})

test('changes come once, in order, and go on from a cursor in another reader', async (t) => {
  const { sandbox, account } = await market(t)
  // Later than all that the sandbox holds from the beginning.
  await sandbox.advance(600_000)
  const since = new Date('2026-01-01T00:10:00Z')
  const [one, two] = [await account.bills.create(order()), await account.bills.create(order())]
  const seen = []
  const changes = account.changes('bills', { since, intervalMs: 1000 })
  for await (const bill of changes) if (seen.push(bill.id) === 2) break
  assert.deepEqual(seen.toSorted(), [one.id, two.id])
  await sandbox.advance(120_000)
  await account.bills.cancel(one.id)
  const later = account.changes('bills', { cursor: changes.cursor, intervalMs: 1000 })
  for await (const bill of later) {
    assert.deepEqual([bill.id, bill.status], [one.id, 'cancelled'])
    break
  }
  const still = account.changes('bills', { cursor: later.cursor, maxWaitMs: 5000 })
  await assert.rejects(still[Symbol.asyncIterator]().next(), WaitTimeoutError)
  assert.throws(() => account.changes('bills', {}), { name: 'ValidationError', message: /since/ })
  assert.throws(() => account.changes('bills', { cursor: 'x' }), ValidationError)
  assert.throws(() => account.changes('bills', { since, limit: 3 }), ConfigError)
  await assert.rejects(account.changes('things', { since })[Symbol.asyncIterator]().next(), ValidationError)
})

test('a reader that was left in the middle hands out the rest, and its cursor stays before it', async (t) => {
  const { sandbox, account } = await market(t)
  await sandbox.advance(600_000)
  for (let made = 0; made < 3; made++) await account.bills.create(order())
  const changes = account.changes('bills', { since: '2026-01-01T00:10:00Z' })
  const before = changes.cursor
  const ids = []
  for await (const { id } of changes) if (ids.push(id) === 1) break
  assert.equal(changes.cursor, before)
  for await (const { id } of changes) if (ids.push(id) === 3) break
  assert.equal(new Set(ids).size, 3)
  assert.notEqual(changes.cursor, before)
})

test('a signal ends watching and changes at once', async (t) => {
  // The real clock: nothing would ever change.
  const { account } = await market(t, { sandbox: { clock: 'real' } })
  const { id } = await account.recurringBills.create({ ...order(), start_date: new Date(Date.now() + 86_400_000) })
  for (const begin of [
    (signal) => account.recurringBills.watch(id, { signal }),
    (signal) => account.changes('recurring_bills', { since: '2020-01-01T00:00:00Z', signal }),
    (signal) => account.changes('groups', { since: new Date(Date.now() + 86_400_000), signal }),
  ]) {
    const controller = new AbortController()
    const looked = new Promise((resolve) => {
      controller.signal.addEventListener('abort', resolve, { once: true })
    })
    const reading = (async () => {
      for await (const _ of begin(controller.signal)) setImmediate(() => controller.abort())
    })()
    setImmediate(() => setImmediate(() => controller.abort()))
    await looked
    await assert.rejects(reading, { name: 'AbortError' })
  }
})

test('shared data are read, written, listed to the end, and carried out in batches', async (t) => {
  const { sandbox, account } = await market(t)
  const connec = account.connec('cld-4')
  const made = await connec.post('organizations', { data: { name: 'Coco Co.' } })
  const [{ id }] = made.organizations.id
  const changed = await connec.put('organizations', { id, data: { name: 'Coco & Co.' } })
  assert.equal(changed.organizations.name, 'Coco & Co.')
  assert.equal((await connec.get('organizations', { id })).organizations.name, 'Coco & Co.')
  const page = await connec.get('organizations', { params: { $top: 10 } })
  assert.equal(page.organizations.length, 10)
  let rows = 0
  for await (const row of connec.listAll('organizations', { params: { $top: 10 } })) rows += Number('name' in row)
  assert.equal(rows, page.pagination.total)
  const results = await connec.batch([
    { method: 'GET', resource: 'organizations', id },
    { method: 'PUT', resource: 'organizations', id: 'nobody', data: { name: 'x' } },
  ])
  assert.deepEqual(
    results.map(({ status }) => status),
    [200, 404],
  )
  await assert.rejects(connec.get('nonsense'), { name: /BadRequestError|NotFoundError/ })
  await assert.rejects(connec.get('organizations', { ids: 1 }), { name: 'ValidationError', message: /ids/ })
  await sandbox.fault({
    operation: 'maestrano.connec.list',
    body: JSON.stringify({
      organizations: [],
      pagination: { next: 'https://elsewhere.example/api/v2/cld-4/organizations' },
    }),
  })
  await assert.rejects(connec.listAll('organizations').next(), ResponseError)
})

test('sessions are checked, and remembered until they are to be checked again', async (t) => {
  const { sandbox, account } = await market(t)
  const [user] = await account.users.list({ group_id: 'cld-4' })
  const check = () => account.sessions.check(user.id, { session: user.sso_session })
  const [one, two] = await Promise.all([check(), check()])
  assert.deepEqual([one.valid, two.valid], [true, true])
  assert.equal(count(await sandbox.journal(), 'maestrano.sessions.check'), 1)
  assert.equal((await account.sessions.check(user.id, { session: 'wrong' })).valid, false)
})
