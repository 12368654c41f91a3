'use strict'
// Where the native binary of this machine is. Plain JavaScript, because it is needed before anything is compiled.

const fs = require('node:fs')
const path = require('node:path')

/** Bytes in which a program names the interpreter that loads it. */
const HEAD = 4096

/** Whether this process runs on musl: the program names its loader. A report would tell, too, and takes milliseconds. */
function onMusl() {
  const head = Buffer.alloc(HEAD)
  try {
    const file = fs.openSync(process.execPath, 'r')
    fs.readSync(file, head, 0, HEAD, 0)
    fs.closeSync(file)
  } catch {
    // The report knows.
  }
  if (head.includes('/ld-linux')) return false
  if (head.includes('/ld-musl')) return true
  // glibc names its version in the report's header; musl has none.
  return process.report.getReport().header.glibcVersionRuntime === undefined
}

/** `linux-x64-gnu`, `darwin-arm64`, … */
function triple() {
  const { platform, arch } = process
  if (platform !== 'linux') return `${platform}-${arch}`
  return `${platform}-${arch}-${onMusl() ? 'musl' : 'gnu'}`
}

/** The package's root. */
const root = path.join(__dirname, '..', '..')

/** The compiled TypeScript, and the binary beside it. */
const dist = path.join(__dirname, '..', 'dist')

/** The path of the native binary. */
function binary() {
  return path.join(dist, `tenantry.${triple()}.node`)
}

module.exports = { binary, dist, root, triple }
