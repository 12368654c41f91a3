// `npx tenantry sandbox`: the sandbox as a program.

import { parseArgs } from 'node:util'
import { Sandbox, type SandboxOptions } from './index'

const OPTIONS = {
  port: { type: 'string' },
  clock: { type: 'string' },
  vocabulary: { type: 'string' },
  'wait-ms': { type: 'string' },
  'commit-delay-ms': { type: 'string' },
} as const

function read(args: string[]): SandboxOptions {
  const { values } = parseArgs({ args, options: OPTIONS })
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
  return {
    port: number(values.port),
    clock: values.clock as SandboxOptions['clock'],
    vocabulary: values.vocabulary as SandboxOptions['vocabulary'],
    waitMs: number(values['wait-ms']),
    commitDelayMs: number(values['commit-delay-ms']),
  }
}

/** Serves a sandbox until SIGINT or SIGTERM; prints its line when it is ready. */
export async function main(args: string[], usage: string): Promise<void> {
  let sandbox: Sandbox
  try {
    sandbox = await Sandbox.start(read(args))
  } catch (error) {
    const wrong = error instanceof TypeError
    process.stderr.write(`tenantry: ${error instanceof Error ? error.message : String(error)}\n${wrong ? usage : ''}`)
    process.exitCode = wrong ? 2 : 1
    return
  }
  // A sandbox holds no process back; a timer does.
  const alive = setInterval(() => {}, 2 ** 31 - 1)
  const end = () => {
    clearInterval(alive)
    void sandbox.close()
  }
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  process.stdout.write(`${sandbox.line}\n`)
}
