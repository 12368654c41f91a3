// CloudBlue Connect: requests, assets, and the worker that handles the requests.

import { FulfillmentWorker, type WorkerOptions } from './fulfillment'
import { Resources } from './generated/cloudblue'
import type { CallOptions, ConnectionOptions, Names } from './options'
import type { Secret } from './secret'

/**
 * Options of a client. If none of the connection's keys is given, both are read from the environment
 * (`TENANTRY_CLOUDBLUE_API_KEY`, `TENANTRY_CLOUDBLUE_BASE_URL`); if any is given, none is.
 */
export interface ClientOptions extends ConnectionOptions {
  /** The API's base URL; default https://api.connect.cloudblue.com/public/v1. */
  base_url?: string | undefined
  /** The API key, with or without the word `ApiKey` before it. */
  api_key?: string | Secret | undefined
}

const SETTINGS: Names = { base_url: 'base_url', api_key: 'api_key' }

/**
 * A client of CloudBlue Connect, as a vendor sees it.
 *
 * Source: the vendor's page "Assets API" of 2020 and its specification v37 of 2025. The vendor's own clients run against the
 * sandbox; nothing was checked against the live API.
 *
 * @example
 * const connect = new cloudblue.Client(sandbox.cloudblue)
 * for await (const request of connect.requests.list({ product_id: 'PRD-1', type: 'purchase' }))
 *   await connect.requests.approve(request.id, { template_id: 'TL-1' })
 */
export class Client extends Resources {
  /** @throws {@link ConfigError} that names the option which is unknown, missing or cannot be used. */
  constructor(options: ClientOptions = {}) {
    super(SETTINGS, ['api_key'], options)
  }

  /**
   * A worker that handles fulfillment requests; nothing is sent before it runs.
   *
   * @param options - What it works on, and how.
   * @param callOptions - Of all its calls.
   * @throws {@link ValidationError} that names the option.
   */
  fulfillmentWorker(options: WorkerOptions = {}, callOptions: CallOptions = {}): FulfillmentWorker {
    return new FulfillmentWorker(this, options, callOptions)
  }
}

export { isChanged, isNew, isRemoved, oldQuantityValue, param, quantityValue, tier } from './asset'
export {
  type FulfillmentEvent,
  FulfillmentWorker,
  type Handler,
  type JobContext,
  type JobsOptions,
  type WorkerOptions,
  type WorkOptions,
} from './fulfillment'
export * from './generated/cloudblue'
export { Job, type JobResult, type Lane } from './job'
export {
  type ApproveOutcome,
  approve,
  confirmRevoke,
  type FulfillmentOutcome,
  fail,
  type InquireOutcome,
  inquire,
  type SkipOutcome,
  schedule,
  skip,
} from './outcome'
export { type Filter, type FilterValue, type ListOptions, Pager } from './pager'
export { and, Field, not, or, Query, R, raw } from './query'
export { FulfillmentReport, type Trouble } from './report'
export type { Row } from './view'
