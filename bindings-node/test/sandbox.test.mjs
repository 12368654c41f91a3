// The sandbox: in this process, as a program, and controlled from another process.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError, cloudblue, magentoBi, NotFoundError, Sandbox } from 'tenantry'
import { counter, merchant, playground, root, signup } from './fixture.mjs'

suite('in this process', () => {
  test('time, faults, journal, state and reset', async (t) => {
    const { sandbox, bi } = await playground(t, { sandbox: { clock: 'virtual', waitMs: 60_000 } })
    const { id } = await bi.signups.create(signup())
    assert.equal((await bi.signups.get(id)).status, 'pending')
    await sandbox.advance(60_000)
    assert.equal((await bi.signups.get(id)).status, 'completed')
    await sandbox.fault([{ operation: 'magento_bi.signups.get', status: 418 }])
    await assert.rejects(bi.signups.get(id), (error) => error.status === 418)
    await sandbox.fault({ operation: '*', status: 418, times: null })
    await sandbox.clearFaults()
    assert.equal((await sandbox.state()).magento_bi.signups.length, 1)
    assert.equal((await sandbox.journal()).length, 4)
    await bi.connections.list(1).catch(() => {})
    await sandbox.expireTokens()
    await sandbox.reset()
    assert.deepEqual(await sandbox.journal(), [])
    await assert.rejects(bi.signups.get(id), NotFoundError)
  })

  test('half an hour of waiting is a moment of the virtual clock', async (t) => {
    const { sandbox, bi } = await playground(t, { sandbox: { clock: 'virtual', waitMs: 25 * 60_000 } })
    await bi.onboardings
      .start(merchant(), { stepMaxWaitMs: { await_structure_sync: null, await_dashboards: null } })
      .run()
    const { at_ms } = (await sandbox.journal()).at(-1)
    assert.ok(at_ms >= 4 * 25 * 60_000, String(at_ms))
  })

  test('the document has its own vocabulary', async (t) => {
    const { bi } = await playground(t, { sandbox: { vocabulary: 'document', waitMs: 0 } })
    const { id } = await bi.signups.create(signup())
    const { client_id } = await bi.signups.get(id)
    assert.equal((await bi.invites.create({ client_id, ...merchant().user })).user_id, undefined)
  })

  test('requests are made as ordered, the same for the same seed, and Connect behaves as told', async (t) => {
    const { sandbox, connect } = await counter(t)
    const order = { requests: 30, seed: 7, product_id: 'PRD-1', status: 'pending', type: 'purchase', clear: true }
    const made = await sandbox.generate(order)
    assert.equal(made.requests, 30)
    const first = await connect.requests.list().toList()
    assert.equal(first.length, 30)
    await sandbox.generate(order)
    const ids = (rows) => rows.map(({ id }) => id)
    assert.deepEqual(ids(await connect.requests.list().toList()), ids(first))
    await sandbox.generate({ ...order, clear: false, seed: 8, requests: 5 })
    assert.equal(await connect.requests.list().count(), 35)
    assert.equal((await sandbox.behave({ pend_reply: 'empty' })).pend_reply, 'empty')
    const { id } = first[0]
    await connect.requests.inquire(id, { template_id: 'TL-2' })
    assert.equal((await connect.requests.pend(id)).status, 'pending')
    await assert.rejects(sandbox.generate({ requests: 1, sede: 1 }), /sede/)
    await assert.rejects(sandbox.behave({ pend_answer: 'empty' }), /pend_answer/)
  })

  test('what is wrong is refused by name', async (t) => {
    await assert.rejects(Sandbox.start({ clok: 'virtual' }), ConfigError)
    await assert.rejects(Sandbox.start({ clock: 'slow' }), /clock must be real or virtual/)
    await assert.rejects(Sandbox.start({ port: 70_000 }), /port/)
    const { sandbox } = await playground(t)
    await assert.rejects(Sandbox.start({ port: Number(new URL(sandbox.url).port) }), /another port/)
    await assert.rejects(sandbox.fault({ operation: '*', staus: 1 }), /staus/)
    await assert.rejects(sandbox.advance(5), ConfigError)
    await assert.rejects(sandbox.outcome({ sign_up: 'x' }), /sign_up/)
  })

  test('close frees the port and may be called again; two live side by side', async (t) => {
    const { sandbox } = await playground(t)
    const other = await Sandbox.start()
    assert.notEqual(other.url, sandbox.url)
    const port = Number(new URL(other.url).port)
    await other.close()
    await other[Symbol.asyncDispose]()
    const again = await Sandbox.start({ port })
    assert.equal(again.url, other.url)
    await again.close()
  })

  test('displays show no credentials', async (t) => {
    const { sandbox } = await playground(t)
    const { password, client_secret } = sandbox.magentoBi
    for (const shown of [inspect(sandbox, { showHidden: true, depth: 9 }), JSON.stringify(sandbox), String(sandbox)])
      assert.ok(!shown.includes(password) && !shown.includes(client_secret))
  })
})

