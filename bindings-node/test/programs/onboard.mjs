// Onboards a merchant with a checkpoint file; where a person must decide, it looks at what the sandbox holds: adopt if it is
// there, else send again.

import { setTimeout as sleep } from 'node:timers/promises'
import { magentoBi, Sandbox } from 'tenantry'

const sandbox = Sandbox.fromLine(process.env.SANDBOX_LINE)
const bi = new magentoBi.Client(sandbox.magentoBi)
const flow = bi.onboardings.startOrResume(JSON.parse(process.env.SPEC), {
  checkpoint: process.argv[2],
  poll: { minMs: 5, maxMs: 20 },
})

/** Milliseconds that what a process sent before its end may be on its way, on a busy machine. */
const ON_ITS_WAY = 500

async function onNeed({ step }) {
  const givenUp = performance.now() + ON_ITS_WAY
  do {
    const { signups, invites, autodash } = (await sandbox.state()).magento_bi
    if (step === 'create_client' && signups.length > 0) return { choice: 'adopt_signup', signup_id: signups[0].id }
    if (step === 'invite_user' && invites.length > 0) return { choice: 'assume_done', user_id: invites[0].user_id }
    if (step === 'create_dashboards' && autodash.length > 0) return { choice: 'adopt', autodash_id: autodash[0].id }
    await sleep(10)
  } while (performance.now() < givenUp)
  return 'force_retry'
}

process.stdout.write('begun')
const result = await flow.run({ onNeed })
console.log(JSON.stringify(result))
