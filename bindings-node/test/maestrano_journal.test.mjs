// Journals: what was sent is remembered, so that nobody pays twice, whatever dies in between.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { CheckpointError, ConflictError, Sandbox, ValidationError } from 'tenantry'
import { count, folder, market, order, program } from './fixture.mjs'

const CREATE = 'maestrano.bills.create'

/** A journal in memory, slow as a database is. */
function memory() {
  const kept = new Map()
  const turn = () => new Promise(setImmediate)
  return {
    kept,
    async load(key) {
      await turn()
      return kept.get(key)
    },
    async save(key, text) {
      await turn()
      kept.set(key, text)
    },
  }
}

test('a journal, in a file or in an object of the caller, gives the bill that there is', async (t) => {
  const { sandbox, account } = await market(t)
  const place = join(folder(t), 'bills.json')
  for (const [journal, reference] of [
    [place, 'order-1'],
    [memory(), 'order-2'],
  ]) {
    const bill = await account.bills.create(order({ reference, journal }))
    const again = await account.bills.create(order({ reference, journal }))
    assert.deepEqual([again.id, again.already_applied, bill.already_applied], [bill.id, true, undefined])
    await assert.rejects(account.bills.create(order({ reference, journal, price_cents: 1 })), ConflictError)
  }
  assert.equal(count(await sandbox.journal(), CREATE), 2)
  assert.match(readFileSync(place, 'utf8'), /order-1/)
})

test('a journal without a reference, or that is none, is refused', async (t) => {
  const { account } = await market(t)
  await assert.rejects(account.bills.create(order({ journal: memory() })), { details: { field: 'reference' } })
  for (const journal of [{}, 5, { load() {} }])
    await assert.rejects(account.bills.create(order({ reference: 'order-1', journal })), ValidationError)
})

test('a journal that fails lets nothing be sent, and its error is the cause', async (t) => {
  const { sandbox, account } = await market(t)
  const full = new Error('the disk is full')
  const journal = {
    load: () => null,
    save() {
      throw full
    },
  }
  await assert.rejects(account.bills.create(order({ reference: 'order-1', journal })), (error) => {
    assert.ok(error instanceof CheckpointError, String(error))
    assert.equal(error.cause, full)
    return true
  })
  assert.equal(count(await sandbox.journal(), CREATE), 0)
})

test('what a signal cut off between sending and remembering is settled at the next call', async (t) => {
  const { sandbox, account } = await market(t)
  await sandbox.fault({ operation: CREATE, when: 'after', hold: true })
  const journal = memory()
  const controller = new AbortController()
  const { save } = journal
  journal.save = async (key, text) => {
    await save(key, text)
    // Its intent is kept: from here on it is sent.
    void arrived(sandbox).then(() => controller.abort())
  }
  const args = order({ reference: 'order-1', journal })
  await assert.rejects(account.bills.create(args, { signal: controller.signal }), { name: 'AbortError' })
  journal.save = save
  const bill = await account.bills.create(args)
  assert.equal(bill.already_applied, true)
  assert.equal(count(await sandbox.journal(), CREATE), 1)
})

test('a process killed between sending and remembering: the next one finds the bill', async (t) => {
  const sandbox = await Sandbox.start()
  t.after(() => sandbox.close())
  const place = join(folder(t), 'bills.json')
  const env = { SANDBOX_LINE: sandbox.line }
  await sandbox.fault({ operation: CREATE, when: 'after', hold: true })
  const killed = await program('bill.mjs', [place], {
    env,
    onLine: (_, child) => void arrived(sandbox).then(() => child.kill('SIGKILL')),
  })
  assert.equal(killed.signal, 'SIGKILL', killed.stderr)
  assert.match(readFileSync(place, 'utf8'), /intended/)
  const { code, stdout, stderr } = await program('bill.mjs', [place], { env })
  assert.equal(code, 0, stderr)
  const [, bill] = stdout.trim().split('\n')
  assert.equal(JSON.parse(bill).already_applied, true)
  assert.equal(count(await sandbox.journal(), CREATE), 1)
})

/** Comes when the creation has arrived at the sandbox. */
async function arrived(sandbox) {
  while (count(await sandbox.journal(), CREATE) === 0) await new Promise(setImmediate)
}
