// The broker of one node: it joins the gossip agent (what is held and what comes) with publishers and subscribers (who brings
// and who gets). It executes the agent's effects, keeps interest equal to what subscribers want,
// and says when publishers should be slowed.

import { unreachable } from '../core/common/assert.ts'
import { type Boot, type NodeId, type Origin, type StreamId, toOrigin } from '../core/common/ids.ts'
import { letGo, type SlabPool } from '../core/common/slabs.ts'
import { GossipAgent, type GossipInput } from '../core/gossip/agent.ts'
import type { GossipEffect } from '../core/gossip/context.ts'
import { overlaps } from '../core/stream/pattern.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { BrokerPorts } from './ports.ts'
import { type StreamDefaults, StreamTable } from './stream-table.ts'
import { Subscriber, type SubscriberHost, type SubscriberOptions } from './subscriber.ts'
import { TopicTables } from './topic-tables.ts'

export interface BrokerOptions {
  readonly node: NodeId
  readonly boot: Boot
  readonly peers: Iterable<NodeId>
  readonly ports: BrokerPorts
  readonly defaults: StreamDefaults
  /** How long a publication waits for its copies, milliseconds. */
  readonly copiesTimeoutMs?: number
  /** Where retained batches stand; its own if left out. */
  readonly slabs?: SlabPool
}

/** After its last subscriber a stream keeps coming for so long: reconnects would find a hole otherwise. */
const interestLingerMs = 30_000
/** Publishers are slowed while a subscriber that makes progress is this far behind. */
const lagBytesMax = 4_194_304
/** A subscriber that took nothing for so long does not slow publishers. */
const progressMs = 1000
/** How long an answer to "is anybody behind" is good for. */
const pressureAgeMs = 1

/** A subscriber that begins on a stream as soon as the interest in it is known, or hears that the stream is gone. */
interface Awaiting {
  readonly begin: () => void
  readonly giveUp: () => void
}

/** Who lags on a stream. */
interface Pressure {
  /** Until when this is good, milliseconds. */
  readonly until: number
  readonly subscribersLag: boolean
  readonly linksLag: boolean
}

export class Broker implements SubscriberHost {
  readonly ports: BrokerPorts
  readonly node: NodeId
  readonly boot: Boot
  readonly origin: Origin
  readonly agent: GossipAgent
  readonly streams: StreamTable
  readonly topicTables: TopicTables = new TopicTables()
  readonly subscribers: Set<Subscriber> = new Set()
  readonly #byStream = new Map<StreamId, Set<Subscriber>>()
  /** Who waits until a stream's interest is known to the connected nodes. */
  readonly #awaiting = new Map<StreamId, Awaiting[]>()
  readonly #tokens = new Map<number, (ok: boolean) => void>()
  readonly #pressure = new Map<StreamId, Pressure>()
  #nextToken = 1

  constructor(options: BrokerOptions) {
    this.ports = options.ports
    this.node = options.node
    this.boot = options.boot
    this.origin = toOrigin(options.node, options.boot)
    this.agent = new GossipAgent(
      options.node,
      options.boot,
      options.peers,
      options.copiesTimeoutMs,
      options.slabs,
    )
    this.streams = new StreamTable(this.agent, options.defaults)
  }

  /** Gives the agent an input and does what it asks for. */
  handle(input: GossipInput): void {
    for (const effect of this.agent.handle(input, this.ports.now())) this.#execute(effect)
  }

  /** A number that stands for a publication until its copies are confirmed. */
  newToken(onConfirmed: (ok: boolean) => void): number {
    const token = this.#nextToken++
    this.#tokens.set(token, onConfirmed)
    return token
  }

  /** Begins a subscription. `onReady` is called once everything published from then on will reach it. */
  subscribe(options: SubscriberOptions, onReady: (subscriber: Subscriber) => void): Subscriber {
    const subscriber = new Subscriber(this, options)
    this.subscribers.add(subscriber)
    const streams = new Set(options.patterns.flatMap((pattern) => this.streams.streamsOf(pattern)))
    // Nodes that do not know of a change yet may still publish what it wants on a stream that it had before.
    for (const replica of this.streams.replicas) if (options.cursor?.has(replica.name)) streams.add(replica)
    let waiting = streams.size + 1
    const onStream = (): void => {
      if (--waiting === 0 && this.subscribers.has(subscriber)) onReady(subscriber)
    }
    for (const replica of streams) this.#attach(subscriber, replica, onStream)
    onStream()
    return subscriber
  }

  unsubscribe(subscriber: Subscriber): void {
    if (!this.subscribers.delete(subscriber)) return
    subscriber.stop()
    // Also from streams whose interest is still being made known, on which it has not begun.
    for (const [id, subscribers] of this.#byStream) {
      if (subscribers.delete(subscriber) && subscribers.size === 0) this.#endInterestLater(id, subscribers)
    }
  }

  /** Subscribers of this node that would get a topic. */
  subscribersOf(topic: string): Subscriber[] {
    return [...this.subscribers].filter((subscriber) => subscriber.wants(topic))
  }

  backfill(replica: Replica, state: OriginState, from: number, to: number): void {
    this.handle({ kind: 'backfill', replica, state, from, to })
  }

