// Resumes the onboarding whose checkpoint is named, against the sandbox whose line comes on stdin.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { magentoBi, Sandbox } from 'tenantry'

const sandbox = Sandbox.fromLine(readFileSync(0, 'utf8'))
const spec = magentoBi.OnboardingSpec.fromToml(fileURLToPath(new URL('merchant.toml', import.meta.url)))
const client = new magentoBi.Client(sandbox.magentoBi)
const flow = client.onboardings.resume(spec, { checkpoint: process.argv[2], poll: { minMs: 100, maxMs: 300 } })
const result = await flow.run({ progress: true })
console.log(`   client ${result.client_id}, dashboards ${result.autodash_id}`)
