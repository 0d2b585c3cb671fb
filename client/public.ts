// What both entry points offer besides `connect`.

export type { ErrorCode } from '../node/core/common/errors.ts'
export { HeraldError } from '../node/core/common/errors.ts'
export type { PublishCode, RefusedCode } from '../node/core/common/publish-endings.ts'
export type { AckLevel } from '../node/wire/batch-header.ts'
export type { GapReason } from '../node/wire/control.ts'
export { Client } from './client.ts'
export type { DeliveryHandler } from './consumers.ts'
export { type Delivery, type Gap, Message } from './delivery.ts'
export type { ClientEvents, ClientState, ClientStats, FailedPublications } from './events.ts'
export type {
  ConnectOptions,
  Publication,
  PublishOptions,
  ReconnectOptions,
  SubscribeOptions,
  WaitOptions,
} from './options.ts'
export {
  Producer,
  type ProducerOptions,
  type ProducerPublication,
  type ProducerPublishOptions,
} from './producer.ts'
export { PublishReceipt, type PublishResult } from './receipt.ts'
export { HandledSubscription, Subscription } from './subscription-handle.ts'