  /** Takes the catalog's stream definitions over after it has changed. */
  refreshStreams(): void {
    const { added, changed, removed } = this.streams.refresh()
    for (const id of removed) this.#removeStream(id)
    for (const replica of [...added, ...changed]) this.#journalStream(replica, false)
    for (const replica of added) {
      for (const effect of this.agent.onReplica(replica, this.ports.now())) this.#execute(effect)
    }
    for (const replica of [...added, ...changed]) {
      for (const subscriber of this.subscribers) {
        if (this.#byStream.get(replica.id)?.has(subscriber)) continue
        const isTouched = subscriber.options.patterns.some((pattern) =>
          replica.definition.topics.some((topic) => overlaps(topic, pattern)),
        )
        if (isTouched) this.#attachLate(subscriber, replica)
      }
    }
  }

  /** Whether somebody who makes progress is so far behind on a stream that publishers should be slowed. */
  isPressed(replica: Replica): boolean {
    const { subscribersLag, linksLag } = this.#pressureOf(replica)
    return subscribersLag || linksLag
  }

  /** Whether a subscriber of this node makes progress and is still so far behind that other nodes should be slowed. */
  isLagging(replica: Replica): boolean {
    return this.#pressureOf(replica).subscribersLag
  }

  #pressureOf(replica: Replica): Pressure {
    const now = this.ports.now()
    const known = this.#pressure.get(replica.id)
    if (known !== undefined && known.until > now) return known
    const subscribersLag = this.#isBehind(replica, now)
    const linksLag = this.agent.waitingBytes(replica) > lagBytesMax
    const pressure = { until: now + pressureAgeMs, subscribersLag, linksLag }
    this.#pressure.set(replica.id, pressure)
    return pressure
  }

  #isBehind(replica: Replica, now: number): boolean {
    for (const subscriber of this.#byStream.get(replica.id) ?? []) {
      const waiting = subscriber.feedOf(replica)?.waitingBytes ?? 0
      if (waiting > lagBytesMax && subscriber.lastTaken > now - progressMs) return true
    }
    return false
  }

  #attach(subscriber: Subscriber, replica: Replica, onKnown: () => void): void {
    this.#join(subscriber, replica)
    const begin = (): void => {
      if (!this.subscribers.has(subscriber)) return
      subscriber.addStream(replica)
      subscriber.pump()
      onKnown()
    }
    this.#beginWhenKnown(replica, { begin, giveUp: onKnown }, undefined)
  }

  /**
   * Attaches a subscriber to a stream that has come or changed after it subscribed. Other nodes may have known of that before
   * and published on the stream, so it counts from when it subscribed.
   */
  #attachLate(subscriber: Subscriber, replica: Replica): void {
    this.#join(subscriber, replica)
    const begin = (): void => {
      if (!this.subscribers.has(subscriber)) return
      subscriber.addStream(replica, subscriber.startLate(replica))
      subscriber.pump()
    }
    this.#beginWhenKnown(replica, { begin, giveUp: () => undefined }, subscriber.beganAt)
  }

  #join(subscriber: Subscriber, replica: Replica): void {
    let subscribers = this.#byStream.get(replica.id)
    if (subscribers === undefined) {
      subscribers = new Set()
      this.#byStream.set(replica.id, subscribers)
    }
    subscribers.add(subscriber)
  }

  #beginWhenKnown(replica: Replica, awaiting: Awaiting, since: number | undefined): void {
    if (replica.interestedSince !== undefined && !this.agent.isInterestWaiting(replica)) {
      awaiting.begin()
      return
    }
    this.#awaiting.set(replica.id, [...(this.#awaiting.get(replica.id) ?? []), awaiting])
    if (replica.interestedSince === undefined) this.handle({ kind: 'interest', replica, wanted: true, since })
  }

  #endInterestLater(id: StreamId, subscribers: ReadonlySet<Subscriber>): void {
    this.ports.after(interestLingerMs, () => {
      const replica = this.agent.replicas.get(id)
      if (subscribers.size > 0 || this.#byStream.get(id) !== subscribers) return
      if (replica?.interestedSince === undefined) return
      this.handle({ kind: 'interest', replica, wanted: false })
    })
  }

  #removeStream(id: StreamId): void {
    const replica = this.agent.replicas.get(id)
    if (replica === undefined) return
    for (const subscriber of this.#byStream.get(id) ?? []) subscriber.removeStream(replica)
    this.#byStream.delete(id)
    const awaiting = this.#awaiting.get(id) ?? []
    this.#awaiting.delete(id)
    for (const { giveUp } of awaiting) giveUp()
    this.#journalStream(replica, true)
    if (replica.interestedSince !== undefined) this.handle({ kind: 'interest', replica, wanted: false })
    this.agent.undefine(id)
  }

  #journalStream({ name, definition }: Replica, deleted: boolean): void {
    this.ports.recorder.stream(name, definition.topics, deleted, this.ports.now())
  }

  #execute(effect: GossipEffect): void {
    switch (effect.kind) {
      case 'send':
        this.ports.sendToPeer(effect.to, effect.message)
        if (effect.message.kind === 'batch') letGo(effect.message.frame)
        return
      case 'delivered':
        for (const subscriber of this.#byStream.get(effect.replica.id) ?? []) subscriber.pump()
        return
      case 'base':
        for (const subscriber of this.#byStream.get(effect.replica.id) ?? []) {
          subscriber.onBase(effect.replica, effect.state)
        }
        return
      case 'interestKnown':
        return this.#onInterestKnown(effect.replica)
      case 'confirmed':
        this.#tokens.get(effect.token)?.(effect.ok)
        this.#tokens.delete(effect.token)
        return
      case 'catalogChanged':
        if (effect.keys.some((key) => key.startsWith('stream:'))) this.refreshStreams()
        return this.ports.onCatalogChanged(effect.keys)
      case 'count':
        return this.ports.count(effect.counter, effect.by)
      default:
        unreachable(effect)
    }
  }

  #onInterestKnown(replica: Replica): void {
    const awaiting = this.#awaiting.get(replica.id) ?? []
    this.#awaiting.delete(replica.id)
    for (const { begin } of awaiting) begin()
  }
}
