// All client sessions of a node, the limits they share, and the names of durable subscriptions: one name is one cursor,
// held by one connection at a time and stored in the catalog, where every node can find it.

import type { Welcome } from '../wire/control.ts'
import { encodeCursor } from '../wire/cursor.ts'
import type { Broker } from './broker.ts'
import type { ClientSubscription } from './client-subscription.ts'
import type { Session, SessionLimits, SessionRegistry } from './session.ts'

const keyPrefix = 'cursor:'

export class SessionTable implements SessionRegistry {
  readonly sessions: Set<Session> = new Set()
  readonly limits: SessionLimits
  readonly welcome: Omit<Welcome, 'op'>
  readonly #broker: Broker
  readonly #owners = new Map<string, { readonly session: Session; readonly id: number }>()
  #nextSub = 1

  constructor(broker: Broker, limits: SessionLimits, welcome: Omit<Welcome, 'op'>) {
    this.#broker = broker
    this.limits = limits
    this.welcome = welcome
  }

  /** A name for the journal that no other subscription of the cluster has or had. */
  newSub(): string {
    return `${this.#broker.origin}/${this.#nextSub++}`
  }

  /** Takes a durable name for a subscription; whoever had it on this node is ended. Returns the stored cursor. */
  claim(name: string, session: Session, id: number): string | undefined {
    const owner = this.#owners.get(name)
    owner?.session.endSubscription(
      owner.id,
      'SUBSCRIPTION_TAKEN_OVER',
      `another connection subscribed as ${name}`,
    )
    this.#owners.set(name, { session, id })
    const stored = this.#broker.agent.catalog.get(keyPrefix + name)?.value
    return typeof stored === 'string' ? stored : undefined
  }

  release(name: string | undefined, session: Session): void {
    if (name !== undefined && this.#owners.get(name)?.session === session) this.#owners.delete(name)
  }

  /** Stores where a durable subscription stands, if that has changed. */
  saveCursor(subscription: ClientSubscription): void {
    const { name } = subscription.request
    if (name === undefined || subscription.subscriber?.streams.length === 0) return
    const key = keyPrefix + name
    const value = encodeCursor(subscription.consumedCursor())
    if (this.#broker.agent.catalog.get(key)?.value === value) return
    this.#broker.handle({ kind: 'write', key, value })
  }

  onSecond(now: number): void {
    for (const session of this.sessions) session.onSecond(now)
  }

  /** Ends all sessions because the node shuts down. */
  drain(): void {
    for (const session of [...this.sessions]) {
      session.end('NODE_DRAINING', 'the node is shutting down', 0)
      session.onClose()
    }
  }
}
