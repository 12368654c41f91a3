// No secret leaves by any door but the request that needs it.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { cloudblue, maestrano, magentoBi, Secret } from 'tenantry'
import { canary, counter, folder, market, merchant, order, playground, program } from './fixture.mjs'

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

test('keys and values of parameters are shown by no client, list, request, job, report, event, error or journal', async (t) => {
  const { sandbox, connect: plain } = await counter(t, { generate: { requests: 8, assets: 8 } })
  const { base_url, api_key } = sandbox.cloudblue
  const secrets = {
    key: api_key.split(':').at(-1),
    'wrong key': canary(),
    value: canary(),
    other: canary(),
    handler: canary(),
  }
  const texts = []
  const see = (...values) => {
    for (const value of values) texts.push(...displays(value))
  }
  const events = []
  const onEvent = (event) => events.push(event)
  const connect = new cloudblue.Client({ base_url, api_key, onEvent })
  const called = new cloudblue.Client({ base_url, api_key: Secret.text(api_key) })
  const list = connect.requests.list({ pageSize: 3 })
  see(plain, connect, called, connect.requests, list, await list.first())

  const wrong = new cloudblue.Client({ base_url, api_key: `ApiKey SU-1:${secrets['wrong key']}`, onEvent })
  see(
    wrong,
    await wrong.requests
      .list()
      .first()
      .catch((error) => error),
  )
  see(attempt(() => new cloudblue.Client({ base_url, api_key: `\n${secrets['wrong key']}` })))
  see(attempt(() => new cloudblue.Client({ base_url, api_key, proxy: `nonsense ${secrets['wrong key']}` })))

  // The vendor writes secrets into parameters; a server may repeat them in its errors.
  const [{ id }] = await list.toList()
  const values = { admin_password: secrets.value, subscription_id: secrets.other }
  const set = await connect.requests.setParamValues(id, { values })
  assert.equal(cloudblue.param(set.asset, 'admin_password').value, secrets.value)
  see(set, await connect.requests.get(id), await connect.requests.list().toList())
  see(await connect.assets.get(set.asset.id), await connect.assets.list().toList())
  const echo = JSON.stringify({
    error_code: 'VAL_001',
    errors: [`${secrets.value} is bad`],
    params: { x: secrets.value },
  })
  for (const status of [400, 409, 500]) {
    await sandbox.fault({ operation: 'cloudblue.requests.update', status, body: echo, times: 3 })
    const params = [{ id: 'admin_password', value: secrets.value }]
    see(await connect.requests.update(id, { params }, { maxRetries: 0 }).catch((error) => error))
    await sandbox.clearFaults()
  }

  const { write } = process.stdout
  process.stdout.write = (text) => texts.push(text)
  try {
    const worker = connect.fulfillmentWorker({ concurrency: 2 })
    const handler = (request, job) => {
      see(request, job)
      return cloudblue.approve({ template_id: 'TL-1', params: values })
    }
    const onProgress = (event) => see(event)
    see(worker, await worker.runOnce({ handler, onProgress, dryRun: true }))
    for await (const job of worker.jobs({ maxCycles: 1, onProgress }))
      see(job, await job.approve({ template_id: 'TL-1', params: values }))
    see(worker, worker.report)
    assert.ok(worker.report.approved > 0, String(worker.report))
  } finally {
    process.stdout.write = write
  }
  assert.ok(events.length > 20)
  see(events, sandbox)
  clean(secrets, texts)
  // The journal is the sandbox's own, and hides what its products call a password.
  const { other, ...known } = secrets
  assert.ok(other.length > 0)
  clean(known, [...displays(await sandbox.journal()), ...displays(await sandbox.state())])
})

