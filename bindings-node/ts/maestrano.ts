// Maestrano: marketplaces, what is billed there, webhooks, sessions, single sign-on and data sharing.

export { Client, type ClientOptions } from './account'
export { type Changed, Changes, type ChangesOptions, RecurringBills, type WatchOptions } from './changes'
export { type BatchOperation, type BatchResult, Connec, type ConnecParams, type Entity } from './connec'
export * from './generated/maestrano'
export type { Journal, ReplayStore } from './journal'
export {
  type FetchOptions,
  type JsonOptions,
  type MarketplaceChange,
  Marketplaces,
  type Refreshed,
} from './marketplaces'
export { type ConsumeArguments, type Fingerprints, Sso } from './sso'
export {
  type AdapterOptions,
  type ConnecNotification,
  type GroupDeleted,
  type GroupUserRemoved,
  type IncomingRequest,
  type OutgoingReply,
  type SeenStore,
  type SignedWebhook,
  type Synchronization,
  type SynchronizationStart,
  type SynchronizationStatus,
  type SynchronizationToggle,
  type WebhookAnswer,
  type WebhookEvent,
  type WebhookHandler,
  type WebhookOrder,
  type WebhookRequest,
  Webhooks,
} from './webhooks'
