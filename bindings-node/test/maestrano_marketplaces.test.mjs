// The configuration of marketplaces: fetched, given, refreshed, watched; and the clients that come of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AuthenticationError, ConfigError, maestrano, Secret } from 'tenantry'
import { canary, count, market } from './fixture.mjs'

const FETCH = 'maestrano.marketplaces.fetch'

/** A configuration of one marketplace. */
function configuration(changes = {}) {
  return {
    marketplace: 'own',
    app: { host: 'https://app.example.com' },
    api: { id: 'app-1', key: canary(), host: 'https://api-hub.maestrano.com', base: '/api/v1/' },
    sso: { init_path: '/init', consume_path: '/consume', idp: 'https://api-hub.maestrano.com' },
    ...changes,
  }
}

test('names, configurations and clients', async (t) => {
  const { marketplaces } = await market(t)
  assert.deepEqual(marketplaces.names(), ['maestrano', 'some-telco'])
  assert.deepEqual(marketplaces.problems(), {})
  const { api, connec } = marketplaces.config('some-telco')
  assert.deepEqual([api.key, connec.base_path], ['***', '/api/v2'])
  assert.throws(() => marketplaces.client('some-telko'), { name: 'ConfigError', message: /maestrano, some-telco/ })
  assert.throws(() => marketplaces.client('some-telco', { timeout: 1 }), { message: /did you mean timeoutMs/ })
  assert.equal(marketplaces.findByCredentials({ app_id: api.id, app_key: 'x' }), null)
  assert.throws(() => marketplaces.findByCredentials({ app_id: 'x', app_key: Secret.callback(() => 'x') }), ConfigError)
})

test('a configuration that is given finds its marketplaces by their credentials', () => {
  const own = configuration()
  const marketplaces = maestrano.Marketplaces.fromJson(JSON.stringify({ marketplaces: own }))
  assert.deepEqual(marketplaces.names(), ['own'])
  const credentials = { app_id: own.api.id, app_key: own.api.key }
  assert.equal(marketplaces.findByCredentials(credentials), 'own')
  assert.equal(marketplaces.findByCredentials({ ...credentials, app_key: Secret.text(own.api.key) }), 'own')
  const { sso } = marketplaces.client('own')
  assert.equal(sso.consumeUrl(), 'https://app.example.com/consume')
  assert.equal(sso.sessionCheckUrl('usr-1', 'to ken').includes('session=to'), true)
})

test('what cannot be used is said, and loses nobody else', () => {
  assert.throws(() => maestrano.Marketplaces.fromJson('{"marketplaces": [ # a comment'), ConfigError)
  const elsewhere = configuration({ marketplace: 'elsewhere', app: {} })
  elsewhere.api.host = 'https://api.example.net'
  const text = JSON.stringify({ marketplaces: [configuration(), elsewhere] })
  const marketplaces = maestrano.Marketplaces.fromJson(text)
  assert.deepEqual(marketplaces.names(), ['own'])
  assert.ok('elsewhere' in marketplaces.problems())
  assert.throws(() => marketplaces.client('elsewhere'), ConfigError)
  for (const wrong of [{ base_url: 'x' }, { ttlMs: 3 }, { trusted_hosts: [] }])
    assert.throws(() => maestrano.Marketplaces.fromJson(text, wrong), ConfigError)
})

test('only trusted hosts are sent credentials', () => {
  const own = configuration()
  own.api.host = 'https://api.telco.example'
  const text = JSON.stringify({ marketplaces: [own] })
  assert.deepEqual(maestrano.Marketplaces.fromJson(text).names(), [])
  assert.deepEqual(maestrano.Marketplaces.fromJson(text, { trustedHosts: ['telco.example'] }).names(), ['own'])
})

test('wrong credentials, a missing one and an unknown option are refused', async (t) => {
  const { sandbox } = await market(t)
  const { base_url, api_key } = sandbox.maestrano
  const { fetch } = maestrano.Marketplaces
  await assert.rejects(fetch({ base_url, api_key, api_secret: 'wrong' }), AuthenticationError)
  await assert.rejects(fetch({ base_url, api_key }), { name: 'ConfigError', message: /api_secret/ })
  await assert.rejects(fetch({ ...sandbox.maestrano, ttl: 3 }), { message: /did you mean ttlMs/ })
  await assert.rejects(fetch({ ...sandbox.maestrano, signal: AbortSignal.abort() }), { name: 'AbortError' })
})

test('secrets may be callbacks, and every fetch asks them', async (t) => {
  const { sandbox } = await market(t)
  const { base_url, api_key, api_secret } = sandbox.maestrano
  let asked = 0
  const marketplaces = await maestrano.Marketplaces.fetch({
    base_url,
    api_key,
    api_secret: Secret.callback(() => {
      asked += 1
      return api_secret
    }),
  })
  await marketplaces.refresh()
  assert.equal(asked, 2)
})

test('a refresh asks only when it is time, tells what changed, and keeps the old when it fails', async (t) => {
  const { sandbox, marketplaces } = await market(t, { fetch: { ttlMs: 60_000, maxRetries: 0 } })
  const fetches = async () => count(await sandbox.journal(), FETCH)
  const ifOld = () => marketplaces.refresh({ force: false })
  assert.deepEqual(await ifOld(), { ...(await ifOld()), changes: [], stale: false })
  assert.equal(await fetches(), 1)
  await sandbox.behaveMaestrano({ rotate_keys: true })
  await sandbox.advance(61_000)
  const [{ changes }] = await Promise.all([ifOld(), ifOld()])
  assert.deepEqual(
    changes.map(({ type, marketplace }) => `${marketplace} ${type}`),
    ['maestrano changed', 'some-telco changed'],
  )
  assert.equal(await fetches(), 2)
  await sandbox.fault({ operation: FETCH, status: 503 })
  const { stale, error, names } = await marketplaces.refresh()
  assert.deepEqual([stale, error.name, names.length], [true, 'InternalServerError', 2])
})

test('changes of the configuration are waited for, until the signal comes', async (t) => {
  const { sandbox, marketplaces } = await market(t, { fetch: { ttlMs: 60_000 } })
  await sandbox.behaveMaestrano({ broken: 'some-telco' })
  for await (const { changes } of marketplaces.watch()) {
    assert.deepEqual([changes.length, changes[0].type, changes[0].marketplace], [1, 'malformed', 'some-telco'])
    break
  }
  // The old one stays.
  assert.deepEqual(marketplaces.names(), ['maestrano', 'some-telco'])
  await assert.rejects(marketplaces.watch({ signal: AbortSignal.abort() }).next(), { name: 'AbortError' })
})

test('clients of one marketplace share what they know, and end with the set', async (t) => {
  const { sandbox, marketplaces, account } = await market(t)
  const [user] = await account.users.list({ group_id: 'cld-4' })
  for (const client of [account, marketplaces.client('some-telco')])
    assert.equal((await client.sessions.check(user.id, { session: user.sso_session })).valid, true)
  assert.equal(count(await sandbox.journal(), 'maestrano.sessions.check'), 1)
  const events = []
  const told = marketplaces.client('some-telco', { onEvent: ({ operation }) => events.push(operation) })
  await told.groups.list()
  assert.deepEqual(events, ['maestrano.groups.list'])
  await account.close()
  await assert.rejects(account.groups.list(), { message: 'the client is closed' })
  await told.groups.list()
  await marketplaces.close()
  await assert.rejects(told.groups.list(), { message: 'the client is closed' })
  assert.throws(() => told.sso.initUrl(), { message: 'the client is closed' })
  assert.throws(() => marketplaces.names(), { message: 'the client is closed' })
})
