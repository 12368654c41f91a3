'use strict'
// Puts the compiled modules into one file: finding, opening and wrapping fifty of them takes longer than running what is in
// them.

const fs = require('node:fs')
const path = require('node:path')
const { dist } = require('./target.cjs')

/** What the package exports; the bundle takes its place. */
const ENTRY = 'index'
/** Run by a command of its own, which few do. */
const APART = ['program']

/** The names of the modules in `folder`, as paths under `dist`. */
function modules(folder = '') {
  const entries = fs.readdirSync(path.join(dist, folder), { withFileTypes: true })
  return entries.flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return modules(name)
    return name.endsWith('.js') ? [name.slice(0, -'.js'.length)] : []
  })
}

/** The text of a module; what it requires of others of the bundle is loaded out of that. */
function text(name, names) {
  const source = fs.readFileSync(path.join(dist, `${name}.js`), 'utf8')
  return source.replaceAll(/\brequire\("(\.[^"]*)"\)/g, (whole, wanted) => {
    const found = path.posix.join(path.posix.dirname(name), wanted)
    return names.includes(found) ? `load(${JSON.stringify(found)})` : whole
  })
}

/** Bundles what tsc wrote, and removes what is in the bundle. */
function bundle() {
  const names = modules()
    .filter((name) => !APART.includes(name))
    .sort()
  // The parentheses tell V8 that the function is called at once: it would else read its text twice.
  const parts = names.map((name) => `${JSON.stringify(name)}: (function (exports) {\n${text(name, names)}}),\n`)
  const whole = `'use strict'
const modules = {
${parts.join('')}}
const loaded = {}
function load(name) {
  if (loaded[name] === undefined) {
    loaded[name] = {}
    modules[name](loaded[name])
  }
  return loaded[name]
}
module.exports = load(${JSON.stringify(ENTRY)})
`
  for (const name of names) fs.rmSync(path.join(dist, `${name}.js`))
  fs.writeFileSync(path.join(dist, `${ENTRY}.js`), whole)
}

module.exports = { bundle }
