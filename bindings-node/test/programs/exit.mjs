// Exits with calls in flight: at the k-th reply of 60, in the way that is asked for.

import { magentoBi, Sandbox, Secret } from 'tenantry'

const [url, way, k] = [process.env.SANDBOX_LINE, process.argv[2], Number(process.argv[3])]
const { magentoBi: connection } = Sandbox.fromLine(url)
const bi = new magentoBi.Client({ ...connection, password: Secret.callback(async () => connection.password) })

const ways = {
  exit: () => process.exit(0),
  throw: () => {
    throw new Error('on purpose')
  },
  abort: () => controller.abort(),
  close: () => bi.close(),
  none: () => {},
}
const controller = new AbortController()
let replies = 0
let aborted = 0
for (let call = 0; call < 60; call++) {
  const made = call % 2 === 0 ? bi.signups.get('x', { signal: controller.signal }) : bi.connections.list(1)
  made.catch((error) => {
    if (error.name === 'AbortError' || error.code === 'config') aborted++
    else if (error.code !== 'not_found') throw error
    if (++replies === k) ways[way]()
    if (replies === 60) console.log(JSON.stringify({ replies, aborted }))
  })
}
if (k === 0) ways[way]()
