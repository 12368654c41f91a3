// The scenarios and vectors that all three languages run (tests/README.md), through the public surface.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { cloudblue, maestrano, magentoBi, Sandbox, TenantryError } from 'tenantry'
import { playground, root, statuses, folder as temporary } from './fixture.mjs'

const scenarios = join(root, 'tests', 'scenarios')
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
const camel = (name) => name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
const snake = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Options of tenantry's own, as this language spells them. */
function options(given = {}) {
  const renamed = Object.entries(given).map(([name, value]) => [camel(name), name === 'poll' ? options(value) : value])
  return Object.fromEntries(renamed)
}

function only(object, keys) {
  for (const key of Object.keys(object)) assert.ok(keys.includes(key), `unknown key ${key}`)
}

function merge(base, over) {
  if (!isObject(base) || !isObject(over)) return over
  const merged = { ...base }
  for (const [key, value] of Object.entries(over)) merged[key] = merge(base[key], value)
  return merged
}

/** An error as its envelope has it. */
function envelope(error) {
  assert.ok(error instanceof TenantryError, error)
  const fields = Object.fromEntries(Object.entries(error.toJSON()).map(([name, value]) => [snake(name), value]))
  const before = fields.operation === null ? '' : `${fields.operation}: `
  const after = fields.hint === null ? '' : ` (${fields.hint})`
  fields.message = error.message.slice(before.length, error.message.length - after.length)
  return fields
}

function matches(expected, found, place) {
  if (isObject(expected) && '$is' in expected) {
    const kind = found === null || found === undefined ? 'null' : Array.isArray(found) ? 'list' : typeof found
    assert.equal(kind, expected.$is, place)
  } else if (isObject(expected)) {
    assert.ok(isObject(found), `${place}: ${JSON.stringify(found)} is no object`)
    for (const [key, value] of Object.entries(expected)) matches(value, found[key] ?? null, `${place}.${key}`)
  } else if (Array.isArray(expected)) {
    assert.ok(Array.isArray(found) && found.length === expected.length, `${place}: ${JSON.stringify(found)}`)
    for (const [index, value] of expected.entries()) matches(value, found[index], `${place}[${index}]`)
  } else {
    assert.deepEqual(found, expected, place)
  }
}

/** A query of the public surface, from the core's own form. */
function query(tree) {
  const { R, and, not, or, raw } = cloudblue
  const [[kind, inner]] = Object.entries(tree)
  if (kind === 'and') return and(...inner.map(query))
  if (kind === 'or') return or(...inner.map(query))
  if (kind === 'not') return not(query(inner))
  if (kind === 'raw') return raw(inner)
  assert.equal(kind, 'test')
  const method = { in: 'oneOf', out: 'noneOf', is_null: 'isNull', is_empty: 'isEmpty' }[inner.op] ?? inner.op
  return R(inner.field)[method](inner.value)
}

/** Arguments of a list, or of a worker, as this language spells them. */
function listArguments(given, wire = []) {
  const { filters, query: tree, ...rest } = given
  const renamed = Object.entries(rest).map(([name, value]) => [wire.includes(name) ? name : camel(name), value])
  return { ...filters, ...Object.fromEntries(renamed), ...(tree !== undefined && { query: query(tree) }) }
}

/** What `work` gives, or its error as an envelope. */
async function outcome(work) {
  try {
    return await work()
  } catch (error) {
    return { error: envelope(error) }
  }
}

const CONTROLS = ['fault', 'outcome', 'seed', 'generate', 'behave', 'advance']

class Run {
  kept = new Map()

  constructor(folder, sandbox, client, marketplaces) {
    this.folder = folder
    this.sandbox = sandbox
    this.client = client
    this.marketplaces = marketplaces
  }

  async step(step) {
    for (const kind of ['call', 'local', 'flow', 'list', 'count', 'query', 'worker'])
      if (kind in step) return await this[kind](step)
    const [[kind, value], ...more] = Object.entries(step)
    assert.deepEqual(more, [])
    if (kind === 'behave' && this.marketplaces !== undefined) return await this.sandbox.behaveMaestrano(value)
    if (CONTROLS.includes(kind)) return await this.sandbox[kind](this.fill(value))
    assert.equal(kind, 'expire_tokens')
    return await this.sandbox.expireTokens()
  }

