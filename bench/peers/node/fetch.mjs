// HTTP clients, each set up as its users would: kept alive, and with as many connections as are asked for.

import http from 'node:http'
import { peer } from './packages.mjs'

function undici(connections) {
  const { Pool } = peer('undici')
  let pool
  async function call(method, url) {
    const { origin, pathname, search } = new URL(url)
    pool ??= new Pool(origin, { connections, pipelining: 1 })
    const { body } = await pool.request({ method, path: pathname + search })
    return body.text()
  }
  return { get: (url) => call('GET', url), post: (url) => call('POST', url) }
}

function nodeHttp(connections) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections })
  const call = (method, url) =>
    new Promise((resolve, reject) => {
      const request = http.request(url, { agent, method }, (response) => {
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
        response.on('error', reject)
      })
      request.on('error', reject)
      request.end()
    })
  return { get: (url) => call('GET', url), post: (url) => call('POST', url) }
}

function builtinFetch() {
  const call = async (method, url) => (await fetch(url, { method })).text()
  return { get: (url) => call('GET', url), post: (url) => call('POST', url) }
}

export const FETCH = { undici, 'node:http': nodeHttp, fetch: builtinFetch }
