// The worker: cycles, outcomes, and what happens when a handler fails, decides nothing, or is interrupted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthenticationError, cloudblue, Secret, ValidationError } from 'tenantry'
import { count, counter, program, statuses } from './fixture.mjs'

const { approve, confirmRevoke, fail, inquire, schedule, skip } = cloudblue

/** What a process writes while `work` runs, and the warnings that it emits. */
async function overheard(work) {
  const lines = []
  const warnings = []
  const { write } = process.stdout
  process.stdout.write = (text) => lines.push(text)
  const warned = (warning) => warnings.push(`${warning.name}: ${warning.message}`)
  process.on('warning', warned)
  try {
    await work()
    await new Promise(setImmediate)
  } finally {
    process.stdout.write = write
    process.off('warning', warned)
  }
  return { lines, warnings }
}

/** How many POSTs about requests arrived. */
async function posted(sandbox) {
  return (await sandbox.journal()).filter(({ method }) => method === 'POST').length
}

test('one cycle handles what is pending, each as its handler chose', async (t) => {
  const { sandbox, connect } = await counter(t)
  const chosen = new Map()
  const worker = connect.fulfillmentWorker({ product_ids: ['PRD-1'], types: ['purchase'] })
  const report = await worker
    .handler((request, { lane, attempt, signal }) => {
      assert.deepEqual([lane, attempt, signal.aborted], ['pending', 1, false])
      const email = cloudblue.param(request.asset, 'email')?.value
      chosen.set(request.id, email ? 'approved' : 'inquiring')
      if (!email) return inquire({ errors: { email: 'Please fill this in' }, template_id: 'TL-2' })
      return approve({ template_id: 'TL-1', params: { subscription_id: 'S-1' } })
    })
    .runOnce()
  const ends = await statuses(sandbox)
  for (const [id, status] of chosen) assert.equal(ends.get(id), status)
  assert.ok(chosen.size >= 50 && report.inquired > 0)
  assert.deepEqual([report.seen, report.approved + report.inquired], [chosen.size, chosen.size])
  assert.deepEqual([report.cycles, report.errorCount, report.errors], [1, 0, []])
  assert.match(String(report), /^1 cycle: seen \d+, approved \d+, inquired \d+$|^1 cycle: /)
  assert.deepEqual(JSON.parse(JSON.stringify(worker)), JSON.parse(JSON.stringify(report)))
  const [id] = [...chosen].find(([, status]) => status === 'approved')
  assert.equal(cloudblue.param((await connect.requests.get(id)).asset, 'subscription_id').value, 'S-1')
})

test('every outcome does what it says', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 7, assets: 7 } })
  const [revoked] = await connect.requests.list().toList()
  await connect.requests.schedule(revoked.id, { planned_date: new Date('2031-01-01') })
  await connect.requests.revoke(revoked.id, { reason: 'changed their mind' })
  const pending = await connect.requests.list().toList()
  const later = new Date('2026-01-01T01:00:00Z')
  const outcomes = [
    approve({ template_id: 'TL-1' }),
    approve({ activation_tile: '# Welcome', effective_date: new Date(0) }),
    fail('no stock'),
    inquire({ template_id: 'TL-2' }),
    schedule(new Date('2031-01-01')),
    skip({ reason: 'not yet', notBefore: later }),
  ]
  const byId = new Map(pending.map(({ id }, at) => [id, outcomes[at]]))
  const results = []
  const worker = connect.fulfillmentWorker({ lanes: ['revoking', 'pending'] })
  const report = await worker.runOnce({
    handler: ({ id, status }) => (status === 'revoking' ? confirmRevoke() : byId.get(id)),
    onProgress: ({ type, result }) => type === 'acted' && results.push(result),
  })
  const { approved, failed, inquired, scheduled, revoked: confirmed, skipped } = report
  assert.deepEqual([approved, failed, inquired, scheduled, confirmed, skipped], [2, 1, 1, 1, 1, 1], String(report))
  const ends = await statuses(sandbox)
  assert.deepEqual(
    pending.map(({ id }) => ends.get(id)),
    ['approved', 'approved', 'failed', 'inquiring', 'scheduled', 'pending'],
  )
  assert.equal(ends.get(revoked.id), 'revoked')
  // What was left until later does not come before, and comes then.
  const never = () => assert.fail('too early')
  assert.equal((await worker.runOnce({ handler: never })).seen, 1)
  await sandbox.advance(3_600_001)
  assert.equal((await worker.runOnce({ handler: () => approve({ template_id: 'TL-1' }) })).approved, 1)
})

