// Webhooks: what is proved and read, and what is refused, as the vectors of all languages say; and on real servers.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import express from 'express'
import Fastify from 'fastify'
import { maestrano, TenantryError, WebhookError } from 'tenantry'
import { market, root } from './fixture.mjs'

const vectors = JSON.parse(readFileSync(join(root, 'tests', 'vectors', 'maestrano_webhooks.json'), 'utf8'))

/** The vectors with ids and keys that were made now. */
function filled() {
  const made = new Map()
  const name = (whole, part) => {
    if (!made.has(whole)) made.set(whole, randomBytes(12).toString('hex') + (part === 'key' ? ':x' : ''))
    return made.get(whole)
  }
  const text = (value) =>
    value
      .replaceAll(/\$[a-z-]+\.(id|key)/g, (whole, part) => name(whole, part))
      .replaceAll(/\$base64\((.*?)\)/g, (_, inner) => Buffer.from(inner).toString('base64'))
  const fill = (value) => {
    if (typeof value === 'string') return text(value)
    if (Array.isArray(value)) return value.map(fill)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one)]))
  }
  return fill(vectors)
}

const { marketplaces: list, cases, orders, replies, masks, unmasks } = filled()
const all = maestrano.Marketplaces.fromJson(JSON.stringify({ marketplaces: list }), {
  trustedHosts: ['app.example', 'api.example', 'idp.example'],
})

/** That `found` has what `expected` names. */
function holds(expected, found, place) {
  if (typeof expected !== 'object' || expected === null) return assert.deepEqual(found, expected, place)
  if (Array.isArray(expected)) assert.equal(found?.length, expected.length, place)
  for (const [key, value] of Object.entries(expected)) holds(value, found[key] ?? null, `${place}.${key}`)
}

function refusal(work) {
  try {
    return work()
  } catch (error) {
    assert.ok(error instanceof TenantryError, String(error))
    return error
  }
}

test('requests are read as the vectors say', () => {
  assert.deepEqual(all.problems(), {})
  const keys = new Map()
  for (const { name, request: given, event, refused, dedupe_key, same_key_as, text_holds = [] } of cases) {
    const { body_spaces, body_base64, max_body_bytes, body, ...rest } = given
    const bytes = body_base64 === undefined ? body : Buffer.from(body_base64, 'base64')
    const sent = { ...rest, body: body_spaces === undefined ? bytes : ' '.repeat(body_spaces) }
    const found = refusal(() => all.webhooks.unwrap(sent, { maxBodyBytes: max_body_bytes }))
    if (refused !== undefined) {
      assert.ok(found instanceof WebhookError, `${name}: ${JSON.stringify(found)}`)
      assert.deepEqual([found.reason, found.reply], [refused.reason, refused.reply], name)
      continue
    }
    assert.ok(!(found instanceof Error), `${name}: ${found}`)
    holds(event, found, name)
    // JavaScript writes 10.10 as 10.1; an integer that it cannot hold comes as text.
    const held = text_holds.map((text) => text.replace(/:(\d{16,})$/, ':"$1"').replace(/0$/, ''))
    for (const text of held) assert.ok(JSON.stringify(found).includes(text), `${name}: ${text}`)
    if (dedupe_key !== undefined) assert.equal(found.dedupe_key, dedupe_key, name)
    if (same_key_as === undefined) assert.ok(![...keys.values()].includes(found.dedupe_key), name)
    else assert.equal(found.dedupe_key, keys.get(same_key_as), name)
    keys.set(name, found.dedupe_key)
  }
  assert.ok(keys.size > 20)
})

test('requests are made as the vectors say, and read again', () => {
  for (const { name, order, request: expected, event, refused } of orders) {
    const found = refusal(() => all.webhooks.sign(order))
    if (refused !== undefined) {
      assert.equal(found.code, refused.code, name)
      if (refused.field !== undefined) assert.equal(found.details.field, refused.field, name)
      continue
    }
    holds(expected, found, name)
    holds(event, all.webhooks.unwrap(found), name)
  }
})

test('replies and users are made as the vectors say', () => {
  for (const { arguments: given, reply } of replies) {
    const { reply: name, ...said } = given
    assert.deepEqual(all.webhooks.reply(name, said), reply)
  }
  for (const [user, group, masked] of masks) assert.equal(all.webhooks.maskUser(user, group), masked)
  for (const [masked, user] of unmasks) assert.equal(all.webhooks.unmaskUser(masked), user)
})