test("an app's keys, tokens and sign-ons are shown by no set, client, reply, error, event, journal or file", async (t) => {
  const events = []
  const onEvent = (event) => events.push(event)
  const { sandbox, marketplaces, account } = await market(t, { fetch: { onEvent } })
  const { base_url, api_key, api_secret } = sandbox.maestrano
  const texts = []
  const see = (...values) => {
    for (const value of values) texts.push(...displays(value))
  }
  const signed = marketplaces.webhooks.sign({ marketplace: 'some-telco', type: 'group_deleted', group_id: 'cld-4' })
  const { authorization } = Object.fromEntries(signed.headers)
  const [app_id, ...key] = Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':')
  const app_key = key.join(':')
  const secrets = {
    api_secret,
    app_key,
    authorization: authorization.slice('Basic '.length),
    'wrong secret': canary(),
    'wrong key': canary(),
    'wrong token': canary(),
    proxy: canary(),
  }
  see(marketplaces, account, marketplaces.webhooks, account.sso, account.connec('cld-4'), account.bills, sandbox)
  see(marketplaces.config('some-telco'), account.config, await marketplaces.refresh({ force: true }))
  assert.equal(marketplaces.findByCredentials({ app_id, app_key }), 'some-telco')

  const { fetch: fetched, fromJson } = maestrano.Marketplaces
  const wrong = { base_url, api_key, api_secret: secrets['wrong secret'], onEvent }
  see(await fetched(wrong).catch((error) => error))
  see(await fetched({ ...wrong, proxy: `nonsense ${secrets.proxy}` }).catch((error) => error))
  see(attempt(() => fromJson(`{"marketplaces": [{"api": {"key": "${secrets['wrong key']}"}}, `)))
  see(attempt(() => fromJson(JSON.stringify({ marketplaces: [{ api: { key: [secrets['wrong key']] } }] }))))
  const alone = { app_id, app_key: secrets['wrong key'], base_url: `${sandbox.url}/api/v1`, onEvent }
  const refused = new maestrano.Client(alone)
  see(refused, await refused.groups.list().catch((error) => error))
  see(attempt(() => new maestrano.Client({ ...alone, app_key: `\n${secrets['wrong key']}` })))

  const users = await account.users.list({ group_id: 'cld-4' })
  for (const [at, { sso_session }] of users.entries())
    if (sso_session !== undefined) secrets[`session ${at}`] = sso_session
  see(users, await account.users.get(users[0].id))
  see(await account.sessions.check('usr-1', { session: secrets['wrong token'] }))
  await sandbox.fault({ operation: 'maestrano.sessions.check', status: 503, times: 3 })
  see(await account.sessions.check('usr-2', { session: secrets['wrong token'] }))

  const { url, request_id } = account.sso.loginUrl()
  const page = await (await fetch(url)).text()
  const saml_response = /name="SAMLResponse" value="([^"]*)"/.exec(page)[1].replaceAll('&#10;', '\n')
  const bare = saml_response.replaceAll(/\s/g, '')
  secrets['SAML response'] = bare.slice(400, 460)
  secrets['SAML signature'] = bare.slice(-400, -340)
  const identity = await account.sso.consume({ saml_response, request_id })
  secrets.token = identity.session.token
  see(identity, await account.sso.consume({ saml_response, request_id }).catch((error) => error))
  for (const cut of [saml_response.slice(4), saml_response.replace('A', 'B'), `${bare.slice(0, -400)}${bare}`])
    see(await account.sso.consume({ saml_response: cut, request_id }).catch((error) => error))
  see(await account.sso.consume({ saml_response, requestId: 'x' }).catch((error) => error))
  see(await account.sso.consume({ saml_response, replayStore: {} }).catch((error) => error))

  // A server that repeats what it was told.
  const place = folder(t)
  const journal = join(place, 'bills.json')
  const echo = JSON.stringify({ success: false, errors: { key: [app_key] }, data: {}, said: authorization })
  for (const status of [400, 422, 500]) {
    await sandbox.fault({ operation: 'maestrano.bills.create', status, body: echo })
    see(await account.bills.create(order({ reference: `order-${status}`, journal })).catch((error) => error))
  }
  await sandbox.fault({ operation: 'maestrano.bills.create', when: 'after', drop: true })
  const lost = await account.bills.create(order()).catch((error) => error)
  see(lost, await lost.adopt(lost.candidates[0].id), await lost.force())

  const headers = (changed) => signed.headers.map(([name, value]) => [name, name === 'authorization' ? changed : value])
  for (const changed of [
    `Basic ${Buffer.from(`${app_id}:${secrets['wrong key']}`).toString('base64')}`,
    secrets['wrong key'],
  ])
    see(attempt(() => marketplaces.webhooks.unwrap({ ...signed, headers: headers(changed) })))
  see(
    marketplaces.webhooks.unwrap(signed),
    attempt(() => marketplaces.webhooks.unwrap({ ...signed, path: '/' })),
  )

  assert.ok(events.length > 10)
  see(events, await sandbox.journal())
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
