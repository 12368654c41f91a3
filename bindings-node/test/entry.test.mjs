// The package as it is imported: both module systems, the command, and a missing binary.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import * as namespace from 'tenantry'
import { folder, here, root } from './fixture.mjs'

const required = createRequire(import.meta.url)('tenantry')
const imported = { ...namespace }

test('import and require give the same objects, and nothing internal', () => {
  const names = Object.keys(required).sort()
  assert.deepEqual(
    Object.keys(imported)
      .filter((name) => !['default', 'module.exports', '__esModule'].includes(name))
      .sort(),
    names,
  )
  for (const name of names) assert.equal(imported[name], required[name], name)
  for (const name of names.filter((name) => name.endsWith('Error')))
    assert.ok(new required[name]({}) instanceof Error, name)
  assert.deepEqual(
    names.filter((name) => !/^[A-Z].*(Error|Stopped)$/.test(name)),
    ['Fleet', 'Flow', 'FlowEvent', 'Sandbox', 'Secret', 'cloudblue', 'maestrano', 'magentoBi', 'withSecrets'],
  )
})

test('importing loads no native binary, and its time is printed', (t) => {
  const script = `
    const start = process.hrtime.bigint()
    require('tenantry')
    const took = Number(process.hrtime.bigint() - start) / 1e6
    const loaded = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'))
    console.log(JSON.stringify([took, loaded]))`
  const runs = Array.from({ length: 5 }, () =>
    JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: here })),
  )
  for (const [, loaded] of runs) assert.deepEqual(loaded, [])
  t.diagnostic(`require('tenantry'): ${Math.min(...runs.map(([took]) => took)).toFixed(1)} ms`)
})

test('a missing binary is an error that names the commands; the command says what it needs', (t) => {
  const copy = join(folder(t), 'node_modules', 'tenantry')
  mkdirSync(join(copy, 'bindings-node'), { recursive: true })
  for (const part of ['package.json', 'bindings-node/dist', 'bindings-node/bin', 'bindings-node/index.mjs'])
    cpSync(join(root, part), join(copy, part), { recursive: true, filter: (path) => !path.endsWith('.node') })
  const script = `require('tenantry').Sandbox.start().catch((error) => console.log(error.code, error.message))`
  const said = execFileSync(process.execPath, ['-e', script], { cwd: join(copy, '..'), encoding: 'utf8' })
  assert.match(said, /^ERR_NATIVE_MISSING .*npx tenantry.*npm run build/)
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'bindings-node', 'bin', 'tenantry.cjs')], {
    env: { PATH: '' },
    encoding: 'utf8',
  })
  assert.equal(status, 1)
  assert.match(stderr, /install Rust/)
})

test('the command leaves a binary that loads alone', (t) => {
  const copy = join(folder(t), 'tenantry')
  for (const part of ['bindings-node/dist', 'bindings-node/bin', 'package.json'])
    cpSync(join(root, part), join(copy, part), { recursive: true })
  const command = join(copy, 'bindings-node', 'bin', 'tenantry.cjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [command], { env: { PATH: '' }, encoding: 'utf8' })
  assert.deepEqual([status, stdout, stderr], [0, '', ''])
  const help = spawnSync(process.execPath, [command, '--help'], { encoding: 'utf8' })
  assert.ok(help.status === 0 && help.stdout.includes('sandbox'))
})

for (const [extension, module] of [
  ['mts', 'ESM'],
  ['cts', 'CommonJS'],
])
  test(`types hold in strict ${module}`, (t) => {
    const place = folder(t)
    mkdirSync(join(place, 'node_modules'), { recursive: true })
    const packed = join(place, 'node_modules', 'tenantry')
    for (const part of ['package.json', 'bindings-node/dist', 'bindings-node/index.mjs', 'bindings-node/index.d.mts'])
      cpSync(join(root, part), join(packed, part), { recursive: true, filter: (path) => !path.endsWith('.node') })
    cpSync(join(root, 'node_modules', '@types'), join(place, 'node_modules', '@types'), { recursive: true })
    cpSync(join(root, 'node_modules', 'undici-types'), join(place, 'node_modules', 'undici-types'), { recursive: true })
    cpSync(join(here, 'consumer.ts'), join(place, `consumer.${extension}`))
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const check = (lib, types) => {
      const compilerOptions = {
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        skipLibCheck: false,
        module: 'nodenext',
        target: 'es2022',
        lib,
        types,
      }
      writeFileSync(
        join(place, 'tsconfig.json'),
        JSON.stringify({ compilerOptions, include: [`consumer.${extension}`] }),
      )
      return spawnSync(process.execPath, [tsc, '-p', place], { encoding: 'utf8' }).stdout
    }
    assert.equal(check(['es2022'], ['node']), '')
    rmSync(join(place, 'node_modules', '@types'), { recursive: true })
    assert.equal(check(['es2022', 'dom'], []), '')
  })