  pager({ list, count, arguments: given = {}, options: settings }) {
    const [, resource, name] = (list ?? count).split('.')
    const { ids = [], ...rest } = this.fill(given)
    return this.client[camel(resource)][camel(name)](...ids, listArguments(rest), options(settings))
  }

  async list(step) {
    only(step, ['list', 'arguments', 'options', 'each', 'expect'])
    const found = await outcome(async () => {
      const ids = []
      for await (const row of this.pager(step)) {
        ids.push(row.id)
        this.kept.set('$id', row.id)
        if (step.each !== undefined) await this.call({ ...step.each, expect: step.each.expect ?? { ok: {} } })
      }
      return { ids, count: ids.length }
    })
    matches(this.fill(step.expect), found, JSON.stringify(step))
  }

  async count(step) {
    only(step, ['count', 'arguments', 'options', 'expect'])
    const found = await outcome(async () => ({ ok: await this.pager(step).count() }))
    matches(step.expect, found, JSON.stringify(step))
  }

  async query(step) {
    only(step, ['query', 'expect'])
    const found = await outcome(async () => ({ ok: String(query(step.query)) }))
    matches(step.expect, found, JSON.stringify(step))
  }

  async worker(step) {
    only(step, ['worker', 'run', 'outcomes', 'expect'])
    const { options: connection, ...settings } = this.fill(step.worker)
    const outcomes = this.fill(step.outcomes ?? {})
    const handler = ({ id, type }) => {
      const decided = outcomes[id] ?? outcomes[type] ?? outcomes['*'] ?? { nothing: {} }
      if ('error' in decided) throw new Error(decided.error.message)
      return 'nothing' in decided ? undefined : decided
    }
    const { max_cycles: maxCycles, dry_run: dryRun, ...more } = step.run ?? {}
    assert.deepEqual(more, {})
    const found = await outcome(async () => {
      const made = listArguments(settings, ['product_ids', 'types'])
      const worker = this.client.fulfillmentWorker(made, options(connection))
      // What a handler throws is told to a listener, and then no process warning.
      const report = await worker.run({ handler, maxCycles: maxCycles ?? undefined, dryRun, onProgress: () => {} })
      return { report: Object.fromEntries(Object.entries(report).map(([name, value]) => [snake(name), value])) }
    })
    matches(this.fill(step.expect), found, JSON.stringify(step))
  }

