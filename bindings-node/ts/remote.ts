// A sandbox that another process serves, controlled over HTTP.

import { encode } from './encode'
import { failure } from './errors'
import type { Control } from './sandbox'

const ROUTES: Readonly<Record<string, readonly [method: string, path: string]>> = {
  fault: ['POST', 'faults'],
  clear_faults: ['DELETE', 'faults'],
  advance: ['POST', 'advance'],
  journal: ['GET', 'journal'],
  state: ['GET', 'state'],
  reset: ['POST', 'reset'],
}

/** @internal The control of the sandbox at `url`. */
export function remote(url: string): Control {
  return async (verb, argument) => {
    // The other process ends its own sandbox.
    if (verb === 'close') return null
    const [method, path] = ROUTES[verb] ?? ['POST', verb]
    const body = encode(verb === 'advance' ? { ms: argument } : (argument ?? {}), new Map())
    const headers = { 'content-type': 'application/json' }
    const request = method === 'POST' ? { method, headers, body } : { method }
    const reply = await fetch(`${url}/_sandbox/${path}`, request)
    const text = await reply.text()
    // 502: the app that a webhook was to reach does not answer.
    if (reply.status === 502) throw failure({ code: 'connection', message: said(text), outcome: 'unknown' })
    if (!reply.ok) throw failure({ code: 'config', message: said(text), outcome: 'rejected', status: reply.status })
    return text === '' ? null : JSON.parse(text)
  }
}

function said(text: string): string {
  try {
    return String((JSON.parse(text) as { message: unknown }).message)
  } catch {
    return text
  }
}
