// Connect: its methods, its replies, and its finders.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import {
  AuthenticationError,
  BadRequestError,
  ConflictError,
  cloudblue,
  NotFoundError,
  Secret,
  TenantryError,
  ValidationError,
  WaitTimeoutError,
  withSecrets,
} from 'tenantry'
import { count, counter } from './fixture.mjs'

test('the quickstart: every pending purchase of a product is approved', async (t) => {
  const { sandbox, connect } = await counter(t)
  let approved = 0
  for await (const request of connect.requests.list({ product_id: 'PRD-1', type: 'purchase' })) {
    await connect.requests.approve(request.id, { template_id: 'TL-1' })
    approved++
  }
  assert.ok(approved >= 50)
  assert.equal(await connect.requests.list({ product_id: 'PRD-1', type: 'purchase' }).count(), 0)
  assert.equal(count(await sandbox.journal(), 'cloudblue.requests.approve'), approved)
})

test('a request goes through its states by their methods', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 6 } })
  const [one, two, three, four, five] = await connect.requests.list().toList()
  const approved = await connect.requests.approve(one.id, { template_id: 'TL-1', effective_date: new Date(0) })
  assert.deepEqual([approved.status, approved.already_applied], ['approved', undefined])
  assert.equal((await connect.requests.fail(two.id, { reason: 'no stock' })).status, 'failed')
  const asked = await connect.requests.inquire(three.id, {
    errors: { email: 'Please fill this in' },
    template_id: 'TL-2',
  })
  assert.equal(asked.status, 'inquiring')
  assert.equal(cloudblue.param(asked.asset, 'email').value_error, 'Please fill this in')
  assert.equal((await connect.requests.pend(three.id)).status, 'pending')
  const scheduled = await connect.requests.schedule(four.id, { planned_date: new Date('2031-01-01') })
  assert.equal(scheduled.status, 'scheduled')
  assert.equal((await connect.requests.revoke(four.id, { reason: 'changed their mind' })).status, 'revoking')
  assert.equal((await connect.requests.confirm(four.id)).status, 'revoked')
  const filled = await connect.requests.setParamValues(five.id, { values: { subscription_id: 'S-1' } })
  assert.equal(cloudblue.param(filled.asset, 'subscription_id').value, 'S-1')
  const updated = await connect.requests.update(five.id, { params: [{ id: 'subscription_id', value: 'S-2' }] })
  assert.equal(cloudblue.param(updated.asset, 'subscription_id').value, 'S-2')
  assert.match(await connect.requests.render(one.id), /\w/)
})

test('a lost reply is settled by reading, and never sent twice', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 1 } })
  const { id } = await connect.requests.list().first()
  await sandbox.fault({ operation: 'cloudblue.requests.approve', when: 'after', drop: true })
  const approved = await connect.requests.approve(id, { template_id: 'TL-1' })
  assert.deepEqual([approved.status, approved.already_applied], ['approved', true])
  assert.equal(count(await sandbox.journal(), 'cloudblue.requests.approve'), 1)
})

test('assets, templates, conversations and the way out', async (t) => {
  const { connect } = await counter(t)
  const asset = await connect.assets.list({ 'product.id': 'PRD-1', status: 'active' }).first()
  assert.equal((await connect.assets.get(asset.id)).external_uid, asset.external_uid)
  const requests = await connect.assets.requests(asset.id).toList()
  assert.ok(requests.length > 0)
  assert.ok(Array.isArray(await connect.assets.usageAggregates(asset.id).toList()))
  const templates = await connect.templates.list('PRD-1', { scope: 'asset' }).toList()
  assert.ok(templates.some(({ id }) => id === 'TL-1'))
  const conversation = await connect.conversations.list({ instance_id: requests[0].id }).first()
  const message = await connect.conversations.postMessage(conversation.id, { text: 'hello' })
  const messages = await connect.conversations.messages(conversation.id).toList()
  assert.ok(messages.some(({ id, text }) => id === message.id && text === 'hello'))
  const { R, and } = cloudblue
  const query = and(R('id').eq(requests[0].id), R('status').eq(requests[0].status))
  for (const given of [query, String(query)]) {
    const [found] = await connect.request('GET', '/requests', { query: given })
    assert.equal(found.id, requests[0].id)
  }
})

test('wait ends with the status, or with an error in time', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 2 } })
  const [one, two] = await connect.requests.list().toList()
  await connect.requests.approve(one.id, { template_id: 'TL-1' })
  assert.equal((await connect.requests.wait(one.id)).status, 'approved')
  await assert.rejects(connect.requests.wait(two.id, { maxWaitMs: 60_000 }), WaitTimeoutError)
  await assert.rejects(connect.requests.wait(two.id, { maxWait: 60_000 }), ValidationError)
})

test('errors have the class of their code, and what the server says', async (t) => {
  const { sandbox, connect } = await counter(t)
  await assert.rejects(connect.requests.get('PR-none'), NotFoundError)
  const [request] = await connect.requests.list({ status: 'approved' }).toList()
  // What is as it should be is a success; another end is a clash.
  assert.equal((await connect.requests.approve(request.id, { template_id: 'TL-1' })).already_applied, true)
  const late = await connect.requests.fail(request.id, { reason: 'late' }).catch((error) => error)
  assert.ok(late instanceof ConflictError && late instanceof TenantryError, late)
  assert.deepEqual([late.current, late.operation], ['approved', 'cloudblue.requests.fail'])
  const invalid = await connect.requests.create({ type: 'purchase', asset: {} }).catch((error) => error)
  assert.ok(invalid instanceof BadRequestError, invalid)
  assert.ok(Object.keys(invalid.details).length > 0, inspect(invalid))
  const stranger = new cloudblue.Client({ ...sandbox.cloudblue, api_key: 'ApiKey SU-1:wrong' })
  await assert.rejects(stranger.requests.list().first(), AuthenticationError)
})

