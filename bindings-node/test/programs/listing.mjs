// Lists as many rows as it is told, keeps none, and prints how much memory it had after a tenth of them and at the end.

import { createServer } from 'node:http'
import { cloudblue } from 'tenantry'

const wanted = Number(process.argv[2])
const page = JSON.stringify(
  Array.from({ length: 1000 }, (_, at) => ({
    id: `PR-@-${at}`,
    note: 'é'.repeat(1000),
    asset: { params: [{ id: 'a' }] },
  })),
)
const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.setHeader('content-range', `items 0-0/${wanted}`)
  response.end(page.replaceAll('@', /offset=(\d+)/.exec(request.url)?.[1] ?? '0'))
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const base_url = `http://127.0.0.1:${server.address().port}/v1`
const connect = new cloudblue.Client({ base_url, api_key: 'ApiKey SU-1:k' })
const mebibytes = () => {
  globalThis.gc()
  return Math.round(process.memoryUsage().rss / 2 ** 20)
}
let rows = 0
let early = 0
for await (const row of connect.requests.list({ stable: true, pageSize: 1000, maxItems: wanted })) {
  if (row.asset.params[0].id === 'a') rows++
  if (rows === wanted / 10) early = mebibytes()
}
console.log(JSON.stringify({ rows, early, late: mebibytes() }))
process.exit(0)