test('nothing returned leaves the request, is counted, and is warned of once', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 5, assets: 5 } })
  const worker = connect.fulfillmentWorker().handler(async () => {})
  let report
  const { warnings } = await overheard(async () => {
    report = await worker.runOnce()
  })
  assert.deepEqual([report.skipped, report.errorCount], [5, 0])
  assert.equal(warnings.length, 1, warnings.join('\n'))
  assert.match(warnings[0], /^TenantryWarning: nothing was decided about PR-/)
  assert.equal(await posted(sandbox), 0)
})

test('what is no outcome, and what a handler throws, is an error in the report and never an action', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 9, assets: 9 } })
  const returned = [
    'approve',
    true,
    { template_id: 'TL-1' },
    { approve: { template_id: 'TL-1' }, fail: { reason: 'x' } },
    [approve({ template_id: 'TL-1' })],
    approve({ template_id: 'TL-1', params: { big: 10n } }),
    approve({}),
    fail(''),
  ]
  const thrown = []
  const report = await connect.fulfillmentWorker().runOnce({
    handler: async () => {
      if (returned.length === 0) throw new RangeError('out of stock')
      return returned.pop()
    },
    onProgress: (event) => event.type === 'handler_failed' && thrown.push(event.error),
  })
  assert.equal(report.errorCount, 9)
  assert.equal(await posted(sandbox), 0)
  const messages = report.errors.map(({ message }) => message).join('\n')
  for (const said of [
    /a string, which is no outcome/,
    /a boolean/,
    /an object/,
    /a list/,
    /big is a bigint/,
    /RangeError: out of stock/,
  ])
    assert.match(messages, said)
  for (const { request } of report.errors) assert.match(request, /^PR-/)
  assert.deepEqual(thrown.map(({ name }) => name).sort(), ['RangeError', 'ValidationError'])
})

test('a handler that fails comes again later, longer each time', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 1 } })
  const attempts = []
  const worker = connect.fulfillmentWorker()
  const { warnings } = await overheard(async () => {
    await worker.run({
      maxCycles: 8,
      handler: (_, { attempt }) => {
        attempts.push(attempt)
        if (attempt < 3) throw new Error('not yet')
        return approve({ template_id: 'TL-1' })
      },
    })
  })
  assert.deepEqual(attempts, [1, 2, 3])
  assert.equal(warnings.length, 1, warnings.join('\n'))
  assert.match(warnings[0], /not yet/)
  assert.deepEqual(new Set((await statuses(sandbox)).values()), new Set(['approved']))
})

test('an hour of cycles passes in a moment, and what arrives meanwhile is handled', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 3 } })
  const events = []
  const worker = connect.fulfillmentWorker({ product_ids: ['PRD-1'] })
  const begin = performance.now()
  const report = await worker.run({
    maxCycles: 21,
    handler: () => approve({ template_id: 'TL-1' }),
    onProgress: async (event) => {
      events.push(event.type)
      if (event.type === 'cycle_ended' && events.length < 10)
        await sandbox.generate({
          requests: 2,
          seed: events.length,
          product_id: 'PRD-1',
          status: 'pending',
          type: 'purchase',
        })
    },
  })
  assert.equal(report.cycles, 21)
  assert.ok(report.approved >= 5, String(report))
  assert.equal(events.filter((type) => type === 'cycle_started').length, 21)
  const [first, last] = [(await sandbox.journal())[0], (await sandbox.journal()).at(-1)]
  const minutes = (last.at_ms - first.at_ms) / 60_000
  assert.ok(minutes > 50 && minutes < 70, `${minutes} minutes`)
  assert.ok(performance.now() - begin < 30_000)
})

