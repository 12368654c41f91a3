// Onboardings: iteration, needs, stopping, checkpoints.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import {
  CheckpointError,
  ConfigError,
  FlowStopped,
  magentoBi,
  NeedsAttentionError,
  Secret,
  StepFailedError,
  ValidationError,
  WaitTimeoutError,
} from 'tenantry'
import { count, folder, merchant, playground } from './fixture.mjs'

const virtual = { sandbox: { clock: 'virtual' } }
const CREATES = [
  'signups.create',
  'invites.create',
  'connections.create',
  'jobs.start_connection_test',
  'autodash.create',
]

/** Every create arrived once. */
async function onboarded(sandbox) {
  const journal = await sandbox.journal()
  for (const name of CREATES) assert.equal(count(journal, `magento_bi.${name}`), 1, name)
}

suite('driving', () => {
  test('a flow is a loop over events', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const flow = bi.onboardings.start(merchant())
    assert.equal((await sandbox.journal()).length, 0)
    assert.throws(() => flow.result, FlowStopped)
    const lines = []
    for await (const event of flow) {
      lines.push(String(event))
      assert.ok(event.type && event.step && event.at)
    }
    assert.equal(flow.need, undefined)
    assert.ok(flow.done && flow.result.client_id)
    assert.equal(lines[0], 'create_client: step started')
    assert.ok(
      lines.some((line) => /^await_client: polled \(attempt 1, elapsed 0\.0 s, .*status pending\)$/.test(line)),
      lines.join('\n'),
    )
    await onboarded(sandbox)
    const sent = (await sandbox.journal()).length
    for await (const event of flow) assert.fail(String(event))
    assert.deepEqual(await flow.run(), flow.result)
    assert.equal((await sandbox.journal()).length, sent)
  })

  test('leaving the loop stops driving, and another loop goes on', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const flow = bi.onboardings.start(merchant())
    for await (const event of flow) if (event.type === 'checkpoint') break
    const sent = (await sandbox.journal()).length
    await new Promise(setImmediate)
    assert.equal((await sandbox.journal()).length, sent)
    for await (const event of flow) if (event.step === 'await_connection') break
    await flow.run()
    await onboarded(sandbox)
  })

  test('run tells each event, and a failing listener stops nothing', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    process.once('warning', (warning) => assert.equal(warning.message, 'listener broke'))
    const types = []
    const requests = []
    const flow = bi.onboardings.start(merchant(), { onEvent: ({ operation }) => requests.push(operation) })
    await flow.run({
      onProgress: ({ type }) => {
        types.push(type)
        if (types.length === 1) throw new Error('listener broke')
      },
    })
    assert.equal(types.at(0), 'step_started')
    assert.ok(types.includes('finished'))
    assert.ok(requests.includes('magento_bi.autodash.create'))
    await onboarded(sandbox)
  })

  test('two loops at once are refused', async (t) => {
    const { bi } = await playground(t, virtual)
    const flow = bi.onboardings.start(merchant())
    const first = flow.run()
    await assert.rejects(flow.run(), /driven already/)
    await first
  })

  test('stop ends the waiting with an error that carries the checkpoint', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const checkpoint = join(folder(t), 'coco.json')
    const spec = merchant()
    const flow = bi.onboardings.start(spec, { checkpoint })
    await assert.rejects(
      async () => {
        for await (const event of flow) if (event.type === 'polled') flow.stop()
      },
      (error) => {
        assert.ok(error instanceof FlowStopped)
        assert.equal(JSON.parse(error.checkpoint).step, 'await_client')
        return true
      },
    )
    const resumed = bi.onboardings.resume(spec, { checkpoint })
    await resumed.run()
    await onboarded(sandbox)
  })

  test('closing lets the checkpoint go, also in await using', async (t) => {
    const { bi } = await playground(t, virtual)
    const checkpoint = join(folder(t), 'coco.json')
    const spec = merchant()
    const flow = bi.onboardings.start(spec, { checkpoint })
    for await (const event of flow) if (event.type === 'polled') break
    assert.throws(() => bi.onboardings.resume(spec, { checkpoint }), CheckpointError)
    await flow[Symbol.asyncDispose]()
    await assert.rejects(flow.run(), /closed/)
    assert.equal(flow.status.step, 'await_client')
    await bi.onboardings.resume(spec, { checkpoint }).run()
  })
})

