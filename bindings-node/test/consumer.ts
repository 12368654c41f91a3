// What a user writes, compiled in both module systems and never run.

import {
  type CallOptions,
  ConflictError,
  cloudblue,
  type Event,
  type FlowEvent,
  maestrano,
  magentoBi,
  NeedsAttentionError,
  OutcomeUnknownError,
  SamlError,
  Sandbox,
  Secret,
  TenantryError,
  WebhookError,
  withSecrets,
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

export async function fulfill(options: CallOptions): Promise<unknown[]> {
  const { R, and, not, or, raw } = cloudblue
  const sandbox = await Sandbox.start({ clock: 'virtual' })
  const made: { requests: number; assets: number } = await sandbox.generate({
    requests: 3,
    seed: 2,
    product_id: 'PRD-1',
  })
  await sandbox.behave({ pend_reply: 'empty' })
  const connect = new cloudblue.Client({ ...sandbox.cloudblue, timeoutMs: 5000 })
  const since = new Date('2026-01-01')
  const list: cloudblue.Pager<cloudblue.Request> = connect.requests.list(
    {
      product_id: 'PRD-1',
      type: ['purchase', 'change'],
      created: { ge: since, lt: '2027-01-01' },
      'asset.connection.type': 'production',
      assignee: { null: true },
      'sli.days': { gt: 3 },
      status: 'any',
      query: and(R('asset.id').oneOf(['AS-1']), not(or(R('created').ge(since), R('note').isEmpty(), raw('eq(a,1)')))),
      orderBy: '-created',
      select: ['-asset.params'],
      pageSize: 50,
      maxItems: 10,
      prefetch: false,
    },
    { ...options, signal: AbortSignal.timeout(1000) },
  )
  const seen: unknown[] = [made, String(R('a').eq(1)), await list.count()]
  for await (const request of list) {
    const status: string | null | undefined = request.status
    const created: string | null | undefined = request.created
    const email: string | null | undefined = cloudblue.param(request.asset, 'email')?.value
    const customer: cloudblue.Tier | undefined = cloudblue.tier(request.asset, 'customer')
    for (const item of request.asset?.items ?? []) {
      const quantity: number | null = cloudblue.quantityValue(item)
      seen.push(quantity, cloudblue.isNew(item), cloudblue.isChanged(item), cloudblue.isRemoved(item))
    }
    const approved = await connect.requests.approve(request.id, { template_id: 'TL-1', effective_date: '2026-01-01' })
    const again: boolean | null | undefined = approved.already_applied
    seen.push(status, created, email, customer?.external_id, again, withSecrets(request).activation_key)
  }
  for await (const page of connect.assets.list({ 'product.id': 'PRD-1' }).pages())
    seen.push(...page.map(({ id }) => id))
  const first: cloudblue.Request | undefined = await connect.assets.requests('AS-1').first()
  const templates: cloudblue.Template[] = await connect.templates.list('PRD-1', { scope: 'asset' }).toList()
  await connect.requests.wait('PR-1', { until: ['approved'], maxWaitMs: 1000 })
  await connect.requests.inquire('PR-1', { errors: { email: 'Please fill this in' }, template_id: 'TL-2' })
  await connect.request('GET', '/requests', { query: R('id').eq('PR-1') })
  // @ts-expect-error: no such filter
  connect.requests.list({ product: 'PRD-1' })
  // @ts-expect-error: no such comparison of this filter
  connect.requests.list({ 'asset.connection.type': { like: 'x*' } })
  // @ts-expect-error: limit is called pageSize, or maxItems
  connect.requests.list({ limit: 5 })
  // @ts-expect-error: this list has no status
  connect.assets.requests('AS-1', { status: 'pending' })
  // @ts-expect-error: a list of values
  R('id').oneOf(5)

  const worker = connect.fulfillmentWorker({ product_ids: ['PRD-1'], intervalMs: 120_000, lanes: ['pending'] }, options)
  worker.handler(async (request, { attempt, signal }) => {
    if (attempt > 3 || signal.aborted) return cloudblue.skip({ notBefore: since })
    if (request.type === 'cancel') return cloudblue.fail('no')
    if (request.status === 'revoking') return cloudblue.confirmRevoke()
    if (request.note) return cloudblue.schedule(since)
    return cloudblue.approve({ template_id: 'TL-1', params: { subscription_id: 'S-1' } })
  })
  worker.handler(() => undefined)
  worker.handler(() => {})
  worker.handler(async () => {})
  // @ts-expect-error: not an outcome
  worker.handler(() => 'approve')
  const report: cloudblue.FulfillmentReport = await worker.run({
    maxCycles: 2,
    signal: AbortSignal.timeout(1000),
    onProgress: (event: cloudblue.FulfillmentEvent) => seen.push(event.type, event.request, event.delayMs),
  })
  for await (const job of worker.jobs({ dryRun: true })) {
    const { result, request, error } = await job.approve({ activation_tile: '# Hello' })
    if (error instanceof ConflictError) seen.push(error.current)
    seen.push(result, request?.status, job.request.id)
  }
  return [...seen, report.alreadyApplied, report.errors[0]?.message, first?.id, templates.length]
}

/** A program for Maestrano. */
export async function bill(sandbox: Sandbox, app: { use(middleware: unknown): void }): Promise<unknown[]> {
  const marketplaces = await maestrano.Marketplaces.fetch({ ...sandbox.maestrano, trustedHosts: [], ttlMs: 60_000 })
  const given = maestrano.Marketplaces.fromJson('{"marketplaces": []}', { timeoutMs: 1000 })
  const account: maestrano.Client = marketplaces.client('some-telco', { maxRetries: 0 })
  const alone = new maestrano.Client({ app_id: 'app-1', app_key: Secret.env('KEY') })
  const kept = new Map<string, string>()
  const journal: maestrano.Journal = {
    load: (key) => kept.get(key),
    save: async (key, text) => void kept.set(key, text),
  }
  const order = { group_id: 'cld-4', price_cents: 2000, currency: 'USD', description: 'Product purchase' }
  const seen: unknown[] = [given.names(), alone.toJSON(), marketplaces.problems().x]
  try {
    const made: maestrano.Bill = await account.bills.create({ ...order, reference: 'order-1', journal })
    seen.push(made.status, made.already_applied, (await account.bills.wait(made.id, { until: ['invoiced'] })).id)
  } catch (error) {
    if (!(error instanceof OutcomeUnknownError)) throw error
    const adopted: maestrano.Bill = await error.adopt('bill-1')
    const forced = await error.force<maestrano.RecurringBill>()
    seen.push(error.candidates, adopted.price_cents, forced.period)
  }
  // @ts-expect-error: a bill needs its currency
  account.bills.create({ group_id: 'cld-4', price_cents: 2000, description: 'x' })
  // @ts-expect-error: no such filter
  account.bills.list({ limit: 5 })
  // @ts-expect-error: an amount is a number of minor units
  account.bills.create({ ...order, price_cents: '20.00' })

  const signal = AbortSignal.timeout(1000)
  for await (const { status, remaining_cycles } of account.recurringBills.watch('rbill-1', {
    intervalMs: 1000,
    signal,
  }))
    seen.push(status, remaining_cycles)
  const changes = account.changes('users', { since: new Date(), maxWaitMs: 1000, signal })
  for await (const user of changes) seen.push(user.surname, changes.cursor)
  account.changes('bills', { cursor: changes.cursor })
  // @ts-expect-error: it begins somewhere
  account.changes('bills', {})
  // @ts-expect-error: nobody tells of their changes
  account.changes('resellers', { since: new Date() })
  for await (const { changes, stale, error } of marketplaces.watch({ signal }))
    seen.push(changes[0]?.type, stale, error?.retryAfterMs)

  const connec = account.connec('cld-4')
  for await (const entity of connec.listAll('people', { params: { $top: 10 } })) seen.push(entity.id)
  const [first] = await connec.batch([{ method: 'GET', resource: 'people', id: 'p1' }])
  seen.push(first?.status, await connec.put('company', { data: { name: 'x' } }))

  const { url, request_id }: maestrano.Login = account.sso.loginUrl({ group_id: 'cld-4' })
  const replayStore: maestrano.ReplayStore = { claim: async (key, until) => until.getTime() > key.length }
  try {
    const identity = await account.sso.consume({ saml_response: 'x', request_id, allow_sha1: true, replayStore })
    seen.push(url, identity.user.uid, identity.session.token, account.sso.fingerprint().sha256)
  } catch (error) {
    if (error instanceof SamlError) seen.push(error.reason)
  }

  const handler: maestrano.WebhookHandler = async (event) => {
    if (event.type === 'group_user_removed') seen.push(event.user_id, event.virtual_user_id)
    if (event.type === 'connec_notification')
      for (const { entities } of event.groups) seen.push(entities.people?.length)
    // @ts-expect-error: only some events have it
    seen.push(event.opts)
    if (event.type === 'synchronization_status') return { sync_enabled: true, status: 'RUNNING' }
    return event.type === 'group_deleted' ? false : undefined
  }
  app.use(marketplaces.webhooks.express(handler, { maxBodyBytes: 1000, seen: replayStore }))
  app.use(marketplaces.webhooks.express((event) => void seen.push(event.dedupe_key)))
  // @ts-expect-error: not an answer
  marketplaces.webhooks.node(() => 'done')
  const signed = marketplaces.webhooks.sign({ marketplace: 'maestrano', type: 'group_deleted', group_id: 'cld-4' })
  try {
    const event = marketplaces.webhooks.unwrap({ ...signed, headers: new Headers(signed.headers) })
    seen.push(event.reply.status, marketplaces.webhooks.maskUser('usr-1', 'cld-4'))
  } catch (error) {
    if (error instanceof WebhookError) seen.push(error.reason, error.reply.status)
  }
  await sandbox.webhook({ type: 'group_deleted', times: 2 })
  return seen
}
