// SIGKILL at random instants of an onboarding: resumed, each ends in the same state, with every create sent once.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { test } from 'node:test'
import { Sandbox } from 'tenantry'
import { folder, here, many, merchant } from './fixture.mjs'

const KILLS = Number(process.env.TENANTRY_KILLS ?? 200)
const WIDTH = 2
const ONCE = ['signups', 'invites', 'connections', 'autodash']

test(`${KILLS} onboardings killed and resumed`, { timeout: 600_000 }, async (t) => {
  const place = folder(t)
  const spec = merchant()
  const sandboxes = await Promise.all(Array.from({ length: WIDTH }, () => Sandbox.start({ waitMs: 10 })))
  t.after(() => Promise.all(sandboxes.map((sandbox) => sandbox.close())))
  const free = [...sandboxes]

  const onboard = (sandbox, checkpoint) => {
    const env = { ...process.env, SANDBOX_LINE: sandbox.line, SPEC: JSON.stringify(spec) }
    const child = spawn(process.execPath, [join(here, 'programs', 'onboard.mjs'), checkpoint], { env })
    let said = ''
    // The program says `begun` when its flow begins: before that, node is only starting.
    const begun = once(child.stdout, 'data').then(() => performance.now())
    child.stdout.on('data', (data) => {
      said += data
    })
    child.stderr.on('data', (data) => {
      said += data
    })
    return { child, begun, ended: once(child, 'close').then(([code, signal]) => ({ code, signal, said })) }
  }

  /** What does not depend on chance. */
  const final = async (sandbox, said) => {
    const { client_id, connection, user_id } = JSON.parse(said.slice('begun'.length))
    const state = (await sandbox.state()).magento_bi
    return { client_id, connection, user_id, counts: ONCE.map((noun) => [noun, state[noun].length]) }
  }

  // Undisturbed ones say how it ends, and how long one takes beside others.
  const lengths = []
  const ends = []
  await many(2 * WIDTH, WIDTH, async (run) => {
    const sandbox = free.pop()
    const { begun, ended } = onboard(sandbox, join(place, `undisturbed-${run}`))
    const start = await begun
    const { code, said } = await ended
    assert.equal(code, 0, said)
    lengths.push(performance.now() - start)
    ends.push(await final(sandbox, said))
    await sandbox.reset()
    free.push(sandbox)
  })
  const length = Math.min(...lengths)
  for (const end of ends) assert.deepEqual(end, ends[0])

  let [killed, ended] = [0, 0]
  await many(KILLS, WIDTH, async (run) => {
    const sandbox = free.pop()
    // One that ends before its instant comes does not count.
    for (let alive = true; alive; ) {
      const checkpoint = join(place, `run-${run}-${ended}`)
      const first = onboard(sandbox, checkpoint)
      await first.begun
      // The instant is drawn anew each time, and the result must not depend on it.
      const timer = setTimeout(() => first.child.kill('SIGKILL'), randomInt(Math.ceil(length)))
      const { signal, said } = await first.ended
      clearTimeout(timer)
      alive = signal === null
      if (alive) ended += 1
      else killed += 1
      const last = alive ? { code: 0, said } : await onboard(sandbox, checkpoint).ended
      assert.equal(last.code, 0, `run ${run}: ${last.said}`)
      assert.deepEqual(await final(sandbox, last.said), ends[0], `run ${run}`)
      const creates = (await sandbox.journal()).filter(
        ({ method, operation }) => method === 'POST' && operation !== 'magento_bi.tokens.create',
      )
      assert.equal(creates.length, 5, `run ${run}: ${creates.map(({ operation }) => operation).join()}`)
      await sandbox.reset()
    }
    free.push(sandbox)
  })
  t.diagnostic(`${killed} killed midway, ${ended} ended before the kill; ${length.toFixed(0)} ms undisturbed`)
  assert.equal(killed, KILLS)
})