test('headers come as any server has them, and bodies as text or bytes', () => {
  const signed = all.webhooks.sign({ marketplace: 'some-telco', type: 'synchronization_toggle', group_id: 'cld-4' })
  const object = Object.fromEntries(signed.headers)
  for (const headers of [signed.headers, object, new Headers(signed.headers), new Map(signed.headers)])
    for (const body of [signed.body, Buffer.from(signed.body), new TextEncoder().encode(signed.body)])
      assert.equal(all.webhooks.unwrap({ ...signed, headers, body }).group_id, 'cld-4')
  const twice = { ...object, authorization: [object.authorization, object.authorization] }
  assert.throws(() => all.webhooks.unwrap({ ...signed, headers: twice }), { reason: 'malformed_credentials' })
  assert.throws(() => all.webhooks.unwrap({ ...signed, body: { group_id: 'cld-4' } }), /as it was sent/)
})

/** Listens on the loopback until the test ends; gives the URL. */
async function listening(t, server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${server.address().port}`
}

const SERVERS = {
  'node:http': async (t, webhooks, handler, options) =>
    await listening(t, createServer(webhooks.node(handler, options))),
  Express: async (t, webhooks, handler, options) => {
    const app = express()
    app.use(webhooks.express(handler, options))
    app.use(express.json())
    app.post('/own', (incoming, response) => response.json({ got: incoming.body }))
    return await listening(t, createServer(app))
  },
  'Express, behind a parser that keeps the text': async (t, webhooks, handler, options) => {
    const app = express()
    const verify = (incoming, _response, raw) => {
      incoming.rawBody = raw
    }
    app.use(express.json({ verify, strict: false, type: () => true, limit: '8mb' }))
    app.post('/own', (incoming, response) => response.json({ got: incoming.body }))
    app.use('/', webhooks.express(handler, options))
    return await listening(t, createServer(app))
  },
  Fastify: async (t, webhooks, handler, options) => {
    const app = Fastify()
    app.register(webhooks.fastify(handler, options))
    app.post('/own', async (incoming) => ({ got: incoming.body }))
    await app.listen({ port: 0, host: '127.0.0.1' })
    t.after(() => app.close())
    return `http://127.0.0.1:${app.server.address().port}`
  },
}

/** Sends a signed request, changed, to a server. */
async function deliver(url, signed, changes = {}) {
  const { method, path, headers, body } = { ...signed, ...changes }
  const reply = await fetch(url + path, { method, headers, ...(body !== '' && { body }), redirect: 'error' })
  const text = await reply.text()
  return { status: reply.status, text, headers: reply.headers }
}

/** What process warnings say meanwhile. */
function warnings(t) {
  const said = []
  const warned = (warning) => said.push(warning)
  process.on('warning', warned)
  t.after(() => process.off('warning', warned))
  return said
}

