// The sandbox's Maestrano as Node sees it: its arguments, its behaviour, and the calls that it makes to an app.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { suite, test } from 'node:test'
import { APIConnectionError, ConfigError, Sandbox } from 'tenantry'

/** A sandbox controlled in this process, and the same one controlled over HTTP. */
async function controls(t) {
  const sandbox = await Sandbox.start({ clock: 'virtual' })
  t.after(() => sandbox.close())
  return { 'in this process': sandbox, 'over HTTP': Sandbox.fromLine(sandbox.line) }
}

/** An app that answers every call and remembers it. */
async function app(t) {
  const calls = []
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`)
    response.setHeader('content-type', 'application/json').end('{"success":true}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return { calls, url: `http://127.0.0.1:${server.address().port}` }
}

async function configuration({ base_url, api_key, api_secret }) {
  const authorization = `Basic ${Buffer.from(`${api_key}:${api_secret}`).toString('base64')}`
  const reply = await fetch(`${base_url}/api/config/v1/marketplaces`, { headers: { authorization } })
  return (await reply.json()).marketplaces
}

suite('Maestrano', () => {
  test('its arguments reach the configuration', async (t) => {
    const { 'in this process': sandbox } = await controls(t)
    assert.deepEqual(Object.keys(sandbox.maestrano).sort(), ['api_key', 'api_secret', 'base_url'])
    const names = (await configuration(sandbox.maestrano)).map((entry) => entry.marketplace)
    assert.deepEqual(names, ['maestrano', 'some-telco'])
    assert.deepEqual(Object.keys((await sandbox.state()).maestrano.marketplaces), names)
  })

  test('behaviour is merged and wrong keys are named', async (t) => {
    for (const [how, sandbox] of Object.entries(await controls(t))) {
      const behaviour = await sandbox.behaveMaestrano({ app_host: 'http://127.0.0.1:9999', invoice_ms: 1000 })
      assert.deepEqual([behaviour.app_host, behaviour.signature], ['http://127.0.0.1:9999', 'sha256'], how)
      assert.equal((await sandbox.behaveMaestrano({ invoice_ms: null })).invoice_ms, null)
      assert.equal((await configuration(sandbox.maestrano))[0].app.host, 'http://127.0.0.1:9999')
      await assert.rejects(
        sandbox.behaveMaestrano({ app_hots: 'x' }),
        (error) => error instanceof ConfigError && error.message.includes('app_hots'),
      )
    }
  })

  test('an app of this very event loop is called and its reply comes back', async (t) => {
    for (const [how, sandbox] of Object.entries(await controls(t))) {
      const { calls, url } = await app(t)
      const order = { type: 'group_deleted', marketplace: 'some-telco', to: url, times: 2 }
      const reply = { status: 200, body: { success: true } }
      assert.deepEqual(await sandbox.webhook(order), [reply, reply], how)
      assert.deepEqual(calls, Array(2).fill('DELETE /maestrano/account/groups/cld-4/some-telco'))
      await assert.rejects(sandbox.webhook({ ...order, type: 'group_born' }), ConfigError)
    }
  })

  test('an app that does not answer is a failed connection', async (t) => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const url = `http://127.0.0.1:${gone.address().port}`
    gone.close()
    await once(gone, 'close')
    for (const sandbox of Object.values(await controls(t))) {
      await assert.rejects(sandbox.webhook({ type: 'group_deleted', to: url }), APIConnectionError)
    }
  })
})