test('several requests are in hand at a time, those of one asset never', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 60, assets: 20 } })
  const order = new Map()
  for (const { id, asset } of await connect.requests.list().toList())
    order.set(asset.id, [...(order.get(asset.id) ?? []), id])
  const busy = new Set()
  const seen = new Map()
  let most = 0
  const report = await connect.fulfillmentWorker({ concurrency: 8 }).runOnce({
    handler: async ({ id, asset }) => {
      assert.ok(!busy.has(asset.id), 'two of one asset')
      busy.add(asset.id)
      most = Math.max(most, busy.size)
      seen.set(asset.id, [...(seen.get(asset.id) ?? []), id])
      await connect.requests.get(id)
      busy.delete(asset.id)
      return approve({ template_id: 'TL-1' })
    },
  })
  assert.deepEqual([report.approved, report.errorCount], [60, 0], JSON.stringify(report.errors))
  assert.deepEqual(seen, order)
  assert.ok(most > 1 && most <= 8, `${most} at a time`)
  assert.equal(count(await sandbox.journal(), 'cloudblue.requests.approve'), 60)
})

test('a dry run prints the decisions and sends nothing', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 3, assets: 3 } })
  const password = crypto.randomUUID()
  const outcomes = [approve({ template_id: 'TL-1', params: { admin_password: password } }), fail('no stock'), undefined]
  const told = []
  let report
  const { lines } = await overheard(async () => {
    report = await connect.fulfillmentWorker().runOnce({
      dryRun: true,
      handler: () => outcomes.shift(),
      onProgress: (event) => event.type === 'decided' && told.push(event),
    })
  })
  assert.equal(report.decided, 3)
  assert.equal(lines.length, 3)
  assert.match(
    lines.join(''),
    /^PR-[\d-]+: approve params=admin_password template_id=TL-1\nPR-[\d-]+: fail reason=no stock\nPR-[\d-]+: nothing\n$/,
  )
  assert.deepEqual(told[0].outcome.approve.params, ['admin_password'])
  assert.ok(!JSON.stringify(told).includes(password))
  const journal = await sandbox.journal()
  assert.deepEqual(new Set(journal.map(({ method }) => method)), new Set(['GET']))
})

test('jobs as an iterator: decided by their own methods, or left', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 6, assets: 6 } })
  const worker = connect.fulfillmentWorker()
  const results = []
  let at = 0
  const { warnings } = await overheard(async () => {
    for await (const job of worker.jobs({ maxCycles: 1 })) {
      assert.deepEqual([job.lane, job.attempt], ['pending', 1])
      if (at === 0) results.push((await job.approve({ template_id: 'TL-1' })).result)
      if (at === 1) results.push((await job.fail('no stock')).request.status)
      if (at === 2) results.push((await job.inquire({ template_id: 'TL-2' })).result)
      if (at === 3) results.push((await job.schedule(new Date('2031-01-01'))).result)
      if (at === 4) {
        const late = await job.approve({})
        results.push(late.result, late.error.constructor)
        await assert.rejects(job.approve({ template_id: 'TL-1' }), ValidationError)
      }
      at++
    }
  })
  assert.deepEqual(results, ['approved', 'failed', 'inquired', 'scheduled', 'error', ValidationError])
  const { approved, skipped, errorCount } = worker.report
  assert.deepEqual([approved, skipped, errorCount, warnings.length], [1, 1, 1, 1])
  assert.equal(await posted(sandbox), 4)
})

test('leaving the loop lets the job in hand go, and the worker can begin again', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 300, assets: 300 } })
  const worker = connect.fulfillmentWorker()
  let left
  for await (const job of worker.jobs()) {
    left = job
    break
  }
  await assert.rejects(left.approve({ template_id: 'TL-1' }), ValidationError)
  assert.equal(await posted(sandbox), 0)
  const report = await worker.runOnce({ handler: () => approve({ template_id: 'TL-1' }) })
  assert.equal(report.approved, 300)
})

test('two runs of one worker at the same time are refused', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 1 } })
  const worker = connect.fulfillmentWorker()
  await worker.runOnce({
    handler: async () => {
      await assert.rejects(worker.runOnce({ handler: () => {} }), /under way/)
      return skip()
    },
  })
})

