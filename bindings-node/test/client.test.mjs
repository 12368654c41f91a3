// A client against the sandbox: the eleven calls, their errors, options and events.

import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import {
  APITimeoutError,
  AuthenticationError,
  ConfigError,
  ConflictError,
  InternalServerError,
  magentoBi,
  NotFoundError,
  OutcomeUnknownError,
  PermissionDeniedError,
  RateLimitError,
  ResponseError,
  Secret,
  TenantryError,
  UnprocessableEntityError,
  ValidationError,
} from 'tenantry'
import { count, folder, merchant, playground, signup } from './fixture.mjs'

const virtual = { sandbox: { clock: 'virtual' } }

suite('calls', () => {
  test('the eleven calls onboard a merchant', async (t) => {
    const { sandbox, bi } = await playground(t, { sandbox: { waitMs: 0 } })
    const spec = merchant()
    const token = await bi.tokens.create()
    assert.equal(token.expires_in, 14400)
    const { id: signup_id } = await bi.signups.create(signup())
    const { status, client_id } = await bi.signups.get(signup_id)
    assert.equal(status, 'completed')
    const { user_id } = await bi.invites.create({ client_id, ...spec.user })
    await bi.clients.update(client_id, spec.client_settings)
    const { name, type, properties, password } = spec.connection
    const connection = await bi.connections.create(client_id, {
      name,
      display_name: name,
      type,
      properties,
      credentials: { password },
    })
    const [listed] = await bi.connections.list(client_id)
    assert.deepEqual([listed.id, listed.meta_id], [connection.id, connection.meta_id])
    const connection_id = connection.meta_id
    const job = await bi.jobs.startConnectionTest(client_id, { connection_id })
    assert.deepEqual(job.status, { id: 1, name: 'Queued' })
    const [sync] = await bi.jobs.listByType(client_id, 5)
    assert.equal(sync.status.name, 'Completed Successfully')
    const { package: template, database, table_prefix } = spec.dashboards
    const connections = { db: { connection_id, database, table_prefix } }
    const { id } = await bi.autodash.create(client_id, { connections, package: template, user_id })
    assert.equal((await bi.autodash.get(client_id, id)).status, 'success')
    assert.equal((await sandbox.journal()).length, 12)
  })

  test('the way out takes any path', async (t) => {
    const { bi } = await playground(t)
    const { id } = await bi.signups.create(signup())
    assert.equal((await bi.request('GET', `/v3/signups/${id}`)).status, 'pending')
    await assert.rejects(bi.request('GET', '//elsewhere'), ValidationError)
  })

  test('fields and words that nobody documented come through', async (t) => {
    const { sandbox, bi } = await playground(t)
    const { id } = await bi.signups.create(signup())
    const merge = { status: 'halfway', wavelength: { nm: [1, 2.5] } }
    await sandbox.fault({ operation: 'magento_bi.signups.get', when: 'after', merge })
    assert.deepEqual(await bi.signups.get(id), { client_id: null, pubkey: null, ...merge })
  })

  test('an integer beyond 2^53 comes as text with all its digits', async (t) => {
    const { sandbox, bi } = await playground(t)
    const body =
      '{"status": "a \\" 9007199254740993", "client_id": 9007199254740993, "x": [-9007199254740993, 1.10, 9007199254740991, 1e21, 1234567890123456.5]}'
    await sandbox.fault({ operation: 'magento_bi.signups.get', status: 200, body, content_type: 'application/json' })
    assert.deepEqual(await bi.signups.get('x'), {
      status: 'a " 9007199254740993',
      client_id: '9007199254740993',
      x: ['-9007199254740993', 1.1, 9007199254740991, 1e21, 1234567890123456.5],
    })
  })

  test('arguments that JSON cannot hold are refused by name', async (t) => {
    const { sandbox, bi } = await playground(t)
    for (const tier of [Number.NaN, 2 ** 60, 10n, () => 1, Symbol('x')])
      await assert.rejects(bi.signups.create({ ...signup(), tier }), (error) => {
        assert.ok(error instanceof ValidationError && error.message.includes('tier'), String(error))
        return true
      })
    await assert.rejects(bi.signups.create({ ...signup(), teir: 'T100' }), /teir/)
    await assert.rejects(bi.signups.get('../../v1/tokens'), ValidationError)
    assert.equal((await sandbox.journal()).length, 0)
  })
})

