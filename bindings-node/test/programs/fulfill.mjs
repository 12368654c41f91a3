// A worker that is interrupted: `drain` with a request in hand, `stuck` with one that is never decided.

import { cloudblue, Sandbox } from 'tenantry'

const connect = new cloudblue.Client(Sandbox.fromLine(process.env.SANDBOX_LINE).cloudblue)
const worker = connect.fulfillmentWorker()
const interrupted = new Promise((resolve) => process.once('SIGINT', resolve))
let told = false

const report = await worker.run({
  async handler() {
    if (!told) console.log('in hand')
    told = true
    await interrupted
    if (process.argv[2] === 'stuck') {
      console.log('stopping')
      // Something else keeps the process busy, and the handler never ends.
      await new Promise((resolve) => setTimeout(resolve, 2 ** 30))
    }
    return cloudblue.approve({ template_id: 'TL-1' })
  },
})
console.log(`returned ${report.approved}`)