test('stop finishes what is in hand and takes nothing new', async (t) => {
  const { connect } = await counter(t, { generate: { requests: 50, assets: 50 } })
  const worker = connect.fulfillmentWorker({ concurrency: 3 })
  let handled = 0
  const report = await worker.run({
    handler: async ({ id }) => {
      handled++
      if (handled === 3) worker.stop()
      await connect.requests.get(id)
      return approve({ template_id: 'TL-1' })
    },
  })
  assert.ok(handled >= 3 && handled < 10, `${handled}`)
  assert.deepEqual([report.approved, report.errorCount], [handled, 0])
})

test('an abort ends a run at once, the requests in hand too, and the worker can begin again', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 5, assets: 5 } })
  const worker = connect.fulfillmentWorker({ concurrency: 2 })
  const before = AbortSignal.abort(new Error('no'))
  await assert.rejects(worker.run({ handler: () => {}, signal: before }), /^Error: no$/)
  assert.equal((await sandbox.journal()).length, 0)
  const controller = new AbortController()
  const told = []
  const stuck = worker.run({
    signal: controller.signal,
    handler: (_, { signal }) => {
      signal.addEventListener('abort', () => told.push('aborted'))
      if (told.push('begun') === 2) controller.abort()
      return new Promise(() => {})
    },
  })
  await assert.rejects(stuck, { name: 'AbortError' })
  assert.deepEqual(told, ['begun', 'begun', 'aborted', 'aborted'])
  assert.equal(await posted(sandbox), 0)
  const report = await worker.runOnce({ handler: () => approve({ template_id: 'TL-1' }) })
  assert.equal(report.approved, 5)
})

test('an abort ends a decision that is being sent, and the next run settles it by reading', async (t) => {
  const { sandbox, connect } = await counter(t, { sandbox: { clock: 'real' }, generate: { requests: 1 } })
  await sandbox.fault({ operation: 'cloudblue.requests.approve', when: 'after', hold: true })
  const controller = new AbortController()
  const worker = connect.fulfillmentWorker({ recheckAfterMs: 0 })
  const run = worker.run({ handler: () => approve({ template_id: 'TL-1' }), signal: controller.signal })
  // The test's own time limit ends a wait in vain.
  while ((await posted(sandbox)) === 0);
  controller.abort()
  await assert.rejects(run, { name: 'AbortError' })
  const [status] = (await statuses(sandbox)).values()
  const report = await worker.runOnce({ handler: () => approve({ template_id: 'TL-1' }) })
  assert.deepEqual([status, report.approved, report.errorCount], ['approved', 0, 0])
  assert.equal(await posted(sandbox), 1)
})

test('an abort ends a sleep between cycles', async (t) => {
  const { connect } = await counter(t, { sandbox: { clock: 'real' }, generate: { requests: 1 } })
  const controller = new AbortController()
  const onProgress = ({ type }) => type === 'cycle_ended' && controller.abort()
  const handler = () => approve({ template_id: 'TL-1' })
  const run = connect.fulfillmentWorker().run({ handler, onProgress, signal: controller.signal })
  await assert.rejects(run, { name: 'AbortError' })
})

test('a lost reply is settled by reading; somebody else’s decision is a conflict', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 3, assets: 3 } })
  await sandbox.fault({ operation: 'cloudblue.requests.approve', when: 'after', drop: true })
  let at = 0
  const report = await connect.fulfillmentWorker().runOnce({
    handler: async ({ id }) => {
      if (++at === 2) await connect.requests.fail(id, { reason: 'somebody else' })
      return approve({ template_id: 'TL-1' })
    },
  })
  assert.deepEqual([report.alreadyApplied, report.conflicts, report.approved], [1, 1, 1], String(report))
})

test('refused credentials end a run with one error, and a server that fails stretches its interval', async (t) => {
  const { sandbox, connect } = await counter(t, { generate: { requests: 1 } })
  const wrong = new cloudblue.Client({ ...sandbox.cloudblue, api_key: 'ApiKey SU-1:wrong' })
  const refused = await wrong
    .fulfillmentWorker()
    .run({ handler: () => {} })
    .catch((error) => error)
  assert.ok(refused instanceof AuthenticationError, refused)
  assert.equal(refused.details.report.approved, 0)
  await sandbox.fault({ operation: 'cloudblue.requests.list', status: 503, times: 3 })
  const delays = []
  const report = await connect.fulfillmentWorker({}, { maxRetries: 0 }).run({
    maxCycles: 6,
    handler: () => approve({ template_id: 'TL-1' }),
    onProgress: ({ type, delayMs }) => type === 'backing_off' && delays.push(delayMs),
  })
  assert.ok(delays.length >= 2 && delays.every((delay) => delay >= 180_000), delays.join())
  assert.equal(report.approved, 1)
})

