// Stories of the vendor's JavaScript client: connection and ids come on stdin, what happened goes to stdout, as JSON.
import { readFileSync } from 'node:fs'
import connect from '@cloudblueconnect/connect-javascript-sdk'

const { base_url, api_key, ids } = JSON.parse(readFileSync(0, 'utf8'))
const client = new connect.ConnectClient(base_url, api_key)
const fulfillment = new connect.Fulfillment(client)
const idsOf = (rows) => rows.map((row) => row.id)

async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was not refused')
}

async function told(promise) {
  const error = await refusal(promise)
  return { name: error.constructor.name, status: error.status, code: error.errorCode }
}

async function lists() {
  const queue = { status: 'pending', type: 'purchase', 'asset.product.id': 'PRD-1', limit: 1000 }
  const search = (query) => fulfillment.searchRequests(query)
  const [row] = await search({ ...queue, limit: 1, $select: ['-asset.items', '-activation_key'] })
  return {
    pending: idsOf(await search(queue)),
    first_ten: idsOf(await search({ ...queue, limit: 10, $ordering: 'created' })),
    ended: idsOf(await search({ status: { $in: ['approved', 'failed'] } })),
    either: idsOf(await search({ $or: [{ status: 'approved' }, { status: 'failed' }] })),
    others: idsOf(await search({ status: { $out: ['approved', 'pending'] } })),
    like: idsOf(await search({ status: 'approved', id: { $like: ids[0].slice(3) } })),
    bare: { has_items: 'items' in row.asset, has_activation_key: 'activation_key' in row },
    none: await search({ status: 'failed', 'asset.product.id': 'PRD-9' }),
    unknown: await told(search({ no_such_filter: 'x' })),
    gte: await told(search({ status: 'approved', created: { $gte: '2020-01-01' } })),
  }
}

async function works_off() {
  const [approve, fail, ask] = ids
  const email = (request) => request.asset.params.find((param) => param.id === 'email')
  const got = await fulfillment.getRequest(approve)
  const updated = await fulfillment.updateRequestParameters(approve, [{ id: 'email', value: 'new@example.com' }], 'seen')
  const approved = await fulfillment.approveRequestWithTemplate(approve, 'TL-1')
  const again = await refusal(fulfillment.approveRequestWithTemplate(approve, 'TL-1'))
  const failed = await fulfillment.failRequest(fail, 'no such customer')
  const complaint = [{ id: 'email', value_error: 'Please fill this in' }]
  const asked = await fulfillment.inquireRequestWithTemplate(ask, 'TL-2', complaint)
  const pended = await fulfillment.pendingRequest(ask)
  return {
    got: got.id,
    updated: { note: updated.note, email: email(updated).value },
    approved: approved.status,
    again: { name: again.constructor.name, status: again.status, listed: again.errors.length > 0 },
    failed: [failed.status, failed.reason],
    asked: [asked.status, email(asked).value_error],
    pended: pended.status,
    missing: await told(fulfillment.getRequest('PR-0000-0000-0000-000')),
  }
}

async function pends() {
  const error = await refusal(fulfillment.pendingRequest(ids[0]))
  return { name: error.name, type: error.type }
}

console.log(JSON.stringify(await { lists, works_off, pends }[process.argv[2]]()))
