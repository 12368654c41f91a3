// Single sign-on: with the sandbox's provider, and against the corpus of legitimate and hostile responses (tests/saml).

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError, maestrano, SamlError, ValidationError } from 'tenantry'
import { folder, market, root } from './fixture.mjs'

/** Signs in at the sandbox's provider as a browser does; gives the posted form field. */
async function posted(url) {
  const page = await (await fetch(url)).text()
  const [, value] = /name="SAMLResponse" value="([^"]*)"/.exec(page) ?? assert.fail(page)
  return value.replaceAll('&#10;', '\n')
}

test('a sign-on, from the redirect to the identity', async (t) => {
  const { sandbox, account } = await market(t)
  const { url, request_id } = account.sso.loginUrl({ group_id: 'cld-4' })
  assert.equal(new URL(url).searchParams.get('group_id'), 'cld-4')
  const saml_response = await posted(url)
  const identity = await account.sso.consume({ saml_response, request_id })
  assert.deepEqual([identity.user.uid, identity.group.uid, identity.in_response_to], ['usr-1', 'cld-4', request_id])
  // The token can be read, and is not shown.
  const { token } = identity.session
  assert.ok(token.length > 10)
  for (const shown of [JSON.stringify(identity), inspect(identity, { depth: 9 }), JSON.stringify({ ...identity })])
    assert.ok(!shown.includes(token))
  assert.equal((await account.sessions.check(identity.user.uid, { session: token })).valid, true)
  assert.ok(account.sso.sessionCheckUrl(identity.user.uid, token).includes(token))
  await fetch(account.sso.logoutUrl(identity.user.uid))
  await sandbox.advance(600_000)
  assert.equal((await account.sessions.check(identity.user.uid, { session: token })).valid, false)
})

test('a response is taken once, by all clients of the set; a store of the caller is asked instead', async (t) => {
  const { marketplaces, account } = await market(t)
  const { url, request_id } = account.sso.loginUrl()
  const saml_response = await posted(url)
  const claims = []
  const replayStore = {
    async claim(key, until) {
      assert.ok(until instanceof Date && until.getTime() > Date.parse('2026-01-01'))
      return !claims.includes(key) && claims.push(key) > 0
    },
  }
  await account.sso.consume({ saml_response, request_id, replayStore })
  assert.deepEqual(
    claims.map((key) => key.split('/').slice(0, 3).join('/')),
    ['maestrano/some-telco/assertion', 'maestrano/some-telco/request'],
  )
  await assert.rejects(account.sso.consume({ saml_response, request_id, replayStore }), { reason: 'replayed' })
  // Their own memory has not seen it yet.
  await account.sso.consume({ saml_response, request_id })
  await assert.rejects(marketplaces.client('some-telco').sso.consume({ saml_response, request_id }), (error) => {
    assert.ok(error instanceof SamlError)
    assert.equal(error.reason, 'replayed')
    return true
  })
  for (const bad of [{ claim: () => 'yes' }, { claim: () => undefined }])
    await assert.rejects(account.sso.consume({ saml_response, request_id, replayStore: bad }), ConfigError)
  await assert.rejects(account.sso.consume({ saml_response, request_id, replayStore: {} }), ValidationError)
  const away = new Error('the store is away')
  const failing = { claim: () => Promise.reject(away) }
  await assert.rejects(account.sso.consume({ saml_response, request_id, replayStore: failing }), { cause: away })
})

test('what is not asked for, and SHA-1, need a word', async (t) => {
  const { sandbox, account } = await market(t)
  await sandbox.behaveMaestrano({ signature: 'sha1' })
  const { url, request_id } = account.sso.loginUrl()
  const saml_response = await posted(url)
  await assert.rejects(account.sso.consume({ saml_response, request_id }), (error) => {
    assert.equal(error.reason, 'sha1_not_allowed')
    assert.match(error.message, /allow_sha1/)
    return true
  })
  await assert.rejects(account.sso.consume({ saml_response, allow_sha1: true }), SamlError)
  await account.sso.consume({ saml_response, allow_sha1: true, allow_unsolicited: true })
  await assert.rejects(account.sso.consume({ saml_response, allowSha1: true }), { message: /did you mean allow_sha1/ })
  await assert.rejects(account.sso.consume({ saml_response: 'nonsense', request_id }), SamlError)
})

const NOTHING_SIGNS = 77

/** The corpus, made now; nothing where nothing can sign. */
function corpus(t) {
  const place = folder(t)
  const candidates = [process.env.PYTHON, join(root, '.venv', 'bin', 'python'), 'python3']
  for (const python of candidates.filter((path) => path && (!path.includes('/') || existsSync(path)))) {
    const script = join(root, 'tests', 'saml', 'make_corpus.py')
    const { status, stdout, stderr, error } = spawnSync(python, ['-B', script, place], { encoding: 'utf8' })
    if (status === 0) return { place, ...JSON.parse(readFileSync(join(place, 'manifest.json'), 'utf8')) }
    if (status === NOTHING_SIGNS || error?.code === 'ENOENT') t.diagnostic(`${python}: ${error?.message ?? stdout}`)
    else throw new Error(`${python}: ${stderr}`)
  }
  return undefined
}

/** That `found` has every key that `expected` names. */
function holds(expected, found, place) {
  if (typeof expected !== 'object' || expected === null || Array.isArray(expected))
    return assert.deepEqual(found, expected, place)
  for (const [key, value] of Object.entries(expected)) holds(value, found?.[key], `${place}.${key}`)
}

test('nothing hostile is accepted and nothing legitimate refused', async (t) => {
  const made = corpus(t)
  if (made === undefined) return t.skip('nothing on this machine can sign XML: install xmlsec1')
  const { cases, configurations, place } = made
  const hosts = ['app.example', 'idp.example']
  for (const { marketplaces } of Object.values(configurations))
    for (const { app, api, sso } of marketplaces)
      hosts.push(...[app.host, api.host, sso.idp].map((host) => new URL(host).hostname))
  const counts = { legitimate: 0, hostile: 0, otherTime: 0 }
  for (const one of cases) {
    // Another time needs another clock, which is the core's own affair.
    if (one.now_offset_ms !== 0) {
      counts.otherTime += 1
      continue
    }
    const text = JSON.stringify(configurations[one.configuration])
    const set = maestrano.Marketplaces.fromJson(text, { trustedHosts: [...new Set(hosts)] })
    const { sso } = set.client(one.marketplace)
    const consume = (wanted) =>
      sso.consume({ ...wanted.arguments, saml_response: readFileSync(join(place, wanted.file), 'utf8') })
    for (const name of one.before) await consume(cases.find((other) => other.name === name))
    const outcome = await consume(one).catch((error) => error)
    if ('identity' in one.expect) {
      assert.ok(!(outcome instanceof Error), `${one.name}: legitimate, and refused: ${outcome}`)
      holds(one.expect.identity, outcome, one.name)
      counts.legitimate += 1
    } else {
      assert.ok(outcome instanceof SamlError, `${one.name}: hostile, and accepted: ${inspect(outcome)}`)
      assert.deepEqual([outcome.reason, outcome.details.marketplace], [one.expect.reason, one.marketplace], one.name)
      counts.hostile += 1
    }
  }
  t.diagnostic(
    `${counts.legitimate} legitimate, ${counts.hostile} hostile, ${counts.otherTime} of another time left out`,
  )
  assert.ok(counts.legitimate >= 10 && counts.hostile >= 28, JSON.stringify(counts))
})