suite('errors', () => {
  const statuses = [
    [400, TenantryError, 'bad_request'],
    [403, PermissionDeniedError, 'permission'],
    [404, NotFoundError, 'not_found'],
    [409, ConflictError, 'conflict'],
    [422, UnprocessableEntityError, 'unprocessable'],
    [429, RateLimitError, 'rate_limited'],
    [500, InternalServerError, 'server'],
    [302, ResponseError, 'redirect'],
  ]
  for (const [status, type, code] of statuses)
    test(`HTTP ${status} is ${code}`, async (t) => {
      const { sandbox, bi } = await playground(t, virtual)
      await sandbox.fault({ operation: 'magento_bi.signups.get', times: null, status, body: '{}' })
      await assert.rejects(bi.signups.get('x'), (error) => {
        assert.ok(error instanceof type && error instanceof TenantryError && error instanceof Error)
        assert.deepEqual([error.code, error.name], [code, error.constructor.name])
        assert.deepEqual([error.system, error.operation], ['magento_bi', 'magento_bi.signups.get'])
        if (code !== 'redirect') assert.equal(error.status, status)
        return true
      })
    })

  test('wrong credentials', async (t) => {
    const { sandbox } = await playground(t)
    const bi = new magentoBi.Client({ ...sandbox.magentoBi, password: 'wrong' })
    await assert.rejects(bi.connections.list(1), AuthenticationError)
  })

  test('a reply that is no JSON', async (t) => {
    const { sandbox, bi } = await playground(t)
    await sandbox.fault({ operation: '*', status: 200, body: '<html>', content_type: 'text/html' })
    await assert.rejects(bi.signups.get('x'), ResponseError)
  })

  test('a create whose reply was lost is not repeated, and says so', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    await sandbox.fault({ operation: 'magento_bi.signups.create', when: 'after', drop: true })
    await assert.rejects(bi.signups.create(signup()), (error) => {
      assert.ok(error instanceof OutcomeUnknownError)
      assert.deepEqual([error.outcome, error.retryable, error.candidates], ['unknown', false, []])
      return true
    })
    assert.equal(count(await sandbox.journal(), 'magento_bi.signups.create'), 1)
  })

  test('a server that never answers meets the time limit', async (t) => {
    const { sandbox, bi } = await playground(t, { ...virtual, client: { timeoutMs: 5000, maxRetries: 0 } })
    await sandbox.fault({ operation: '*', hold: true, times: null })
    await assert.rejects(bi.signups.get('x'), APITimeoutError)
    await assert.rejects(bi.signups.get('x', { timeoutMs: 1 }), APITimeoutError)
  })

  test('the stack leads to the caller', async (t) => {
    const { bi } = await playground(t)
    async function whereTheBugIs() {
      return await bi.signups.get('x')
    }
    await assert.rejects(whereTheBugIs(), (error) => error.stack.includes('whereTheBugIs'))
  })

  test('all fields survive JSON, and structuredClone does not fail', async (t) => {
    const { bi } = await playground(t)
    const error = await bi.signups.get('x').catch((thrown) => thrown)
    const fields = JSON.parse(JSON.stringify(error))
    assert.deepEqual(
      [fields.name, fields.code, fields.status, fields.requestId, fields.message],
      ['NotFoundError', 'not_found', 404, error.requestId, error.message],
    )
    assert.equal(structuredClone(error).message, error.message)
  })
})

