// All client sessions of a node, the limits they share, and the names of durable subscriptions: one name is one cursor,
// held by one connection of the cluster at a time and stored in the catalog, where every node can find it.
//
// Who takes a name writes a higher claim than the one before into the catalog. A node that sees a higher claim than its own
// ends its subscription; of two equal ones, made at the same time, that of the greater node id stays.

import type { Refusal } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'
import { isRefusal, type Welcome } from '../wire/control.ts'
import { type Cursor, decodeCursor, encodeCursor, mergeCursors } from '../wire/cursor.ts'
import type { Broker } from './broker.ts'
import type { ClientSubscription } from './client-subscription.ts'
import { LeaderNames, tooManyOrigins } from './leader-names.ts'
import type { Session } from './session.ts'
import type { Claim, SessionLimits } from './session-registry.ts'

const keyPrefix = 'cursor:'

/** Who holds a name on this node. */
interface Owner {
  readonly session: Session
  /** The subscription, as the journal calls it. */
  readonly sub: string
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
  readonly #leaderNames: LeaderNames
  #nextSub = 1

  constructor(broker: Broker, limits: SessionLimits, welcome: Omit<Welcome, 'op'>) {
    this.#broker = broker
    this.limits = limits
    this.welcome = welcome
    const { leader, origin, ports } = broker
    this.#leaderNames = new LeaderNames({
      ...{ leader, origin, now: ports.now },
      onWanted: (name) => this.#endOwner(name, this.#owners.get(name)),
      onFull: (name) => {
        const { session, id } = this.#owners.get(name) ?? {}
        if (id !== undefined) session?.endSubscription(id, 'SUBSCRIPTION_LIMIT', tooManyOrigins(name))
      },
    })
    leader.names.listen({
      onNames: () => this.#leaderNames.onNames(),
      onSaveDue: () => {
        for (const session of this.sessions) session.saveCursors()
      },
    })
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

  /**
   * Takes a durable name for a subscription; whoever had it is ended. Calls back with the stored cursor: where the name is to be
   * kept for streams in leader mode, once a majority says what that is.
   */
  claim(
    { name, patterns, session, id, sub }: Claim,
    onClaimed: (cursor: string | undefined | Refusal) => void,
  ): void {
    this.#endOwner(name, this.#owners.get(name))
    const { cursor, claim } = this.#stored(name)
    const owner = { session, sub, id, claim: claim + 1, cursor }
    this.#owners.set(name, owner)
    this.#store(name, owner)
    const streams = patterns.flatMap((pattern) => this.#broker.streams.streamsOf(pattern)).filter(isLed)
    this.#leaderNames.take(name, sub, [...new Set(streams.map(toName))], (positions) => {
      if (isRefusal(positions)) return onClaimed(positions)
      const known = cursor === undefined ? undefined : decodeCursor(cursor)
      const isKnown = known !== undefined && !isRefusal(known)
      if (positions.size === 0) onClaimed(cursor)
      else onClaimed(encodeCursor(isKnown ? mergeCursors(known, positions) : positions))
    })
  }

  /** Names that the catalog keeps, with where they stand. */
  *names(): Generator<{ readonly name: string; readonly cursor: Cursor; readonly isHeldHere: boolean }> {
    for (const { key, value } of this.#broker.agent.catalog.entries()) {
      if (!key.startsWith(keyPrefix) || value === undefined) continue
      const name = key.slice(keyPrefix.length)
      const cursor = decodeCursor(this.#stored(name).cursor ?? '')
      const isHeldHere = this.#owners.has(name)
      yield { name, cursor: isRefusal(cursor) ? new Map() : cursor, isHeldHere }
    }
  }

  /** Removes a name from the catalog. */
  forget(name: string): void {
    this.#broker.handle({ kind: 'write', key: keyPrefix + name, value: undefined })
  }

  /** A subscription under a name has begun; calls back once a majority has where it stands, if that is to be kept in leader mode, or why it cannot. */
  onBegun({ request, subscriber }: ClientSubscription, onKept: (refusal?: Refusal) => void): void {
    if (request.name === undefined || subscriber === undefined) onKept()
    else this.#leaderNames.begin(request.name, subscriber.cursor(), onKept)
  }

  /** Lets a name go with the subscription that has it; calls back once that, and where it stands, is kept. */
  release(subscription: ClientSubscription, session: Session, onReleased: () => void): void {
    const { name, id } = subscription.request
    const owner = name === undefined ? undefined : this.#owners.get(name)
    if (name === undefined) return onReleased()
    if (this.#isOwner(owner, session, id)) this.#owners.delete(name)
    this.#leaderNames.free(name, subscription.sub, subscription.consumedCursor(), onReleased)
  }

  /** Stores where a durable subscription stands, if that has changed and the name is still its own. */
  saveCursor(subscription: ClientSubscription, session: Session): void {
    const { name, id } = subscription.request
    // One that waits for its name, or its node, stands nowhere yet.
    if (name === undefined || (subscription.subscriber?.streams.length ?? 0) === 0) return
    const owner = this.#owners.get(name)
    if (owner === undefined || !this.#isOwner(owner, session, id)) return
    const cursor = encodeCursor(subscription.consumedCursor())
    if (owner.cursor === cursor) return
    owner.cursor = cursor
    this.#store(name, owner)
  }

  /** The same for the streams in leader mode. */
  saveLed(subscription: ClientSubscription, session: Session): void {
    const { request, subscriber } = subscription
    const { name, id } = request
    if (name === undefined || subscriber === undefined) return
    if (!this.#isOwner(this.#owners.get(name), session, id)) return
    const streams = subscriber.streams.filter(isLed).map(toName)
    this.#leaderNames.save(name, subscription.consumedCursor(), streams)
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

function isLed({ definition }: Replica): boolean {
  return definition.mode === 'leader'
}

function toName({ name }: Replica): string {
  return name
}
