'use strict'
// Builds what is not in the repository: the native binary (cargo) and the JavaScript (tsc).
//
// TENANTRY_PROFILE=dev builds with the dev profile, which is faster to compile and slower to run.

const { execFileSync, spawnSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { bundle } = require('./bundle.cjs')
const { binary, dist, root } = require('./target.cjs')

const RUST = '1.89'

class Refused extends Error {}

/** Whether the binary is there and loads. It is tried in another process: a loaded one cannot be let go. */
function loads() {
  return spawnSync(process.execPath, ['-e', 'require(process.argv[1])', binary()], { stdio: 'ignore' }).status === 0
}

function run(program, args) {
  try {
    // npm shows stderr and keeps stdout for its own output.
    execFileSync(program, args, { cwd: root, stdio: ['ignore', 2, 2] })
  } catch (error) {
    if (error.code === 'ENOENT') return false
    throw new Refused(`${path.basename(program)} failed; its own message is above`)
  }
  return true
}

function library() {
  if (process.platform === 'win32') return 'tenantry_node.dll'
  return `libtenantry_node.${process.platform === 'darwin' ? 'dylib' : 'so'}`
}

function buildNative() {
  const dev = process.env.TENANTRY_PROFILE === 'dev'
  const profile = dev ? [] : ['--release']
  const found = run('cargo', ['build', ...profile, '--locked', '-p', 'tenantry-node', '--target-dir', 'target'])
  if (!found)
    throw new Refused(
      `tenantry has no binary for this machine, and cargo, which would build one, was not found: ` +
        `install Rust ${RUST} or newer, then run \`npx tenantry\` here`,
    )
  const built = path.join(root, 'target', dev ? 'debug' : 'release', library())
  fs.mkdirSync(dist, { recursive: true })
  // A process may have mapped the old binary: it keeps it, for a rename replaces the name and not the file.
  const fresh = `${binary()}.${process.pid}.tmp`
  fs.copyFileSync(built, fresh)
  fs.renameSync(fresh, binary())
}

function buildScript() {
  let tsc
  try {
    tsc = require.resolve('typescript/package.json', { paths: [root] })
  } catch {
    throw new Refused('the compiled JavaScript is missing, and so is typescript: run `npm install` in the checkout')
  }
  const { bin } = require(tsc)
  const compile = [path.join(path.dirname(tsc), bin.tsc), '-p', path.join('bindings-node', 'tsconfig.json')]
  // Documentation belongs into the types; the engine would only skip it, each time.
  run(process.execPath, [...compile, '--emitDeclarationOnly'])
  run(process.execPath, [...compile, '--declaration', 'false', '--removeComments'])
  bundle()
}

/** A checkout is always built anew; a package only when it lacks something, or `force`. */
function prepare({ force = false } = {}) {
  const checkout = fs.existsSync(path.join(root, 'bindings-node', 'ts'))
  if (checkout || force || !loads()) buildNative()
  if (checkout) buildScript()
}

/** Runs `prepare` as a program: what it refuses is one sentence on stderr. */
function main(options) {
  try {
    prepare(options)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    process.stderr.write(`tenantry: ${error.message}\n`)
    process.exitCode = 1
  }
}

module.exports = { main }

if (require.main === module) main({ force: process.argv.includes('--force') })