  async call(step) {
    only(step, ['call', 'arguments', 'options', 'expect', 'events', 'keep'])
    const [, resource, name] = step.call.split('.')
    const rest = { ...this.fill(step.arguments ?? {}) }
    if (name === undefined) return await this.request(step, rest)
    const own = this.marketplaces === undefined ? undefined : this.written(step.call, rest)
    if (own !== undefined) return await this.told(step, own)
    const method = this.client[camel(resource)][camel(name)]
    // Durations are tenantry's own, and follow the language.
    for (const key of Object.keys(rest).filter((key) => key.endsWith('_ms'))) {
      rest[camel(key)] = rest[key]
      delete rest[key]
    }
    // The generated methods take the path's ids first, then the other arguments, then the options.
    const [, parameters] = /^async \w+\(([^)]*)\)/.exec(method.toString())
    const given = parameters.split(', ').map((parameter) => {
      const key = parameter.split(' ')[0]
      if (key === 'args' || key === 'options') return key
      const id = rest[key]
      delete rest[key]
      return { id }
    })
    if (!given.includes('args')) assert.deepEqual(rest, {}, `${step.call} takes no such argument`)
    await this.told(step, (settings) => {
      const values = given.map((value) => (value === 'args' ? rest : value === 'options' ? settings : value.id))
      return this.client[camel(resource)][camel(name)](...values)
    })
  }

  /** How an operation of Maestrano that was written by hand is called; what the surface only has in loops is asked of the core. */
  written(operation, given) {
    const { client, marketplaces } = this
    const { group_id, resource, name, data, ops, ...rest } = given
    const connec = () => client.connec(group_id)
    return {
      'maestrano.marketplaces.refresh': (settings) => marketplaces.refresh({ force: false, ...given }, settings),
      'maestrano.marketplaces.watch': async (settings) => (await marketplaces.watch(settings).next()).value,
      'maestrano.client.ping': (settings) => client.ping(settings),
      'maestrano.connec.get': (settings) => connec().get(resource, rest, settings),
      'maestrano.connec.post': (settings) => connec().post(resource, { ...rest, data }, settings),
      'maestrano.connec.put': (settings) => connec().put(resource, { ...rest, data }, settings),
      'maestrano.connec.batch': (settings) => connec().batch(ops, settings),
      'maestrano.connec.report': (settings) => connec().report(name, rest, settings),
      ...Object.fromEntries(
        ['connec.page', 'changes.next', 'recurring_bills.watch', 'bills.adopt', 'bills.force']
          .map((inner) => `maestrano.${inner}`)
          .map((inner) => [inner, (settings) => client.invoke(inner, given, settings)]),
      ),
    }[operation]
  }

  /** What is answered without a request. */
  async local(step) {
    only(step, ['local', 'arguments', 'expect', 'keep'])
    const given = this.fill(step.arguments ?? {})
    const { marketplaces, client } = this
    const local = {
      'maestrano.marketplaces.names': () => marketplaces.names(),
      'maestrano.marketplaces.problems': () => marketplaces.problems(),
      'maestrano.marketplaces.config': () => marketplaces.config(given.name),
      'maestrano.marketplaces.find_by_credentials': () => marketplaces.findByCredentials(given),
      'maestrano.client.config': () => client.config,
      'maestrano.sso.login_url': () => client.sso.loginUrl(given.params),
    }[step.local]
    assert.ok(local, `nothing runs ${step.local}`)
    const found = await outcome(async () => ({ ok: local() }))
    matches(this.fill(step.expect), found, JSON.stringify(step))
    this.keep(step, found)
  }

  /** Calls, and compares what came and what was told with what is expected. */
  async told(step, call) {
    const events = []
    const found = await outcome(async () => ({
      ok: await call({ ...options(step.options), onEvent: ({ kind }) => events.push(kind) }),
    }))
    matches(this.fill(step.expect), found, JSON.stringify(step))
    if ('events' in step) assert.deepEqual(events, step.events)
    this.keep(step, found)
  }

  keep(step, found) {
    for (const [key, pointer] of Object.entries(step.keep ?? {})) {
      const value = pointer
        .split('/')
        .slice(1)
        .reduce((object, part) => object[part], found.ok)
      assert.notEqual(value, undefined, pointer)
      this.kept.set(`$${key}`, value)
    }
  }

  /** The way out. */
  async request(step, { method, path, ...rest }) {
    only(step, ['call', 'arguments', 'options', 'expect'])
    const settings = { ...rest, ...options(step.options) }
    const found = await outcome(async () => ({ ok: await this.client.request(method, path, settings) }))
    matches(this.fill(step.expect), found, JSON.stringify(step))
  }

  async flow(step) {
    only(step, ['flow', 'answers', 'expect', 'steps'])
    only(step.flow, ['spec', 'options'])
    const spec = merge(read(join(this.folder, 'spec.json')), step.flow.spec)
    const answers = [...(step.answers ?? [])]
    const started = []
    const onNeed = ({ reason }) => {
      const next = answers.shift()
      assert.ok(next, `an unexpected need: ${reason}`)
      only(next, ['reason', 'answer'])
      assert.equal(reason, next.reason)
      return next.answer
    }
    const onProgress = ({ type, step: name }) => {
      if (type === 'step_started') started.push(name)
    }
    const drive = async () => {
      const flow = this.client.onboardings.start(spec, options(step.flow.options))
      return { result: await flow.run({ onNeed, onProgress }) }
    }
    const found = await drive().catch((error) => ({ error: envelope(error) }))
    assert.deepEqual(answers, [], 'an answer was not asked for')
    matches(step.expect, found, JSON.stringify(step))
    if ('steps' in step) assert.deepEqual(started, step.steps)
  }

  /** The value with each `"$name"` replaced by what was kept under that name. */
  fill(value) {
    if (typeof value === 'string') return this.kept.get(value) ?? value
    if (Array.isArray(value)) return value.map((one) => this.fill(one))
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.fill(one)]))
  }
}