test('what cannot be meant is refused with the argument, before anything is sent', async (t) => {
  const { sandbox, connect } = await counter(t)
  for (const [call, field] of [
    [() => connect.requests.approve('PR-1', {}), 'template_id'],
    [() => connect.requests.approve('PR-1', { template_id: 'TL-1', activation_tile: 'x' }), 'template_id'],
    [() => connect.requests.approve('PR/1', { template_id: 'TL-1' }), 'id'],
    [() => connect.requests.fail('PR-1', { reason: ' ' }), 'reason'],
    [() => connect.requests.update('PR-1', { params: [{ id: 'a' }, { id: 'a' }] }), 'params'],
    [() => connect.requests.assign('PR-1', {}), 'user_id'],
    [() => connect.requests.approve('PR-1', { template: 'TL-1' }), 'template'],
  ])
    await assert.rejects(call, (error) => error instanceof ValidationError && error.message.includes(field), field)
  assert.equal((await sandbox.journal()).length, 0)
})

test('the key comes with or without its word, by reference, and from the environment', async (t) => {
  // A virtual clock would jump to the time limit while a callback looks for the key.
  const { sandbox } = await counter(t, { sandbox: { clock: 'real' } })
  const { base_url, api_key } = sandbox.cloudblue
  const bare = api_key.replace(/^ApiKey /, '')
  for (const key of [bare, `ApiKey ${bare}`, Secret.text(api_key), Secret.callback(async () => api_key)]) {
    const connect = new cloudblue.Client({ base_url, api_key: key })
    assert.ok((await connect.requests.list().toList()).length > 0)
  }
  process.env.TENANTRY_CLOUDBLUE_API_KEY = api_key
  process.env.TENANTRY_CLOUDBLUE_BASE_URL = base_url
  t.after(() => {
    delete process.env.TENANTRY_CLOUDBLUE_API_KEY
    delete process.env.TENANTRY_CLOUDBLUE_BASE_URL
  })
  assert.ok((await new cloudblue.Client().requests.list().first()).id)
  // If any connection argument is given, none comes from the environment.
  assert.throws(() => new cloudblue.Client({ base_url }), { code: 'config' })
  assert.throws(() => new cloudblue.Client({ apiKey: api_key }), /did you mean api_key/)
})

test('values of parameters are read by name, and shown nowhere but with withSecrets', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 5 } })
  for await (const request of connect.requests.list()) {
    const { params } = request.asset
    const values = params.filter(({ value }) => typeof value === 'string' && value.length > 8)
    assert.ok(values.length > 0)
    for (const { value } of values)
      for (const shown of [inspect(request, { depth: 20, showHidden: true }), JSON.stringify(request)])
        assert.ok(!shown.includes(JSON.stringify(value).slice(1, -1)), value)
    const whole = JSON.parse(JSON.stringify(withSecrets(request)))
    assert.equal(whole.asset.params.find(({ id }) => id === values[0].id).value, values[0].value)
    assert.deepEqual(Object.keys(whole).sort(), Object.getOwnPropertyNames(request).sort())
  }
})

test('finders: parameters, tiers in both shapes, items and quantities', () => {
  const { param, tier, isNew, isChanged, isRemoved, quantityValue, oldQuantityValue } = cloudblue
  const asset = { id: 'AS-1', params: [{ id: 'a', value: '1' }, null], tiers: { customer: { id: 'C' }, tier1: {} } }
  assert.equal(param(asset, 'a').value, '1')
  assert.deepEqual(
    [param(asset, 'b'), param({ id: 'AS-1' }, 'a'), param(undefined, 'a')],
    [undefined, undefined, undefined],
  )
  assert.equal(tier(asset, 'customer').id, 'C')
  assert.equal(tier(asset, 'tier1'), undefined)
  const nested = { id: 'AS-1', tiers: { customer: { id: 'C', tier1: { id: 'T1' }, tier2: {} } } }
  assert.deepEqual(
    [tier(nested, 'tier1').id, tier(nested, 'tier2'), tier(null, 'customer')],
    ['T1', undefined, undefined],
  )
  for (const [quantity, kind, value] of [
    ['3', 'Reservation', 3],
    ['3.50', 'Reservation', 3.5],
    [3, 'Reservation', 3],
    ['unlimited', 'Reservation', Infinity],
    ['Unlimited', 'PPU', Infinity],
    ['-1', 'PPU', Infinity],
    ['-1', 'Reservation', -1],
    ['', 'Reservation', null],
    ['many', 'Reservation', null],
    ['0x10', 'Reservation', null],
    [null, 'Reservation', null],
    [undefined, 'Reservation', null],
  ])
    assert.equal(quantityValue({ quantity, item_type: kind }), value, String(quantity))
  assert.equal(oldQuantityValue({ old_quantity: '2' }), 2)
  const kinds = (quantity, old_quantity) => [isNew, isChanged, isRemoved].map((is) => is({ quantity, old_quantity }))
  assert.deepEqual(kinds('3', '0'), [true, false, false])
  assert.deepEqual(kinds('3', ''), [true, false, false])
  assert.deepEqual(kinds('3', '2'), [false, true, false])
  assert.deepEqual(kinds('3.0', '3'), [false, false, false])
  assert.deepEqual(kinds('0', '3'), [false, false, true])
  assert.deepEqual(kinds('unlimited', '3'), [false, true, false])
  assert.deepEqual(kinds('0', '0'), [false, false, false])
})