suite('limits and failures', () => {
  test('an unknown word for ever meets the time limit, and the same flow waits again', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    await sandbox.outcome({ signup: 'provisioning' })
    const flow = bi.onboardings.start(merchant(), {
      stepMaxWaitMs: { await_client: 60_000 },
      checkpoint: join(folder(t), 'a'),
    })
    for (let time = 0; time < 2; time++)
      await assert.rejects(flow.run(), (error) => {
        assert.ok(error instanceof WaitTimeoutError)
        assert.equal(JSON.parse(error.checkpoint).step, 'await_client')
        return true
      })
    assert.equal(count(await sandbox.journal(), 'magento_bi.signups.create'), 1)
  })

  test('a failed step', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    await sandbox.outcome({ signup: 'failed' })
    await assert.rejects(bi.onboardings.start(merchant()).run(), StepFailedError)
  })

  test('options and specs that cannot be are refused by name before anything is sent', async (t) => {
    const { sandbox, bi } = await playground(t)
    const start =
      (options, spec = merchant()) =>
      () =>
        bi.onboardings.start(spec, options)
    assert.throws(start({ max_wait_ms: 1 }), /max_wait_ms.*maxWaitMs/)
    assert.throws(start({ poll: { min: 1 } }), /min is no option.*minMs/)
    assert.throws(start({ stepMaxWaitMs: { create_client: 1 } }), ConfigError)
    assert.throws(start({ checkpoint: 5 }), /checkpoint/)
    assert.throws(start({ maxWaitMs: 'long' }), ConfigError)
    assert.throws(start({}, merchant({ tier: undefined, company: 5 })), (error) => {
      assert.ok(error instanceof ValidationError)
      assert.deepEqual(error.details.errors.map(({ field }) => field).sort(), ['company', 'tier'])
      return true
    })
    assert.equal((await sandbox.journal()).length, 0)
  })
})

suite('needs', () => {
  const gated = () => merchant({ confirm_user: true })

  test('end the loop, and an answer goes on', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const flow = bi.onboardings.start(gated())
    for await (const event of flow) assert.ok(event)
    assert.equal(flow.need.reason, 'confirm_user')
    assert.throws(() => flow.result, NeedsAttentionError)
    assert.throws(() => flow.answer('no such choice'), ValidationError)
    const [{ choice }] = flow.need.choices
    flow.answer(choice)
    for await (const event of flow) assert.ok(event)
    assert.ok(flow.result.client_id)
    await onboarded(sandbox)
  })

  test('run asks, and without an answer says what could be answered', async (t) => {
    const { bi } = await playground(t, virtual)
    const flow = bi.onboardings.start(gated())
    await assert.rejects(flow.run(), (error) => {
      assert.ok(error instanceof NeedsAttentionError && error.checkpoint)
      assert.deepEqual(error.choices, flow.need.choices)
      return true
    })
    const broken = new Error('no operator')
    await assert.rejects(flow.run({ onNeed: () => Promise.reject(broken) }), (error) => error === broken)
    await flow.run({ onNeed: async ({ choices }) => choices[0].choice })
    assert.ok(flow.done)
  })

  test('a create of unknown fate waits for a person, who may adopt it', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    await sandbox.fault({ operation: 'magento_bi.signups.create', when: 'after', drop: true })
    const flow = bi.onboardings.start(merchant(), { checkpoint: join(folder(t), 'a') })
    await flow.run({
      async onNeed(need) {
        assert.equal(need.reason, 'outcome_unknown')
        const { signups } = (await sandbox.state()).magento_bi
        return { choice: 'adopt_signup', signup_id: signups[0].id }
      },
    })
    await onboarded(sandbox)
  })
})