const SYSTEMS = {
  magento_bi: { open: (settings) => ({ client: new magentoBi.Client(settings) }), least: 12 },
  cloudblue: { open: (settings) => ({ client: new cloudblue.Client(settings) }), least: 0 },
  maestrano: {
    open: async (settings, name) => {
      const marketplaces = await maestrano.Marketplaces.fetch(settings)
      return { client: marketplaces.client(name), marketplaces }
    },
    least: 17,
  },
}

for (const system of readdirSync(scenarios))
  suite(`scenarios of ${system}`, () => {
    const folder = join(scenarios, system)
    const files = readdirSync(folder).filter((name) => name !== 'spec.json')
    assert.ok(system in SYSTEMS, `nothing runs ${system}`)
    assert.ok(files.length >= SYSTEMS[system].least, files.join())
    for (const file of files)
      test(file, async (t) => {
        assert.match(file, /\.json$/, 'a file that no runner runs')
        const scenario = read(join(folder, file))
        only(scenario, ['name', 'sandbox', 'client', 'marketplace', 'steps', 'journal', 'committed', 'state'])
        only(scenario.sandbox ?? {}, ['vocabulary', 'wait_ms', 'commit_delay_ms'])
        const sandbox = await Sandbox.start({ ...options(scenario.sandbox), clock: 'virtual' })
        t.after(() => sandbox.close())
        const { options: connection, auth_style: authStyle, ttl_ms: ttlMs, ...settings } = scenario.client ?? {}
        const own = { ...settings, ...options(connection), ...options({ auth_style: authStyle, ttl_ms: ttlMs }) }
        const { marketplace = 'some-telco' } = scenario
        const { client, marketplaces } = await SYSTEMS[system].open({ ...sandbox[camel(system)], ...own }, marketplace)
        const run = new Run(folder, sandbox, client, marketplaces)
        run.kept.set('$journal', join(temporary(t), 'journal.json'))
        for (const step of scenario.steps) await run.step(step)
        const journal = await sandbox.journal()
        const name = ({ operation }) => operation.replace(`${system}.`, '')
        if ('journal' in scenario) assert.deepEqual(journal.map(name), scenario.journal)
        for (const [operation, times] of Object.entries(scenario.committed ?? {}))
          assert.equal(journal.filter((entry) => name(entry) === operation && entry.committed).length, times, operation)
        if ('state' in scenario) {
          const found = await statuses(sandbox)
          for (const [id, status] of Object.entries(run.fill(scenario.state)))
            assert.equal(found.get(run.fill(id)), status, id)
        }
      })
  })

test('Retry-After is read as the vectors say', async (t) => {
  // Rows about another time of this machine are the core's own: the sandbox's clock begins at this instant.
  const begin = Date.parse('2026-01-01T00:00:00Z')
  const rows = read(join(root, 'tests', 'vectors', 'retry_after.json'))
  const here = rows.filter(({ now_ms }) => now_ms === begin)
  assert.ok(here.length >= rows.length - 1 && here.length >= 30)
  const { sandbox, bi } = await playground(t, { sandbox: { clock: 'virtual' }, client: { maxRetries: 0 } })
  for (const { name, headers, date, expect_s } of here) {
    const values = headers.map(([, value]) => value)
    const sent = { ...(values.length > 0 && { 'retry-after': values }), ...(date !== null && { date }) }
    await sandbox.fault({ operation: '*', status: 503, headers: sent })
    const error = await bi.signups.get('x').catch((thrown) => thrown)
    assert.equal(error.retryAfterMs, expect_s === null ? null : expect_s * 1000, name)
  }
})
