// All client sessions of a node, the limits they share, and the names of durable subscriptions: one name is one cursor,
// held by one connection of the cluster at a time and stored in the catalog, where every node can find it.
//
// Who takes a name writes a higher claim than the one before into the catalog. A node that sees a higher claim than its own
// ends its subscription; of two equal ones, made at the same time, that of the greater node id stays.

import type { NodeId } from '../core/common/ids.ts'
import type { SubscribeRequest, Welcome } from '../wire/control.ts'
import { encodeCursor } from '../wire/cursor.ts'
import type { Broker } from './broker.ts'
import type { ClientSubscription } from './client-subscription.ts'
import type { Session, SessionLimits } from './session.ts'

const keyPrefix = 'cursor:'

/** Who holds a name on this node. */
interface Owner {
  readonly session: Session
  /** Of the subscription, on its session. */
  readonly id: number
  readonly claim: number
  /** What was stored last under the name. */
  cursor: string | undefined
}

/** What the catalog keeps under a name. */
interface Stored {
  /** Absent until the first subscriber has got something. */
  readonly cursor: string | undefined
  readonly claim: number
  readonly by: NodeId | undefined
}

export class SessionTable {
  readonly sessions: Set<Session> = new Set()
  readonly limits: SessionLimits
  readonly welcome: Omit<Welcome, 'op'>
  readonly #broker: Broker
  readonly #owners = new Map<string, Owner>()
  #nextSub = 1

  constructor(broker: Broker, limits: SessionLimits, welcome: Omit<Welcome, 'op'>) {
    this.#broker = broker
    this.limits = limits
    this.welcome = welcome
  }

  /** Whether every publish that has come so far was answered. */
  get isAnswered(): boolean {
    for (const session of this.sessions) if (!session.isAnswered) return false
    return true
  }

  /** A name for the journal that no other subscription of the cluster has or had. */
  newSub(): string {
    return `${this.#broker.origin}/${this.#nextSub++}`
  }

  /** Whether the cluster can keep another durable name, or keeps this one already. */
  hasRoomFor(name: string): boolean {
    return this.#broker.agent.catalog.hasRoomFor(keyPrefix + name)
  }

  /** Takes a durable name for a subscription; whoever had it is ended. Returns the stored cursor. */
  claim(name: string, session: Session, id: number): string | undefined {
    this.#endOwner(name, this.#owners.get(name))
    const { cursor, claim } = this.#stored(name)
    const owner = { session, id, claim: claim + 1, cursor }
    this.#owners.set(name, owner)
    this.#store(name, owner)
    return cursor
  }

  release({ name, id }: SubscribeRequest, session: Session): void {
    if (name !== undefined && this.#isOwner(this.#owners.get(name), session, id)) this.#owners.delete(name)
  }

  /** Stores where a durable subscription stands, if that has changed and the name is still its own. */
  saveCursor(subscription: ClientSubscription, session: Session): void {
    const { name, id } = subscription.request
    if (name === undefined || subscription.subscriber?.streams.length === 0) return
    const owner = this.#owners.get(name)
    if (owner === undefined || !this.#isOwner(owner, session, id)) return
    const cursor = encodeCursor(subscription.consumedCursor())
    if (owner.cursor === cursor) return
    owner.cursor = cursor
    this.#store(name, owner)
  }

  /** Other nodes have written into the catalog: somebody may have taken a name over there. */
  onCatalogChanged(keys: readonly string[]): void {
    for (const key of keys) {
      const name = key.startsWith(keyPrefix) ? key.slice(keyPrefix.length) : undefined
      const owner = name === undefined ? undefined : this.#owners.get(name)
      if (name === undefined || owner === undefined) continue
      const { claim, by } = this.#stored(name)
      const { node } = this.#broker
      if (by === node || by === undefined) continue
      if (claim < owner.claim || (claim === owner.claim && by < node)) this.#store(name, owner)
      else {
        // It is the other's cursor from now on, so this one is not stored at its end.
        this.#owners.delete(name)
        this.#endOwner(name, owner)
      }
    }
  }

  onSecond(now: number): void {
    for (const session of this.sessions) session.onSecond(now)
  }

  /** Tells all clients that the node shuts down; what they have sent until they hear of it is still answered. */
  announceDrain(): void {
    for (const session of this.sessions) session.announceEnd('NODE_DRAINING', 'the node is shutting down', 0)
  }

  /** Ends all sessions because the node shuts down. */
  drain(): void {
    for (const session of [...this.sessions]) session.end('NODE_DRAINING', 'the node is shutting down', 0)
  }

  /** Ends the subscription of this node that held the name. */
  #endOwner(name: string, owner: Owner | undefined): void {
    const message = `another connection subscribed as ${name}`
    owner?.session.endSubscription(owner.id, 'SUBSCRIPTION_TAKEN_OVER', message)
  }

  #isOwner(owner: Owner | undefined, session: Session, id: number): boolean {
    return owner?.session === session && owner.id === id
  }

  #stored(name: string): Stored {
    const entry = this.#broker.agent.catalog.get(keyPrefix + name)
    const { cursor, claim } = Object(entry?.value) as Partial<Record<keyof Stored, unknown>>
    return {
      cursor: typeof cursor === 'string' ? cursor : undefined,
      claim: typeof claim === 'number' ? claim : 0,
      by: entry?.by,
    }
  }

  #store(name: string, { cursor, claim }: Owner): void {
    const value = cursor === undefined ? { claim } : { cursor, claim }
    this.#broker.handle({ kind: 'write', key: keyPrefix + name, value })
  }
}