for (const [name, serve] of Object.entries(SERVERS)) {
  test(`${name}: every webhook of the sandbox arrives, and is answered`, async (t) => {
    const { sandbox, marketplaces } = await market(t, { sandbox: { clock: 'real' } })
    const events = []
    const url = await serve(t, marketplaces.webhooks, (event) => {
      events.push(event)
      if (event.type === 'synchronization_status') return { sync_enabled: true, status: 'RUNNING' }
      return event.type === 'synchronization_toggle' ? false : undefined
    })
    const told = async (order) => (await sandbox.webhook({ marketplace: 'some-telco', to: url, ...order }))[0]
    assert.deepEqual(await told({ type: 'connec_notification' }), { status: 200, body: { success: true } })
    assert.equal(events.at(-1).groups[0].entities.organizations.length, 2)
    assert.equal((await told({ type: 'synchronization_start', opts: { full: true } })).status, 201)
    assert.deepEqual(events.at(-1).opts, { full: true })
    assert.equal((await told({ type: 'synchronization_toggle' })).status, 204)
    assert.deepEqual(await told({ type: 'synchronization_status' }), {
      status: 200,
      body: { group_id: 'cld-4', sync_enabled: true, status: 'RUNNING' },
    })
    assert.equal((await told({ type: 'group_user_removed' })).status, 200)
    assert.deepEqual([events.at(-1).user_id, events.at(-1).virtual_user_id], ['usr-1', 'usr-1.cld-4'])
    assert.equal((await told({ type: 'group_deleted' })).status, 200)
    const before = events.length
    assert.deepEqual(await told({ type: 'group_deleted', credentials: false }), {
      status: 401,
      body: { error: 'Invalid credentials' },
    })
    assert.equal(events.length, before)
  })

  test(`${name}: what is refused is refused, and the app's own routes stay`, async (t) => {
    const { marketplaces } = await market(t)
    const refusals = []
    const onRefused = ({ reason }) => refusals.push(reason)
    const url = await serve(t, marketplaces.webhooks, () => {}, { maxBodyBytes: 1000, onRefused })
    const signed = marketplaces.webhooks.sign({
      marketplace: 'some-telco',
      type: 'connec_notification',
      entities: { people: [{ id: '1', group_id: 'cld-4' }] },
    })
    assert.equal((await deliver(url, signed)).status, 200)
    assert.equal((await deliver(url, signed, { path: '/nowhere' })).status, 404)
    const wrong = await deliver(url, signed, { method: 'PUT' })
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST'])
    const anonymous = await deliver(url, signed, { headers: [] })
    assert.equal(anonymous.status, 401)
    assert.match(anonymous.headers.get('www-authenticate'), /^Basic/)
    assert.equal((await deliver(url, signed, { body: '"people"' })).status, 400)
    const large = await deliver(url, signed, { body: JSON.stringify({ people: ['x'.repeat(1000)] }) })
    assert.deepEqual([large.status, large.text], [413, '{"error":"Payload too large"}'])
    assert.deepEqual(
      refusals.filter((reason) => reason !== 'unknown_path'),
      ['wrong_method', 'missing_credentials', 'invalid_body', 'too_large'],
    )
    if (name !== 'node:http') {
      const own = await deliver(url, {
        method: 'POST',
        path: '/own',
        headers: [['content-type', 'application/json']],
        body: '{"a":1}',
      })
      assert.deepEqual([own.status, own.text], [200, '{"got":{"a":1}}'])
    }
  })

  test(`${name}: a handler that fails is a 500 that tells nothing, and the next delivery is dealt with`, async (t) => {
    const { marketplaces } = await market(t)
    const said = warnings(t)
    const claimed = new Map()
    const seen = {
      claim: async (key, until) => {
        assert.ok(until > new Date())
        if (claimed.has(key)) return false
        return Boolean(claimed.set(key, until))
      },
      release: (key) => claimed.delete(key),
    }
    let calls = 0
    const url = await serve(
      t,
      marketplaces.webhooks,
      async ({ type }) => {
        calls += 1
        if (calls === 1) throw new Error('the database is away')
        return type === 'synchronization_start' ? 'nonsense' : undefined
      },
      { seen },
    )
    const deletion = marketplaces.webhooks.sign({ marketplace: 'maestrano', type: 'group_deleted', group_id: 'cld-4' })
    const failed = await deliver(url, deletion)
    assert.deepEqual([failed.status, failed.text], [500, '{"error":"Internal error"}'])
    for (let times = 0; times < 3; times++) assert.equal((await deliver(url, deletion)).status, 200)
    assert.equal(calls, 2, 'the duplicates are not handed on')
    const wish = (type) => marketplaces.webhooks.sign({ marketplace: 'some-telco', type, group_id: 'cld-4' })
    for (let times = 0; times < 2; times++)
      assert.equal((await deliver(url, wish('synchronization_toggle'))).status, 200)
    assert.equal(calls, 4, 'wishes are rightly repeated')
    assert.equal((await deliver(url, wish('synchronization_start'))).status, 500)
    await new Promise(setImmediate)
    assert.deepEqual(
      said.map(({ message }) => message),
      [
        'the database is away',
        'a handler returned string for a synchronization_start: it must return nothing or false',
      ],
    )
  })
}

