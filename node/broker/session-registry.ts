// What the client connections of a node share: limits, the names of durable subscriptions, and their own list.

import type { Refusal } from '../core/common/errors.ts'
import type { Welcome } from '../wire/control.ts'
import type { ClientSubscription } from './client-subscription.ts'
import type { Session } from './session.ts'

export interface SessionLimits {
  readonly subscriptionsMax: number
  /** Bytes of publishes of one connection that wait for copies. */
  readonly inFlightBytesMax: number
  /** A session's socket is not filled with messages beyond this; the rest waits in the shared log. */
  readonly sessionQueueSoftBytes: number
  /** A socket that answers have filled beyond this is closed: its client publishes and reads nothing. */
  readonly sessionQueueHardBytes: number
  /** A reader that took nothing for so long while its socket was full is closed. */
  readonly slowConsumerMs: number
}

/** What sessions share: limits, names of durable subscriptions, and their own list. */
export interface SessionRegistry {
  readonly limits: SessionLimits
  readonly welcome: Omit<Welcome, 'op'>
  readonly sessions: Set<Session>
  /** A name for the journal that no other subscription of the cluster has or had. */
  newSub(): string
  /** Whether the cluster can keep another durable name, or keeps this one already. */
  hasRoomFor(name: string): boolean
  /** Takes a durable name for a subscription, and calls back with the stored cursor. */
  claim(claim: Claim, onClaimed: (cursor: string | undefined | Refusal) => void): void
  /** A subscription has begun; calls back once where it stands is as safe as it must be. */
  onBegun(subscription: ClientSubscription, onKept: (refusal?: Refusal) => void): void
  /** Lets the name of a subscription go; calls back once where it stands is as safe as it must be. */
  release(subscription: ClientSubscription, session: Session, onReleased: () => void): void
  /** Stores where a durable subscription stands, unless its name was taken over. */
  saveCursor(subscription: ClientSubscription, session: Session): void
  /** The same for streams in leader mode, of which the cluster keeps it apart. */
  saveLed(subscription: ClientSubscription, session: Session): void
}

/** Who wants a durable name. */
export interface Claim {
  readonly name: string
  readonly patterns: readonly string[]
  readonly session: Session
  readonly id: number
  readonly sub: string
}
