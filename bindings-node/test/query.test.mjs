// Queries: what they look like, what they select, and what they refuse.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { cloudblue, ValidationError } from 'tenantry'
import { counter } from './fixture.mjs'

const { R, and, not, or, raw } = cloudblue

test('conditions are written in the query language', () => {
  const t = new Date('2026-01-02T03:04:05.678Z')
  for (const [query, text] of [
    [R('status').eq('pending'), 'eq(status,pending)'],
    [R('status').ne('pending'), 'ne(status,pending)'],
    [R('sli.days').gt(3), 'gt(sli.days,3)'],
    [R('created').ge(t), 'ge(created,2026-01-02T03:04:05.678Z)'],
    [R('created').lt('2026-01-01'), 'lt(created,2026-01-01)'],
    [R('created').le('2026-01-01'), 'le(created,2026-01-01)'],
    [R('asset.external_id').like('A*'), 'like(asset.external_id,"A*")'],
    [R('asset.external_id').ilike('a*'), 'ilike(asset.external_id,"a*")'],
    [R('asset.product.id').oneOf(['PRD-1', 'PRD-2']), 'in(asset.product.id,(PRD-1,PRD-2))'],
    [R('asset.product.id').noneOf(new Set(['PRD-1'])), 'out(asset.product.id,(PRD-1))'],
    [R('assignee').isNull(), 'eq(assignee,null())'],
    [R('note').isEmpty(), 'eq(note,empty())'],
    [and(R('a').eq('1'), R('b').eq('2')), 'eq(a,1)&eq(b,2)'],
    [or(R('a').eq('1'), R('b').eq('2')), 'or(eq(a,1),eq(b,2))'],
    [and(R('a').eq('1'), raw('eq(b,2)')), 'eq(a,1)&eq(b,2)'],
    [and(), ''],
    [not(not(R('a').eq('1'))), 'eq(a,1)'],
    [
      and(R('status').eq('pending'), not(or(R('asset.product.id').oneOf(['PRD-1']), R('created').ge('2026-01-01')))),
      'eq(status,pending)&not(in(asset.product.id,(PRD-1)))&not(ge(created,2026-01-01))',
    ],
  ]) {
    assert.equal(String(query), text)
    assert.equal(`${query}`, text)
  }
})

test('what needs quotes gets them, and what cannot be said is refused', () => {
  assert.match(String(R('note').eq('a,b')), /^eq\(note,(["']).*\1\)$/)
  assert.match(String(R('note').eq('say "hi"')), /'/)
  for (const make of [
    () => String(R('note').eq(`both " and '`)),
    () => String(R('no name)').eq(1)),
    () => String(not(raw('eq(a,1)'))),
    () => String(R('a').oneOf([])),
    () => R('a').oneOf('text'),
    () => and(R('a').eq('1'), 'eq(b,2)'),
    () => not(undefined),
    () => String(R('a').eq(new Date(Number.NaN))),
    () => String(R('a').eq(Number.NaN)),
    () => R('a').eq('1') & R('b').eq('2'),
    () => R('a').eq('1') > R('b').eq('2'),
  ])
    assert.throws(make, ValidationError, make.toString())
})

test('a chain of any length stays shallow', () => {
  let query = R('id').eq('0')
  for (let i = 1; i < 2000; i++) query = or(query, R('id').eq(String(i)))
  assert.equal(String(query).split('eq(id,').length, 2001)
  assert.ok(inspect(query).startsWith('Query('))
})

test('a list selects by filters, by a query, and by both', async (t) => {
  const { connect } = await counter(t)
  const all = await connect.requests.list({ status: 'any' }).toList()
  const ids = (rows) => rows.map(({ id }) => id).sort()
  const where = (keep) => ids(all.filter(keep))
  const middle = all[Math.floor(all.length / 2)].created
  for (const [args, keep] of [
    [{}, (row) => row.status === 'pending'],
    [{ status: 'inquiring' }, (row) => row.status === 'inquiring'],
    [{ status: ['failed', 'approved'] }, (row) => ['failed', 'approved'].includes(row.status)],
    [{ status: { ne: 'pending' } }, (row) => row.status !== 'pending'],
    [{ type: ['change', 'cancel'] }, (row) => row.status === 'pending' && ['change', 'cancel'].includes(row.type)],
    [{ status: 'any', created: { ge: new Date(middle) } }, (row) => Date.parse(row.created) >= Date.parse(middle)],
    [
      { status: 'any', created: { ge: new Date(middle), lt: '2030-01-01' }, type: { ne: 'purchase' } },
      (row) => Date.parse(row.created) >= Date.parse(middle) && row.type !== 'purchase',
    ],
    [{ status: 'any', asset__product__id: 'PRD-1' }, (row) => row.asset.product.id === 'PRD-1'],
    [{ query: R('status').eq('failed') }, (row) => row.status === 'failed'],
    [
      { type: 'purchase', query: or(R('status').eq('failed'), R('status').eq('pending')) },
      (row) => row.type === 'purchase' && ['failed', 'pending'].includes(row.status),
    ],
    [
      { status: 'any', query: not(and(R('type').eq('purchase'), R('status').oneOf(['pending', 'approved']))) },
      (row) => !(row.type === 'purchase' && ['pending', 'approved'].includes(row.status)),
    ],
  ]) {
    const rows = await connect.requests.list(args).toList()
    const said = JSON.stringify(args)
    assert.deepEqual(ids(rows), where(keep), said)
    assert.ok(rows.length > 0, `${said} selects nothing, which proves nothing`)
    assert.equal(await connect.requests.list(args).count(), rows.length, said)
  }
})
