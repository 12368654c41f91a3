// Runs every test of the package; arguments name single files or are node's own options.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const given = process.argv.slice(2)
const named = given.filter((argument) => !argument.startsWith('-'))
const files = readdirSync(here)
  .filter((name) => name.endsWith('.test.mjs') && (named.length === 0 || named.some((part) => name.includes(part))))
  .map((name) => join(here, name))
if (files.length === 0) throw new Error(`no test file is named like ${named.join(', ')}`)
const options = given.filter((argument) => argument.startsWith('-'))
const { status } = spawnSync(process.execPath, ['--test', '--test-timeout=120000', ...options, ...files], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