suite('options', () => {
  test('an unknown option is an error that names it and the likely one', async (t) => {
    const { sandbox, bi } = await playground(t)
    const wrong = { ...sandbox.magentoBi, timeout_ms: 1 }
    assert.throws(
      () => new magentoBi.Client(wrong),
      (error) => {
        assert.ok(error instanceof ConfigError)
        assert.match(error.message, /timeout_ms.*timeoutMs/)
        return true
      },
    )
    assert.throws(() => new magentoBi.Client({ ...sandbox.magentoBi, toString: 1 }), /toString/)
    await assert.rejects(bi.signups.get('x', { timeout: 1 }), /timeout is no option.*timeoutMs/)
    await assert.rejects(bi.signups.get('x', { timeoutMs: 'soon' }), ConfigError)
    assert.equal((await sandbox.journal()).length, 0)
  })

  test('plain http to another machine is refused', () => {
    const options = {
      base_url: 'http://api.example.com',
      username: 'u',
      password: 'p',
      oauth_client_id: 1,
      client_secret: 's',
    }
    assert.throws(() => new magentoBi.Client(options), /base_url is plain http/)
  })

  test('if any connection key is given, the environment gives none', (t) => {
    process.env.TENANTRY_MAGENTO_BI_PASSWORD = 'from-the-environment'
    t.after(() => delete process.env.TENANTRY_MAGENTO_BI_PASSWORD)
    assert.throws(() => new magentoBi.Client({ base_url: 'http://127.0.0.1:1', username: 'u' }), /password is missing/)
  })

  test('events tell what happened, and a failing listener stops nothing', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const warnings = []
    const warned = (warning) => warnings.push(warning.message)
    process.on('warning', warned)
    t.after(() => process.off('warning', warned))
    await sandbox.fault({ operation: 'magento_bi.signups.get', status: 503, times: 1 })
    const events = []
    const onEvent = (event) => {
      events.push(event)
      if (events.length === 1) throw new Error('listener broke')
      return events.length === 2 ? Promise.reject(new Error('listener broke later')) : undefined
    }
    await assert.rejects(bi.signups.get('x', { onEvent }), NotFoundError)
    const seen = events.map(({ kind, status, attempt }) => [kind, status, attempt])
    assert.deepEqual(seen, [
      ['attempt', 503, 1],
      ['retry_scheduled', null, 1],
      ['attempt', 404, 2],
    ])
    assert.equal(typeof events[0].durationMs, 'number')
    assert.equal(events[0].path, '/v3/signups/{signup_id}')
    await new Promise(setImmediate)
    assert.deepEqual(warnings, ['listener broke', 'listener broke later'])
  })

  test('a closed client ends its calls and takes no more', async (t) => {
    const { sandbox, bi } = await playground(t)
    await sandbox.fault({ operation: '*', hold: true, times: null })
    const held = bi.signups.get('x')
    await bi.close()
    await assert.rejects(held, /the client is closed/)
    await assert.rejects(bi.signups.get('x'), /the client is closed/)
  })
})

suite('secrets', () => {
  test('come from text, a variable, a file or a function', async (t) => {
    const { sandbox } = await playground(t)
    const { password } = sandbox.magentoBi
    const path = join(folder(t), 'password')
    writeFileSync(path, `${password}\n`)
    chmodSync(path, 0o600)
    process.env.TENANTRY_TEST_PASSWORD = password
    t.after(() => delete process.env.TENANTRY_TEST_PASSWORD)
    const sources = [
      password,
      Secret.text(password),
      Secret.env('TENANTRY_TEST_PASSWORD'),
      Secret.file(path),
      Secret.callback(() => password),
      Secret.callback(async () => password),
    ]
    for (const source of sources) {
      const bi = new magentoBi.Client({ ...sandbox.magentoBi, password: source })
      assert.equal((await bi.tokens.create()).expires_in, 14400, String(source))
    }
  })

  test('a function that fails is the cause of the error', async (t) => {
    const { sandbox } = await playground(t)
    const broken = new Error('the vault is closed')
    const password = Secret.callback(() => Promise.reject(broken))
    const bi = new magentoBi.Client({ ...sandbox.magentoBi, password })
    await assert.rejects(bi.tokens.create(), (error) => {
      assert.ok(error instanceof ConfigError && error.message.includes('the vault is closed'))
      assert.equal(error.cause, broken)
      return true
    })
    const odd = new magentoBi.Client({ ...sandbox.magentoBi, password: Secret.callback(() => 5) })
    await assert.rejects(odd.tokens.create(), ConfigError)
    assert.equal((await sandbox.journal()).length, 0)
  })

  test('a function may use the client itself', async (t) => {
    const { sandbox, bi } = await playground(t)
    const password = Secret.callback(async () => {
      await bi.tokens.create()
      return sandbox.magentoBi.password
    })
    const other = new magentoBi.Client({ ...sandbox.magentoBi, password })
    assert.equal((await other.tokens.create()).expires_in, 14400)
  })
})