test('a body that a parser has read and not kept is an error of the app that says what to do', async (t) => {
  const { marketplaces } = await market(t)
  const said = warnings(t)
  const app = express()
  app.use(express.json())
  app.use(marketplaces.webhooks.express(() => {}))
  const url = await listening(t, createServer(app))
  const toggle = { marketplace: 'some-telco', type: 'synchronization_toggle', group_id: 'cld-4' }
  assert.equal((await deliver(url, marketplaces.webhooks.sign(toggle))).status, 500)
  await new Promise(setImmediate)
  assert.match(said[0].message, /put the webhooks before it, or have it keep request.rawBody/)
  // What has no body has lost none.
  const deletion = { marketplace: 'maestrano', type: 'group_deleted', group_id: 'cld-4' }
  assert.equal((await deliver(url, marketplaces.webhooks.sign(deletion))).status, 200)
})

test('a body is not read on beyond its limit, nor read at all without credentials', async (t) => {
  const { marketplaces } = await market(t)
  const url = await SERVERS['node:http'](t, marketplaces.webhooks, () => {}, { maxBodyBytes: 1000 })
  const entities = { people: [] }
  const signed = marketplaces.webhooks.sign({ marketplace: 'maestrano', type: 'connec_notification', entities })
  for (const [headers, expected] of [
    [signed.headers, 413],
    [[], 401],
  ]) {
    // It promises more than it ever sends: whoever waits for the end waits forever.
    const outgoing = request(url + signed.path, {
      method: signed.method,
      headers: { ...Object.fromEntries(headers), 'content-length': 64 * 1024 * 1024 },
    })
    outgoing.on('error', () => {})
    outgoing.write(Buffer.alloc(6 * 1024 * 1024, ' '))
    const [reply] = await once(outgoing, 'response')
    assert.equal(reply.statusCode, expected)
    outgoing.destroy()
  }
})

test('a sender that goes away in the middle disturbs nobody', async (t) => {
  const { marketplaces } = await market(t)
  const said = warnings(t)
  const adapter = marketplaces.webhooks.node(() => {})
  let ended
  const served = new Promise((resolve) => {
    ended = resolve
  })
  const url = await listening(
    t,
    createServer((incoming, response) => {
      incoming.once('data', () => outgoing.destroy())
      void adapter(incoming, response).then(ended)
    }),
  )
  const entities = { people: [] }
  const signed = marketplaces.webhooks.sign({ marketplace: 'maestrano', type: 'connec_notification', entities })
  const headers = { ...Object.fromEntries(signed.headers), 'content-length': 100 }
  const outgoing = request(url + signed.path, { method: signed.method, headers })
  outgoing.on('error', () => {})
  outgoing.write('{')
  await served
  await new Promise(setImmediate)
  assert.deepEqual(said, [])
})

test('an option or a handler that is none is refused', () => {
  for (const make of [() => all.webhooks.node(5), () => all.webhooks.express(() => {}, { limit: 3 })])
    assert.throws(make, TenantryError)
  assert.throws(() => all.webhooks.fastify(() => {}, { maxBodyBytes: 2 ** 21 }), { details: { field: 'maxBodyBytes' } })
})

for (const name of ['http', 'express', 'fastify'])
  test(`docs/examples/webhooks_${name}.mjs takes the sandbox's webhooks in`, async (t) => {
    const { sandbox } = await market(t, { sandbox: { clock: 'real' } })
    const { base_url, api_key, api_secret } = sandbox.maestrano
    const env = { MNO_DEVPL_HOST: base_url, MNO_DEVPL_ENV_KEY: api_key, MNO_DEVPL_ENV_SECRET: api_secret, PORT: '0' }
    const script = join(root, 'docs', 'examples', `webhooks_${name}.mjs`)
    const app = spawn(process.execPath, [script], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => app.kill())
    let said = ''
    app.stdout.on('data', (data) => {
      said += data
    })
    const line = async (pattern) => {
      while (!pattern.test(said)) await once(app.stdout, 'data')
      return pattern.exec(said)
    }
    const [, port] = await line(/listening on (\d+)/)
    const to = `http://127.0.0.1:${port}`
    assert.equal((await sandbox.webhook({ type: 'connec_notification', to }))[0].status, 200)
    await line(/maestrano: organizations of cld-4/)
    const [status] = await sandbox.webhook({ type: 'synchronization_status', marketplace: 'some-telco', to })
    assert.equal(status.body.status, 'SUCCESS')
    assert.equal((await sandbox.webhook({ type: 'group_deleted', to, times: 2 }))[1].status, 200)
    await line(/cld-4 is gone\n.*cld-4 is gone/)
    if (name !== 'http') assert.equal(await (await fetch(to)).text(), 'an app')
  })