test('a worker asks for its key when it needs it, and tells its listener of every request', async (t) => {
  // A virtual clock would jump to the time limit while a callback looks for the key.
  const { sandbox } = await counter(t, { sandbox: { clock: 'real' }, generate: { requests: 250, assets: 250 } })
  const { base_url, api_key } = sandbox.cloudblue
  let asked = 0
  const key = Secret.callback(async () => {
    asked++
    return api_key
  })
  const operations = new Set()
  const connect = new cloudblue.Client({ base_url, api_key: key })
  const onEvent = ({ operation, kind }) => kind === 'attempt' && operations.add(operation)
  const worker = connect.fulfillmentWorker({ concurrency: 4 }, { onEvent })
  const report = await worker.runOnce({ handler: () => approve({ template_id: 'TL-1' }) })
  assert.deepEqual([report.approved, report.errorCount], [250, 0], JSON.stringify(report.errors))
  assert.ok(asked > 0)
  assert.deepEqual(operations, new Set(['cloudblue.requests.list', 'cloudblue.requests.approve']))
  const broken = new Error('the vault is closed')
  const sealed = new cloudblue.Client({ base_url, api_key: Secret.callback(() => Promise.reject(broken)) })
  const refused = await sealed
    .fulfillmentWorker()
    .runOnce({ handler: () => {} })
    .catch((error) => error)
  assert.ok(refused.code === 'config' && refused.cause === broken, refused)
})

test('options that cannot be used are refused by name', async (t) => {
  const { connect } = await counter(t)
  for (const [options, said] of [
    [{ intervalMs: 1000 }, /interval/],
    [{ interval: 180 }, /interval/],
    [{ interval_ms: 180_000 }, /did you mean intervalMs/],
    [{ concurrency: 0 }, /concurrency/],
    [{ lanes: ['approved'] }, /lanes/],
    [{ status: 'pending' }, /lanes/],
    [{ query: cloudblue.R('status').eq('failed') }, /lanes/],
    [{ nonsense: 1 }, /nonsense/],
  ])
    assert.throws(() => connect.fulfillmentWorker(options), said, JSON.stringify(options))
  await assert.rejects(connect.fulfillmentWorker().run(), /no handler/)
  const quick = connect.fulfillmentWorker({ intervalMs: 1000, anyInterval: true, 'asset.connection.type': 'test' })
  assert.equal((await quick.runOnce({ handler: () => skip() })).errorCount, 0)
})

test('the first SIGINT finishes the request in hand and prints the report; the second ends the process', async (t) => {
  const { sandbox } = await counter(t, { sandbox: { clock: 'real' }, generate: { requests: 500, assets: 500 } })
  const env = { SANDBOX_LINE: sandbox.line }
  let interrupted = false
  const onLine = (_, child) => {
    if (!interrupted) child.kill('SIGINT')
    interrupted = true
  }
  const drained = await program('fulfill.mjs', ['drain'], { env, onLine })
  assert.deepEqual([drained.code, drained.signal, drained.stderr], [0, null, ''])
  const said = /^in hand\n1 cycle: seen \d+, approved (\d+)\nreturned (\d+)\n$/.exec(drained.stdout)
  assert.ok(said !== null && said[1] === said[2] && Number(said[1]) < 500, drained.stdout)
  const ends = [...(await statuses(sandbox)).values()]
  assert.equal(ends.filter((status) => status === 'approved').length, Number(said[1]))

  let signals = 0
  const twice = (text, child) => {
    const lines = text.trim().split('\n').length
    if (lines > signals) {
      signals = lines
      child.kill('SIGINT')
    }
  }
  const killed = await program('fulfill.mjs', ['stuck'], { env, onLine: twice })
  assert.deepEqual([killed.code, killed.signal, killed.stdout], [null, 'SIGINT', 'in hand\nstopping\n'])
})
