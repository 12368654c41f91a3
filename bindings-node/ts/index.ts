// The public surface of the package.

export * as cloudblue from './cloudblue'
export {
  APIConnectionError,
  APITimeoutError,
  AuthenticationError,
  BadRequestError,
  CheckpointError,
  type Choice,
  ConfigError,
  ConflictError,
  FlowStopped,
  InternalError,
  InternalServerError,
  NeedsAttentionError,
  NotFoundError,
  type Outcome,
  OutcomeUnknownError,
  PermissionDeniedError,
  RateLimitError,
  ResponseError,
  SamlError,
  StepFailedError,
  TenantryError,
  UnprocessableEntityError,
  ValidationError,
  WaitTimeoutError,
  WebhookError,
} from './errors'
export type { Event } from './event'
export { Fleet, type FleetStatus, type FleetTurn } from './fleet'
export { type Answer, Flow, type FlowStatus, type Need, type RunOptions } from './flow'
export { FlowEvent } from './flow_event'
export { withSecrets } from './hidden'
export * as maestrano from './maestrano'
export * as magentoBi from './magento_bi'
export type { CallOptions, ConnectionOptions } from './options'
export {
  type CloudBlueConnection,
  type FaultRule,
  type GenerateOrder,
  type JournalEntry,
  type MaestranoConnection,
  type MagentoBiConnection,
  Sandbox,
  type SandboxOptions,
  type WebhookOrder,
  type WebhookReply,
} from './sandbox'
export { Secret } from './secret'
export type { RequestOptions } from './system'
