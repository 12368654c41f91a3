// What a user writes, compiled in both module systems and never run.

import {
  type CallOptions,
  type Event,
  type FlowEvent,
  magentoBi,
  NeedsAttentionError,
  OutcomeUnknownError,
  Sandbox,
  Secret,
  TenantryError,
} from 'tenantry'

export async function use(options: CallOptions): Promise<string[]> {
  const sandbox = await Sandbox.start({ clock: 'virtual' })
  const bi = new magentoBi.Client({
    ...sandbox.magentoBi,
    timeoutMs: 5000,
    onEvent: (event: Event) => event.durationMs,
  })
  const { id } = await bi.signups.create({
    tier: 'T100',
    company: 'Coco Co.',
    first_name: 'a',
    last_name: 'b',
    email: 'a@example.com',
    role: 'csm',
    magento: { customer_id: '1', subscription_id: '2' },
  })
  const status: magentoBi.SignupStatus = await bi.signups.get(id, { ...options, signal: AbortSignal.timeout(1000) })
  const client: magentoBi.Id | null | undefined = status.client_id
  const connections = await bi.connections.list(client ?? 1)
  const first: string | null | undefined = connections[0]?.name
  await bi.connections.create(1, {
    name: 'store',
    display_name: 'store',
    type: 'mysql',
    properties: { host: 'db.example.com', port: '3306', sslCa: null, encryption_groupSecret: Secret.env('GROUP') },
    credentials: { password: Secret.callback(async () => 'x') },
  })
  // @ts-expect-error: an unknown option
  await bi.signups.get(id, { timeout: 5 })
  // @ts-expect-error: an unknown connection key
  new magentoBi.Client({ user_name: 'x' })
  // @ts-expect-error: a missing argument
  await bi.autodash.get(1)
  // @ts-expect-error: secrets are not made by hand
  new Secret({ text: 'x' })

  const spec: magentoBi.OnboardingSpec = magentoBi.OnboardingSpec.fromToml('coco.toml')
  const problems: string[] = magentoBi.OnboardingSpec.check(spec).errors.map(({ field, message }) => field + message)
  const flow: magentoBi.Onboarding = bi.onboardings.start(spec, {
    checkpoint: { load: () => null, save: async (text: string) => text.length },
    maxWaitMs: null,
    stepMaxWaitMs: { await_client: 1000, await_dashboards: null },
    poll: { minMs: 100, maxMs: undefined },
  })
  for await (const event of flow) {
    const line: string = String(event)
    const facts: unknown = event.attempt
    problems.push(line, String(facts), event.type, event.step)
  }
  if (flow.need !== undefined) flow.answer(flow.need.choices[0]?.choice ?? '', { user_id: 5 })
  const result = await flow.run({
    onNeed: (need) => (need.reason === 'confirm_user' ? 'confirm' : { choice: 'adopt', autodash_id: '1' }),
    onProgress: (event: FlowEvent) => event.at,
  })
  const owner: magentoBi.Id | null | undefined = result.user_id
  try {
    await bi.request('GET', '/v3/signups/1', { query: { a: 'b' } })
  } catch (error) {
    if (error instanceof NeedsAttentionError) problems.push(...error.choices.map(({ choice }) => choice))
    else if (error instanceof OutcomeUnknownError) problems.push(String(error.candidates.length))
    else if (error instanceof TenantryError)
      problems.push(error.code, String(error.retryAfterMs), error.requestId ?? '')
  }
  await sandbox[Symbol.asyncDispose]()
  return [...problems, String(owner), String(first)]
}