/** `tenantry sandbox` with its first line. */
async function serve(t, ...args) {
  const child = spawn(process.execPath, [join(root, 'bindings-node', 'bin', 'tenantry.cjs'), 'sandbox', ...args])
  t.after(() => child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (data) => {
    stderr += data
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  return { child, line, end: async () => [...(await once(child, 'close')), stderr] }
}

suite('as a program', () => {
  for (const signal of ['SIGINT', 'SIGTERM'])
    test(`prints one line, serves, and ends with 0 at ${signal}`, async (t) => {
      const { child, line, end } = await serve(t, '--port', '0', '--wait-ms', '0')
      const { url, magento_bi } = JSON.parse(line)
      assert.ok(magento_bi.base_url === url && magento_bi.password)
      const bi = new magentoBi.Client(magento_bi)
      const { id } = await bi.signups.create(signup())
      assert.equal((await bi.signups.get(id)).status, 'completed')
      child.kill(signal)
      assert.deepEqual(await end(), [0, null, ''])
    })

  test('is controlled from elsewhere by its line', async (t) => {
    const { line } = await serve(t, '--clock', 'virtual')
    const sandbox = Sandbox.fromLine(line)
    const bi = new magentoBi.Client(sandbox.magentoBi)
    const { id } = await bi.signups.create(signup())
    await sandbox.advance(5000)
    assert.equal((await bi.signups.get(id)).status, 'completed')
    await sandbox.fault({ operation: '*', status: 418 })
    await assert.rejects(bi.signups.get(id), (error) => error.status === 418)
    await assert.rejects(sandbox.fault({ operation: '*', staus: 1 }), /staus/)
    assert.equal((await sandbox.journal()).length, 3)
    assert.equal((await sandbox.state()).magento_bi.signups.length, 1)
    await sandbox.outcome({ signup: 'failed' })
    await sandbox.expireTokens()
    const connect = new cloudblue.Client(sandbox.cloudblue)
    assert.equal((await sandbox.generate({ requests: 3, status: 'pending', clear: true })).requests, 3)
    assert.equal((await connect.requests.list().toList()).length, 3)
    assert.equal((await sandbox.behave({ page_cap: 2 })).page_cap, 2)
    await assert.rejects(sandbox.behave({ page_kap: 2 }), /page_kap/)
    await sandbox.clearFaults()
    await sandbox.reset()
    assert.deepEqual(await sandbox.journal(), [])
    await sandbox.close()
    await assert.rejects(bi.signups.get(id), NotFoundError)
  })

  test('refuses what it does not know', async () => {
    for (const [args, code] of [
      [['sandbox', '--prot', '1'], 2],
      [['sandbox', '--port', 'x'], 1],
      [['sandbocks'], 2],
    ]) {
      const child = spawn(process.execPath, [join(root, 'bindings-node', 'bin', 'tenantry.cjs'), ...args], {
        stdio: 'ignore',
      })
      const [status] = await once(child, 'close')
      assert.equal(status, code, args.join(' '))
    }
  })
})
