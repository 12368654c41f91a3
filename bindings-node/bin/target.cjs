'use strict'
// Where the native binary of this machine is. Plain JavaScript, because it is needed before anything is compiled.

const path = require('node:path')

/** `linux-x64-gnu`, `darwin-arm64`, … */
function triple() {
  const { platform, arch } = process
  if (platform !== 'linux') return `${platform}-${arch}`
  // glibc names its version in the report's header; musl has none.
  const { header } = process.report.getReport()
  return `${platform}-${arch}-${header.glibcVersionRuntime ? 'gnu' : 'musl'}`
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
