// No secret leaves by any door but the request that needs it.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { magentoBi, Secret } from 'tenantry'
import { canary, folder, merchant, playground, program } from './fixture.mjs'

/** The forms in which a secret may turn up. */
function forms(secret) {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    hex,
    Buffer.from(secret, 'utf16le').toString('latin1'),
    [...bytes].join(','),
  ]
}

/** Everything that a display could show of `value`. */
function displays(value) {
  const shown = [inspect(value, { depth: 20, showHidden: true, showProxy: true }), inspect(value), String(value)]
  shown.push(JSON.stringify(value) ?? '', `${inspect({ nested: [value] }, { depth: 20 })}`)
  try {
    shown.push(inspect(structuredClone(value), { depth: 20, showHidden: true }))
  } catch (error) {
    // Only what holds functions of the caller's own cannot be cloned.
    assert.equal(error.name, 'DataCloneError')
  }
  if (value instanceof Error) shown.push(value.stack, String(value.cause))
  return shown
}

function clean(secrets, texts) {
  const all = texts.join('\n')
  for (const [name, secret] of Object.entries(secrets))
    for (const form of forms(secret)) assert.ok(!all.includes(form), `${name} is shown: …${around(all, form)}…`)
}

function around(text, form) {
  const at = text.indexOf(form)
  return text.slice(Math.max(0, at - 80), at)
}

test('the search finds what it looks for', () => {
  const secret = canary()
  for (const shown of [
    { secret },
    new Error(secret),
    { text: Buffer.from(secret).toString('base64') },
    { [secret]: 1 },
  ])
    assert.throws(() => clean({ secret }, displays(shown)), /secret is shown/)
})

test('a Secret shows where it is and never what it is', () => {
  const secret = canary()
  for (const kept of [Secret.text(secret), Secret.callback(() => secret)]) {
    clean({ secret }, displays(kept))
    clean({ secret }, displays({ password: kept, list: [kept] }))
  }
  assert.equal(inspect(Secret.env('NAME')), 'Secret(env NAME)')
  assert.equal(JSON.stringify({ a: Secret.file('/a/b') }), '{"a":"Secret(file /a/b)"}')
})

test('clients, replies, errors, events, flows, specs, checkpoints and the journal show none', async (t) => {
  const events = []
  const { sandbox } = await playground(t, { sandbox: { clock: 'virtual' } })
  const { password, client_secret, ...connection } = sandbox.magentoBi
  const secrets = {
    password,
    client_secret,
    store: canary(),
    encryption: canary(),
    group: canary(),
    'wrong password': canary(),
    proxy: canary(),
  }
  const texts = []
  const see = (...values) => {
    for (const value of values) texts.push(...displays(value))
  }
  const onEvent = (event) => events.push(event)
  const bi = new magentoBi.Client({ ...connection, password, client_secret, onEvent })
  const called = new magentoBi.Client({
    ...connection,
    password: Secret.callback(() => password),
    client_secret,
    onEvent,
  })
  see(bi, called, bi.signups, bi.onboardings)

  const token = await bi.tokens.create()
  secrets.token = token.access_token
  assert.equal(token.access_token.length, 40)
  see(token, await called.tokens.create())

  const refused = new magentoBi.Client({ ...connection, password: secrets['wrong password'], client_secret, onEvent })
  see(
    refused,
    await refused.tokens.create().catch((error) => error),
    await refused.connections.list(1).catch((error) => error),
  )
  const proxied = { ...connection, password, client_secret, proxy: `http://user:${secrets.proxy}@127.0.0.1:1` }
  see(
    new magentoBi.Client(proxied),
    attempt(() => new magentoBi.Client({ ...proxied, proxy: `nonsense ${secrets.proxy}` })),
  )
  see(attempt(() => new magentoBi.Client({ ...connection, password, client_secret: { text: client_secret } })))

  // A server that repeats what it was told.
  const echo = JSON.stringify({ password, token: token.access_token, said: secrets.store })
  for (const status of [400, 422, 500]) {
    await sandbox.fault({ operation: 'magento_bi.connections.create', status, body: echo })
    see(
      await bi.connections
        .create(1, {
          name: 'store',
          display_name: 'store',
          type: 'mysql',
          properties: { host: 'h', encryption_groupSecret: secrets.group },
          credentials: { password: secrets.store, encryption_password: Secret.text(secrets.encryption) },
        })
        .catch((error) => error),
    )
  }

  const place = folder(t)
  const spec = merchant({ confirm_user: true })
  spec.connection.password = Secret.callback(() => secrets.store)
  spec.connection.encryption_password = Secret.text(secrets.encryption)
  spec.connection.properties.encryption_groupSecret = Secret.text(secrets.group)
  see(spec, magentoBi.OnboardingSpec.check(spec))
  const flow = bi.onboardings.start(spec, { checkpoint: join(place, 'coco.json'), onEvent })
  await sandbox.fault({ operation: 'magento_bi.connections.create', when: 'after', drop: true })
  see(flow, await flow.run({ onProgress: (event) => see(event) }).catch((error) => error), flow.need)
  await flow.run({ onNeed: ({ choices }) => choices[0].choice, onProgress: (event) => see(event) })
  see(flow, flow.result, flow.status)
  texts.push(flow.checkpoint)
  const inline = merchant()
  inline.connection.password = secrets.store
  inline.connection.type = 5
  see(
    attempt(() => bi.onboardings.start(inline)),
    magentoBi.OnboardingSpec.check(inline),
  )

  assert.ok(events.length > 20)
  see(events, await sandbox.journal(), await sandbox.state(), sandbox)
  for (const name of readdirSync(place)) texts.push(readFileSync(join(place, name), 'latin1'))
  clean(secrets, texts)
})

test('a process that fails shows none on its streams', async (t) => {
  const { sandbox } = await playground(t)
  const env = { SANDBOX_LINE: sandbox.line, TENANTRY_LOG: 'trace', RUST_LOG: 'trace' }
  const { code, stdout, stderr } = await program('alive.mjs', ['unhandled'], { env })
  assert.equal(code, 1)
  const { password, client_secret } = sandbox.magentoBi
  clean({ password, client_secret }, [stdout, stderr])
})

function attempt(work) {
  try {
    return work()
  } catch (error) {
    return error
  }
}
