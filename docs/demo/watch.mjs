// Watches the requests of the sandbox whose line comes on stdin, until none is pending.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { cloudblue, Sandbox } from 'tenantry'

const sandbox = Sandbox.fromLine(readFileSync(0, 'utf8'))
const connect = new cloudblue.Client(sandbox.cloudblue)
const all = { product_id: 'PRD-1', status: 'any', select: ['-asset'] }
let told = ''
while (!told.endsWith(' 0 pending')) {
  const counts = { approved: 0, inquiring: 0, failed: 0, pending: 0 }
  for await (const request of connect.requests.list(all)) counts[request.status] += 1
  const now = Object.entries(counts).map(([status, count]) => `${count} ${status}`).join(', ')
  if (now !== told) console.log(`   Node sees ${now}`)
  told = now
  await sleep(100)
}
