// Many onboardings in one loop.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ConfigError, magentoBi, ValidationError } from 'tenantry'
import { folder, merchant, playground } from './fixture.mjs'

const virtual = { sandbox: { clock: 'virtual' } }
const poll = { minMs: 600, maxMs: 600, factor: 1 }
const keys = (count) => Array.from({ length: count }, (_, place) => `shop-${place}`)
const spec = (key) => ({ ...merchant(), company: key })

async function committed(sandbox, name) {
  const journal = await sandbox.journal()
  return journal.filter((entry) => entry.operation === `magento_bi.${name}` && entry.committed).length
}

async function turns(fleet) {
  const all = new Map()
  for await (const turn of fleet) all.set(turn.key, turn)
  return all
}

suite('fleets', () => {
  test('each merchant is onboarded once', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const fleet = bi.onboardings.runAll(keys(150).values(), { spec, poll, atOnce: 8 })
    assert.equal((await sandbox.journal()).length, 0)
    const all = await turns(fleet)
    assert.deepEqual([...all.keys()].sort(), keys(150).sort())
    assert.equal(new Set([...all.values()].map(({ result }) => result.client_id)).size, 150)
    assert.equal(await committed(sandbox, 'signups.create'), 150)
    assert.equal(await committed(sandbox, 'autodash.create'), 150)
    const { polls, waiting, active } = fleet.status
    assert.ok(polls > 150 && waiting === 0 && active === 0)
  })

  test('a decision comes beside the others and is answered by key', async (t) => {
    const { bi } = await playground(t, virtual)
    const gated = async (key) => ({ ...spec(key), confirm_user: key === 'shop-1' })
    const fleet = bi.onboardings.runAll(keys(3), { spec: gated, poll })
    const all = await turns(fleet)
    assert.ok(all.get('shop-0').result)
    assert.equal(all.get('shop-1').need.reason, 'confirm_user')
    assert.throws(() => fleet.answer('shop-1', 'maybe'), ValidationError)
    fleet.answer('shop-1', 'confirmed')
    assert.deepEqual([...(await turns(fleet)).keys()], ['shop-1'])
  })

  test('one bad spec fails one flow', async (t) => {
    const { sandbox, bi } = await playground(t, virtual)
    const bad = (key) => {
      if (key === 'shop-2') throw new Error('no such shop')
      return key === 'shop-1' ? { ...spec(key), tier: '' } : spec(key)
    }
    const all = await turns(bi.onboardings.runAll(keys(3), { spec: bad, poll }))
    assert.ok(all.get('shop-0').result)
    assert.ok(all.get('shop-1').error instanceof ValidationError)
    assert.match(all.get('shop-2').error.message, /no such shop/)
    assert.equal(await committed(sandbox, 'signups.create'), 1)
  })

  for (const place of ['folder', 'object'])
    test(`a stopped fleet goes on in another one: ${place}`, async (t) => {
      const { sandbox, bi } = await playground(t, virtual)
      const texts = new Map()
      const store = { load: async (key) => texts.get(key), save: async (key, text) => texts.set(key, text) }
      const done = new Set()
      const checkpoint = place === 'folder' ? folder(t) : store
      for (let life = 0; done.size < 20 && life < 50; life += 1) {
        const fleet = bi.onboardings.runAll(keys(20), { spec, poll, atOnce: 4, checkpoint })
        for await (const turn of fleet) {
          // What has finished before is told again.
          if (!done.has(turn.key) && (done.size + 1) % 5 === 0) fleet.stop()
          done.add(turn.key)
        }
        fleet.close()
      }
      assert.equal(done.size, 20)
      for (const name of ['signups.create', 'invites.create', 'connections.create', 'autodash.create'])
        assert.equal(await committed(sandbox, name), 20, name)
    })

  test('leaving a loop loses nothing', async (t) => {
    const { bi } = await playground(t, virtual)
    const fleet = bi.onboardings.runAll(keys(30), { spec, poll, atOnce: 4 })
    const seen = []
    while (seen.length < 30)
      for await (const { key } of fleet) {
        seen.push(key)
        break
      }
    assert.deepEqual(seen.sort(), keys(30).sort())
  })

  test('options are checked before anything is sent', async (t) => {
    const { bi } = await playground(t, virtual)
    assert.throws(() => bi.onboardings.runAll(keys(1), { spec, atOnce: 0 }), ConfigError)
    assert.throws(() => bi.onboardings.runAll(keys(1), { spec, checkpoint: {} }), ConfigError)
    assert.ok(bi.onboardings.runAll(keys(1), { spec }) instanceof magentoBi.Fleet)
  })
})
