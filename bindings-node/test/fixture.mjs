// What several tests share: a sandbox with its client, a merchant, canaries, and programs run in processes of their own.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cloudblue, maestrano, magentoBi, Sandbox } from 'tenantry'

export const here = dirname(fileURLToPath(import.meta.url))
export const root = join(here, '..', '..')

/** A sandbox and a client of it, closed after the test. */
export async function playground(test, { sandbox: settings = {}, client = {} } = {}) {
  const sandbox = await Sandbox.start(settings)
  test.after(() => sandbox.close())
  return { sandbox, bi: new magentoBi.Client({ ...sandbox.magentoBi, ...client }) }
}

/** A sandbox with a virtual clock and a client of its Connect, closed after the test. */
export async function counter(test, { sandbox: settings = {}, client = {}, generate } = {}) {
  const sandbox = await Sandbox.start({ clock: 'virtual', ...settings })
  test.after(() => sandbox.close())
  if (generate !== undefined)
    await sandbox.generate({ product_id: 'PRD-1', status: 'pending', type: 'purchase', clear: true, ...generate })
  return { sandbox, connect: new cloudblue.Client({ ...sandbox.cloudblue, ...client }) }
}

/** A sandbox with a virtual clock, its marketplaces and a client of one, closed after the test. */
export async function market(test, { sandbox: settings = {}, fetch = {}, name = 'some-telco' } = {}) {
  const sandbox = await Sandbox.start({ clock: 'virtual', ...settings })
  test.after(() => sandbox.close())
  const marketplaces = await maestrano.Marketplaces.fetch({ ...sandbox.maestrano, ...fetch })
  test.after(() => marketplaces.close())
  return { sandbox, marketplaces, account: marketplaces.client(name) }
}

/** Arguments of `bills.create`. */
export function order(changes = {}) {
  return { group_id: 'cld-4', price_cents: 2000, currency: 'USD', description: 'Product purchase', ...changes }
}

/** What the sandbox's requests are, by id. */
export async function statuses(sandbox) {
  const { requests } = (await sandbox.state()).cloudblue
  return new Map(requests.map(({ id, status }) => [id, status]))
}

/** A folder that is gone after the test. */
export function folder(test) {
  const path = mkdtempSync(join(tmpdir(), 'tenantry-'))
  test.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** 24 characters that occur nowhere else. */
export function canary() {
  return randomBytes(18).toString('base64url')
}

/** A merchant, complete; the secret is made up anew each time. */
export function merchant(changes = {}) {
  return {
    company: 'Coco Co.',
    tier: 'T100',
    admin: { email: 'csm@example.com', first_name: 'CSMFirst', last_name: 'CSMLast', role: 'csm' },
    magento: { customer_id: 'MAG0000001', subscription_id: '1000' },
    user: {
      email: 'customer@customer.com',
      first_name: 'tester',
      last_name: 'mctest',
      client_rights: { admin: 1, billing: 1, readonly: 1, technical: 0 },
    },
    client_settings: { name: 'Coco Co.', properties: { default_currency: 'USD', timezone: 'America/New_York' } },
    connection: {
      name: 'store',
      type: 'mysql',
      properties: { host: 'db.example.com', port: '3306', username: 'magento', dbName: 'magento_store' },
      password: canary(),
    },
    dashboards: { package: 'magento1_rjql1', database: 'magento_store', table_prefix: '' },
    ...changes,
  }
}

/** Arguments of `signups.create`. */
export function signup() {
  const { company, tier, admin, magento } = merchant()
  return { company, tier, ...admin, magento }
}

/** How often a request of the operation arrived. */
export function count(journal, operation) {
  return journal.filter((entry) => entry.operation === operation).length
}

/**
 * Runs a script of `test/programs` in a process of its own, and gives what it printed and how it ended. One that hangs is
 * killed, and then has ended by SIGKILL.
 */
export function program(name, args = [], { flags = [], env = {}, onLine } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, join(here, 'programs', name), ...args], {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (data) => {
      stdout += data
      if (onLine !== undefined && stdout.includes('\n')) onLine(stdout, child)
    })
    child.stderr.on('data', (data) => {
      stderr += data
    })
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Does `work` for 0 … n − 1, `width` at a time. */
export async function many(n, width, work) {
  let next = 0
  const lane = async () => {
    while (next < n) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, lane))
}
