// What a client tells about itself: states, events and counters.

import type { ErrorCode, HeraldError } from '../node/core/common/errors.ts'
import type { PublishCode } from '../node/core/common/publish-endings.ts'
import type { Delivery } from './delivery.ts'

/** `reconnecting` covers everything between a lost connection and the next welcome. */
export type ClientState = 'connecting' | 'connected' | 'reconnecting' | 'draining' | 'closed'

/** Publications that ended badly together. */
export interface FailedPublications {
  readonly messages: number
  readonly code: PublishCode
  readonly reason: string
}

/** Events of a client, by name. */
export interface ClientEvents {
  /** The connection broke; the client goes on trying. */
  readonly disconnected: { readonly url: string; readonly reason: string }
  /** Connected again; subscriptions resume. */
  readonly reconnected: { readonly url: string; readonly node: string }
  /** The node is about to close the connection; the client moves to another one. */
  readonly closing: { readonly code: ErrorCode; readonly message: string }
  /** Publications that are not stored, awaited or not. */
  readonly refused: FailedPublications
  /** Publications that may or may not be stored, awaited or not. */
  readonly unknown: FailedPublications
  /** A handler threw or rejected; its subscription goes on. */
  readonly handlerFailed: {
    readonly error: unknown
    readonly delivery: Delivery
    readonly patterns: readonly string[]
  }
  /** The client is closed; with an error if it gave up. */
  readonly closed: { readonly error: HeraldError | undefined }
}

/** Counters since the client was made, in messages unless said otherwise. */
export interface ClientStats {
  readonly published: number
  readonly acknowledged: number
  /** Sent with `ack: 'none'`. */
  readonly sent: number
  readonly refused: number
  readonly unknown: number
  /** Batches sent. */
  readonly batches: number
  /** Bytes of publications without an outcome. */
  readonly heldBytes: number
  readonly reconnects: number
  readonly handlerFailures: number
  /** Subscriptions that are open. */
  readonly subscriptions: number
}
