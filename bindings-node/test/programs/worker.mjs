// Terminates workers with calls in flight; calls of the main thread go on.

import { Worker } from 'node:worker_threads'
import { magentoBi, Sandbox } from 'tenantry'

const rounds = Number(process.argv[2])
const line = process.env.SANDBOX_LINE
const bi = new magentoBi.Client(Sandbox.fromLine(line).magentoBi)
const source = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { magentoBi, Sandbox } = require('tenantry')
  const bi = new magentoBi.Client(Sandbox.fromLine(workerData).magentoBi)
  Sandbox.start().then(() => {
    const again = () => bi.signups.get('x').catch(() => { parentPort.postMessage('reply'); again() })
    for (let call = 0; call < 20; call++) again()
  })
`
async function terminated(round) {
  const worker = new Worker(source, { eval: true, workerData: line })
  await new Promise((resolve, reject) => {
    worker.once('error', reject)
    let replies = 0
    worker.on('message', () => {
      if (++replies === 1 + (round % 30)) resolve()
    })
  })
  await worker.terminate()
}
for (let round = 0; round < rounds; round += 2) {
  await Promise.all([terminated(round), terminated(round + 1), bi.signups.get('x').catch((error) => error.code)])
}
console.log(await bi.signups.get('x').catch((error) => error.code))
