// AbortSignal: before, during and after a call.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { magentoBi, Secret } from 'tenantry'
import { merchant, playground, signup } from './fixture.mjs'

/** A promise, and what settles it. */
function latch() {
  let open
  const opened = new Promise((resolve) => {
    open = resolve
  })
  return { open, opened }
}

test('a signal that is aborted already sends nothing, and its reason is thrown', async (t) => {
  const { sandbox, bi } = await playground(t)
  const reason = new Error('changed my mind')
  await assert.rejects(bi.signups.create(signup(), { signal: AbortSignal.abort(reason) }), (error) => error === reason)
  await assert.rejects(bi.signups.create(signup(), { signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.equal((await sandbox.journal()).length, 0)
})

test('an abort ends a call that waits for its reply', async (t) => {
  const { sandbox, bi } = await playground(t)
  await sandbox.fault({ operation: '*', hold: true, times: null })
  const controller = new AbortController()
  const held = bi.signups.get('x', { signal: controller.signal })
  controller.abort()
  await assert.rejects(held, { name: 'AbortError' })
  await assert.rejects(bi.signups.get('x', { signal: AbortSignal.timeout(1) }), { name: 'TimeoutError' })
})

test('an abort ends a call that waits for its own caller', async (t) => {
  const { sandbox } = await playground(t)
  const controller = new AbortController()
  const { open, opened } = latch()
  const password = Secret.callback(() => {
    open()
    return new Promise(() => {})
  })
  const bi = new magentoBi.Client({ ...sandbox.magentoBi, password })
  const asked = bi.tokens.create({ signal: controller.signal })
  await opened
  controller.abort()
  await assert.rejects(asked, { name: 'AbortError' })
  assert.equal((await sandbox.journal()).length, 0)
})

test('an abort after the reply changes nothing, and no listener stays', async (t) => {
  const { bi } = await playground(t)
  const controller = new AbortController()
  const { signal } = controller
  const added = []
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (type, listener, options) => {
    added.push(listener)
    addEventListener.call(signal, type, listener, options)
  }
  signal.removeEventListener = (type, listener) => {
    added.splice(added.indexOf(listener), 1)
    removeEventListener.call(signal, type, listener)
  }
  const { id } = await bi.signups.create(signup(), { signal })
  controller.abort()
  assert.ok(id)
  assert.deepEqual(added, [])
})

test('many calls under one signal warn of nothing and end together', async (t) => {
  const { sandbox, bi } = await playground(t)
  await sandbox.fault({ operation: '*', hold: true, times: null })
  const warnings = []
  const warned = (warning) => warnings.push(warning)
  process.on('warning', warned)
  t.after(() => process.off('warning', warned))
  const controller = new AbortController()
  const calls = Array.from({ length: 100 }, () => bi.signups.get('x', { signal: controller.signal }))
  controller.abort()
  const settled = await Promise.allSettled(calls)
  assert.ok(settled.every(({ reason }) => reason?.name === 'AbortError'))
  await new Promise(setImmediate)
  assert.deepEqual(warnings, [])
})

test('an aborted flow sends nothing more, keeps its checkpoint and can be resumed at once', async (t) => {
  const { sandbox, bi } = await playground(t, { sandbox: { clock: 'virtual' } })
  const spec = merchant()
  const saved = []
  const checkpoint = { load: () => saved.at(-1), save: (text) => void saved.push(text) }
  const controller = new AbortController()
  const flow = bi.onboardings.start(spec, { checkpoint, signal: controller.signal })
  await assert.rejects(
    async () => {
      for await (const event of flow) if (event.type === 'polled') controller.abort()
    },
    { name: 'AbortError' },
  )
  const sent = (await sandbox.journal()).length
  await assert.rejects(flow.run(), { name: 'AbortError' })
  assert.equal((await sandbox.journal()).length, sent)
  assert.equal(flow.status.step, 'await_client')
  const resumed = bi.onboardings.resume(spec, { checkpoint })
  assert.ok((await resumed.run()).client_id)
})

test('a flow under a signal that is aborted already sends nothing', async (t) => {
  const { sandbox, bi } = await playground(t)
  const flow = bi.onboardings.start(merchant(), { signal: AbortSignal.abort() })
  await assert.rejects(flow.run(), { name: 'AbortError' })
  assert.equal((await sandbox.journal()).length, 0)
})
