#!/usr/bin/env node
'use strict'
// `npx tenantry` builds the native binary where it is missing; `npx tenantry sandbox` serves the sandbox.

const path = require('node:path')
const { dist } = require('./target.cjs')

const USAGE = `usage: tenantry [--force]
         builds the native binary if it is missing or does not load; --force builds it anew
       tenantry sandbox [--port N] [--clock real|virtual] [--vocabulary client|document]
                        [--wait-ms N] [--commit-delay-ms N]
         serves the sandbox on 127.0.0.1 until SIGINT or SIGTERM, and prints one JSON line when it is ready
`

const [command, ...rest] = process.argv.slice(2)
if (command === 'sandbox') {
  require(path.join(dist, 'program.js')).main(rest, USAGE)
} else if (command === undefined || command === '--force') {
  require('./prepare.cjs').main({ force: command === '--force' })
} else {
  const wanted = command === '--help' || command === '-h'
  ;(wanted ? process.stdout : process.stderr).write(USAGE)
  process.exitCode = wanted ? 0 : 2
}