suite('checkpoints', () => {
  test('start refuses one that exists, resume needs one, startOrResume takes either', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const checkpoint = join(folder(t), 'coco.json')
    const spec = merchant()
    assert.throws(() => bi.onboardings.resume(spec, { checkpoint }), CheckpointError)
    const first = bi.onboardings.startOrResume(spec, { checkpoint })
    for await (const event of first) if (event.type === 'polled') break
    await first.close()
    assert.throws(() => bi.onboardings.start(spec, { checkpoint }), CheckpointError)
    const changed = merchant({ tier: 'T200' })
    assert.throws(() => bi.onboardings.resume(changed, { checkpoint }), CheckpointError)
    await bi.onboardings.startOrResume(spec, { checkpoint }).run()
    const sent = (await sandbox.journal()).length
    assert.ok((await bi.onboardings.resume(spec, { checkpoint }).run()).client_id)
    assert.equal((await sandbox.journal()).length, sent)
    assert.ok(existsSync(checkpoint))
  })

  test('a broken file is refused', async (t) => {
    const { bi } = await playground(t, virtual)
    const checkpoint = join(folder(t), 'coco.json')
    const flow = bi.onboardings.start(merchant(), { checkpoint })
    for await (const event of flow) if (event.type === 'polled') break
    await flow.close()
    const text = readFileSync(checkpoint, 'utf8')
    writeFileSync(checkpoint, text.slice(0, text.length / 2))
    assert.throws(() => bi.onboardings.resume(merchant(), { checkpoint }), CheckpointError)
  })

  for (const [kind, wrap] of [
    ['sync', (value) => value],
    ['async', async (value) => value],
  ])
    test(`an object with ${kind} functions keeps it before each request`, async (t) => {
      const { sandbox, bi } = await playground(t, virtual)
      let kept
      const phases = []
      const store = {
        load: () => wrap(kept),
        save(text) {
          kept = text
          phases.push(JSON.parse(text).phase)
          return wrap(undefined)
        },
      }
      const spec = merchant()
      const flow = bi.onboardings.start(spec, { checkpoint: store })
      for await (const event of flow) if (event.step === 'await_connection') break
      assert.ok(phases.includes('sending'))
      await bi.onboardings.resume(spec, { checkpoint: store }).run()
      await onboarded(sandbox)
    })

  test('a store may look at the flow, stop it, and use the client', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const steps = []
    const store = {
      load: () => null,
      async save(text) {
        await bi.tokens.create()
        steps.push(flow.status.step)
        if (JSON.parse(text).phase === 'sent') flow.stop()
      },
    }
    const flow = bi.onboardings.start(merchant(), { checkpoint: store })
    await assert.rejects(flow.run(), FlowStopped)
    assert.deepEqual(steps, ['create_client', 'create_client'])
    assert.equal(count(await sandbox.journal(), 'magento_bi.signups.create'), 1)
  })

  test('a store that fails stops the flow before the request', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const full = new Error('the disk is full')
    const store = { load: () => null, save: () => Promise.reject(full) }
    await assert.rejects(bi.onboardings.start(merchant(), { checkpoint: store }).run(), (error) => {
      assert.ok(error instanceof CheckpointError && error.cause === full)
      return true
    })
    assert.equal((await sandbox.journal()).length, 0)
  })
})

suite('specs', () => {
  const TOML = `
    company = "Coco Co."
    tier = "T100"
    admin = { email = "csm@example.com", first_name = "CSMFirst", last_name = "CSMLast", role = "csm" }
    magento = { customer_id = "MAG0000001", subscription_id = "1000" }
    dashboards = { package = "magento1_rjql1", database = "magento_store" }
    user = { email = "customer@customer.com", first_name = "t", last_name = "m", client_rights = { admin = 1 } }
    [connection]
    name = "store"
    type = "mysql"
    password = { env = "TENANTRY_TEST_STORE_PASSWORD" }
    properties = { host = "db.example.com", port = "3306", username = "magento" }
  `

  test('are read from TOML, with secrets out of sight', async (t) => {
    const path = join(folder(t), 'coco.toml')
    writeFileSync(path, TOML)
    const spec = magentoBi.OnboardingSpec.fromToml(path)
    assert.ok(spec.connection.password instanceof Secret)
    assert.deepEqual(magentoBi.OnboardingSpec.check(spec), { errors: [], warnings: [] })
    const { bi } = await playground(t, virtual)
    await assert.rejects(bi.onboardings.start(spec).run(), /TENANTRY_TEST_STORE_PASSWORD/)
    writeFileSync(path, TOML.replace(/\{ env.*/, '"plain-password"'))
    const plain = magentoBi.OnboardingSpec.fromToml(path)
    assert.ok(!JSON.stringify(plain).includes('plain-password'))
    assert.equal(magentoBi.OnboardingSpec.check(plain).warnings[0].field, 'connection.password')
    writeFileSync(path, 'company = [')
    assert.throws(() => magentoBi.OnboardingSpec.fromToml(path), ValidationError)
  })

  test('all that is wrong is told at once', () => {
    const spec = merchant({ company: '', admin: { email: 'x' } })
    const fields = magentoBi.OnboardingSpec.check(spec).errors.map(({ field }) => field)
    assert.ok(fields.includes('company') && fields.includes('admin.first_name'), fields.join())
  })
})
