// Processes and workers that end, or do not, with calls in flight. Each case runs in a process of its own, and says nothing on
// stderr.

import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { Sandbox } from 'tenantry'
import { many, program } from './fixture.mjs'

const WIDTH = 2
let sandbox
let env

suite('lifetimes', () => {
  before(async () => {
    sandbox = await Sandbox.start()
    env = { SANDBOX_LINE: sandbox.line }
  })

  test('100 exits while replies arrive', async () => {
    await many(100, WIDTH, async (run) => {
      const ended = await program('exit.mjs', ['exit', String(run % 50)], { env })
      assert.deepEqual(ended, { code: 0, signal: null, stdout: '', stderr: '' }, `run ${run}`)
    })
  })

  for (const way of ['abort', 'close'])
    test(`116 calls cancelled by ${way} while they are held, and all have settled`, async (t) => {
      const own = await Sandbox.start()
      t.after(() => own.close())
      for (let run = 0; run < 4; run++) {
        await own.reset()
        await own.fault({ operation: 'magento_bi.signups.get', skip: 1, times: null, hold: true })
        const { stdout, ...ended } = await program('exit.mjs', [way, '1'], { env: { SANDBOX_LINE: own.line } })
        assert.deepEqual(ended, { code: 0, signal: null, stderr: '' })
        const { replies, aborted } = JSON.parse(stdout)
        assert.ok(replies === 60 && aborted >= 29, stdout)
      }
    })

  test('an exception with calls in flight', async () => {
    for (let run = 0; run < 5; run++) {
      const { code, signal, stderr } = await program('exit.mjs', ['throw', String(run * 10 + 1)], { env })
      assert.deepEqual([code, signal], [1, null])
      assert.match(stderr, /on purpose/)
      assert.doesNotMatch(stderr, /panicked|FATAL|Assertion/)
    }
  })

  test('60 workers terminated mid-request', async () => {
    const ended = await program('worker.mjs', ['60'], { env })
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'not_found\n', stderr: '' })
  })

  test('a call under way keeps the process alive', async () => {
    const ended = await program('alive.mjs', ['pending'], { env })
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'not_found\n', stderr: '' })
  })

  test('what is idle does not', async () => {
    const ended = await program('alive.mjs', ['idle'], { env })
    assert.deepEqual(ended, { code: 0, signal: null, stdout: '\n', stderr: '' })
  })

  test('a list that was left, and a worker that does not run, do not either', async (t) => {
    const own = await Sandbox.start()
    t.after(() => own.close())
    // Held for ever: the page after the first.
    await own.fault({ operation: 'cloudblue.requests.list', skip: 1, times: 1, hold: true })
    const ended = await program('alive.mjs', ['listed'], { env: { SANDBOX_LINE: own.line } })
    assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, ''])
    assert.match(ended.stdout, /^string\n(revoking|pending)\n$/)
  })

  test('20 exits while pages are fetched ahead and requests are in hand', async () => {
    await many(20, WIDTH, async (run) => {
      const ended = await program('alive.mjs', ['torn', String(run)], { env })
      assert.deepEqual(ended, { code: 0, signal: null, stdout: '', stderr: '' }, `run ${run}`)
    })
  })

  test('an error that nobody handles ends the process with its class and message', async () => {
    const { code, signal, stderr } = await program('alive.mjs', ['unhandled'], { env })
    assert.deepEqual([code, signal], [1, null])
    assert.match(stderr, /NotFoundError: magento_bi\.signups\.get/)
  })

  test('a forked child has its own client', async () => {
    const ended = await program('alive.mjs', ['forked'], { env })
    assert.deepEqual(ended, { code: 0, signal: null, stdout: 'not_found\n0 1\n', stderr: '' })
  })

  test('SIGINT ends a process whose calls are held', async (t) => {
    const own = await Sandbox.start()
    t.after(() => own.close())
    await own.fault({ operation: '*', hold: true, times: null })
    const onLine = (_, child) => child.kill('SIGINT')
    const ended = await program('alive.mjs', ['held'], { env: { SANDBOX_LINE: own.line }, onLine })
    assert.deepEqual(ended, { code: null, signal: 'SIGINT', stdout: 'ready\n', stderr: '' })
  })

  test('thousands of calls leave no handle, descriptor or memory behind', async () => {
    const { stdout, ...ended } = await program('alive.mjs', ['growth'], { env, flags: ['--expose-gc'] })
    assert.deepEqual(ended, { code: 0, signal: null, stderr: '' })
    const { before: first, after: last } = JSON.parse(stdout)
    assert.ok(last[0] <= first[0] + 40, `descriptors: ${stdout}`)
    assert.ok(last[1] <= first[1], `handles: ${stdout}`)
    assert.ok(last[2] <= first[2] + 2 ** 20, `heap: ${stdout}`)
  })
})
