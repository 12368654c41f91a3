// What keeps a process alive: a call under way, and nothing else.

import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cloudblue, magentoBi, Sandbox } from 'tenantry'

const line = process.env.SANDBOX_LINE
const ways = {
  // A call that nobody awaits is waited for.
  pending() {
    client()
      .signups.get('x')
      .catch((error) => console.log(error.code))
  },
  // A client, a flow and a sandbox that are idle are not.
  async idle() {
    const bi = client()
    await bi.signups.get('x').catch(() => {})
    await Sandbox.start()
    console.log(
      process
        .getActiveResourcesInfo()
        .filter((name) => !name.includes('Wrap') && name !== 'Immediate')
        .join(),
    )
  },
  // A list that is left with a page under way, one that is never read, and a worker that is not running, are not either.
  async listed() {
    const connect = new cloudblue.Client(Sandbox.fromLine(line).cloudblue)
    connect.requests.list()
    for await (const { id } of connect.requests.list({ pageSize: 2 })) {
      console.log(typeof id)
      break
    }
    for await (const job of connect.fulfillmentWorker().jobs()) {
      console.log(job.lane)
      break
    }
  },
  // Ends in the middle of everything.
  async torn() {
    const connect = new cloudblue.Client(Sandbox.fromLine(line).cloudblue)
    const worker = connect.fulfillmentWorker({ concurrency: 4 })
    void worker.run({ handler: async ({ id }) => (await connect.requests.get(id)) && cloudblue.skip() })
    const rows = connect.requests.list({ pageSize: 2 })[Symbol.asyncIterator]()
    for (let row = 0; row < Number(process.argv[3]); row++) await rows.next()
    process.exit(0)
  },
  // Nobody handles the error of this one.
  unhandled() {
    client().signups.get('x')
  },
  // A child process has a client of its own, while calls of the parent are in flight.
  forked() {
    const bi = client()
    const calls = Array.from({ length: 20 }, () => bi.signups.get('x').catch((error) => error.code))
    const child = fork(fileURLToPath(import.meta.url), ['pending'], { silent: false })
    child.once('exit', async (code) => console.log(code, new Set(await Promise.all(calls)).size))
  },
  // Interrupted while calls are held.
  held() {
    const bi = client()
    for (let call = 0; call < 50; call++) bi.signups.get('held').catch(() => {})
    console.log('ready')
  },
  // Thousands of calls leave nothing behind.
  async growth() {
    const bi = client()
    const round = async (n) => {
      for (let i = 0; i < n; i++) {
        const controller = new AbortController()
        const calls = Array.from({ length: 20 }, () =>
          bi.signups.get('x', { signal: controller.signal }).catch(() => {}),
        )
        if (i % 2 === 0) controller.abort()
        await Promise.all(calls)
      }
      globalThis.gc()
      const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
      return [descriptors, process.getActiveResourcesInfo().length, process.memoryUsage().heapUsed]
    }
    const before = await round(50)
    const after = await round(300)
    console.log(JSON.stringify({ before, after }))
  },
}

function client() {
  return new magentoBi.Client(Sandbox.fromLine(line).magentoBi)
}

await ways[process.argv[2]]()
