// Many onboardings at once: each starts a signup and polls it, at fixed intervals, until it is completed.

import { NotBuilt } from './clients.mjs'
import { FETCH } from './fetch.mjs'
import { measured, quantiles } from './meter.mjs'
import { own } from './packages.mjs'

const CONNECTIONS = 64
// It stops after its first wait, for a person who installs the key.
const SPEC = {
  company: 'Coco Co.',
  tier: 'T100',
  install_public_key: true,
  admin: { email: 'csm@example.com', first_name: 'CSMFirst', last_name: 'CSMLast', role: 'csm' },
  magento: { customer_id: 'MAG0000001', subscription_id: '1000' },
  user: {
    email: 'customer@customer.com',
    first_name: 'tester',
    last_name: 'mctest',
    client_rights: { admin: 1, billing: 1, readonly: 1, technical: 0 },
  },
  client_settings: { properties: { default_currency: 'USD', timezone: 'America/New_York' } },
  connection: {
    name: 'store',
    type: 'mysql',
    password: { env: 'BENCH_DB_PASSWORD' },
    properties: { host: 'db.example.com', port: '3306', username: 'magento', dbName: 'store' },
  },
  dashboards: { package: 'magento1_rjql1', database: 'store', table_prefix: '' },
}

/** `n` of them, started over one `interval` of seconds; the server lets each be polled `polls` times. */
export async function flows(runner, base, { n, interval, polls }) {
  const run = await (runner.startsWith('tenantry') ? ours : assembled)(runner, base, n, interval * 1e3)
  return { ...run, polls: n * polls, bytes_per_flow: (run.grown_kib * 1024) / n }
}

async function assembled(runner, base, count, interval) {
  const { get, post } = FETCH[runner](CONNECTIONS)
  const late = []
  let done = 0
  const until = (due) => new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
  async function flow(start) {
    await until(start)
    const url = base + JSON.parse(await post(`${base}/v3/signups`)).url
    for (let due = performance.now() + interval; ; due += interval) {
      await until(due)
      late.push(Math.max(0, performance.now() - due))
      if (JSON.parse(await get(url)).status === 'completed') break
    }
    done += 1
  }
  await post(`${base}/v3/signups`)
  const run = await measured(count, async () => {
    const now = performance.now()
    await Promise.all(Array.from({ length: count }, (_, number) => flow(now + (interval * number) / count)))
    return done
  })
  return { ...run, ...quantiles('late', late) }
}

async function ours(_, base, count, interval) {
  const { magentoBi } = own('tenantry')
  const client = new magentoBi.Client({
    base_url: base,
    dashboard_url: base,
    username: 'u',
    password: 'p',
    oauth_client_id: 1,
    client_secret: 's',
  })
  if (typeof client.onboardings.runAll !== 'function') throw new NotBuilt('fleets of onboardings')
  function* keys() {
    for (let number = 0; number < count; number++) yield String(number)
  }
  const poll = { minMs: interval, maxMs: interval, factor: 1, jitter: 0.1 }
  const fleet = client.onboardings.runAll(keys(), { spec: () => SPEC, poll })
  const run = await measured(count, async () => {
    let done = 0
    for await (const turn of fleet) {
      if (turn.error) throw turn.error
      done += 1
    }
    return done
  })
  const { late_p50_ms, late_p99_ms } = fleet.status
  return { ...run, late_p50_us: late_p50_ms * 1e3, late_p99_us: late_p99_ms * 1e3 }
}
