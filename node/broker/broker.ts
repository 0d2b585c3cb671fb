// The broker of one node: it joins the gossip agent (what is held and what comes) with publishers and subscribers (who brings
// and who gets). It executes the agent's effects, keeps interest equal to what subscribers want,
// and says when publishers should be slowed.

import { unreachable } from '../core/common/assert.ts'
import { type Boot, type NodeId, type Origin, type StreamId, toOrigin } from '../core/common/ids.ts'
import { GossipAgent, type GossipInput } from '../core/gossip/agent.ts'
import type { GossipEffect } from '../core/gossip/context.ts'
import type { Retention } from '../core/stream/definition.ts'
import { overlaps } from '../core/stream/pattern.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { BrokerPorts } from './ports.ts'
import { StreamTable } from './stream-table.ts'
import { Subscriber, type SubscriberHost, type SubscriberOptions } from './subscriber.ts'
import { TopicTables } from './topic-tables.ts'

export interface BrokerOptions {
  readonly node: NodeId
  readonly boot: Boot
  readonly peers: Iterable<NodeId>
  readonly ports: BrokerPorts
  readonly defaults: { readonly retention: Retention; readonly copies: number }
}

/** After its last subscriber a stream keeps coming for so long: reconnects would find a hole otherwise. */
const interestLingerMs = 30_000
/** Publishers are slowed while a subscriber that makes progress is this far behind. */
const lagBytesMax = 4_194_304
/** A subscriber that took nothing for so long does not slow publishers. */
const progressMs = 1000
/** How long an answer to "is anybody behind" is good for. */
const pressureAgeMs = 1

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
  readonly #awaiting = new Map<StreamId, (() => void)[]>()
  readonly #tokens = new Map<number, (ok: boolean) => void>()
  readonly #pressure = new Map<StreamId, { readonly until: number; readonly isPressed: boolean }>()
  #nextToken = 1

  constructor(options: BrokerOptions) {
    this.ports = options.ports
    this.node = options.node
    this.boot = options.boot
    this.origin = toOrigin(options.node, options.boot)
    this.agent = new GossipAgent(options.node, options.boot, options.peers)
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
    const { added, removed } = this.streams.refresh()
    for (const id of removed) this.#removeStream(id)
    for (const replica of added) {
      for (const effect of this.agent.onReplica(replica, this.ports.now())) this.#execute(effect)
      for (const subscriber of this.subscribers) {
        const isTouched = subscriber.options.patterns.some((pattern) =>
          replica.definition.topics.some((topic) => overlaps(topic, pattern)),
        )
        // The stream may have carried messages before this node heard of it: they count from when it subscribed.
        if (isTouched) this.#attach(subscriber, replica, () => undefined, subscriber.beganAt)
      }
    }
  }

  /** Whether somebody who makes progress is so far behind on a stream that publishers should be slowed. */
  isPressed(replica: Replica): boolean {
    const now = this.ports.now()
    const known = this.#pressure.get(replica.id)
    if (known !== undefined && known.until > now) return known.isPressed
    const isPressed = this.#isBehind(replica, now) || this.agent.waitingBytes(replica) > lagBytesMax
    this.#pressure.set(replica.id, { until: now + pressureAgeMs, isPressed })
    return isPressed
  }

  #isBehind(replica: Replica, now: number): boolean {
    for (const subscriber of this.#byStream.get(replica.id) ?? []) {
      const waiting = subscriber.feedOf(replica)?.waitingBytes ?? 0
      if (waiting > lagBytesMax && subscriber.lastTaken > now - progressMs) return true
    }
    return false
  }

  #attach(subscriber: Subscriber, replica: Replica, onKnown: () => void, since?: number): void {
    let subscribers = this.#byStream.get(replica.id)
    if (subscribers === undefined) {
      subscribers = new Set()
      this.#byStream.set(replica.id, subscribers)
    }
    subscribers.add(subscriber)
    const begin = (): void => {
      if (!this.subscribers.has(subscriber)) return
      subscriber.addStream(replica)
      subscriber.pump()
      onKnown()
    }
    if (replica.interestedSince === undefined || this.agent.isInterestWaiting(replica)) {
      this.#awaiting.set(replica.id, [...(this.#awaiting.get(replica.id) ?? []), begin])
      if (replica.interestedSince === undefined)
        this.handle({ kind: 'interest', replica, wanted: true, since })
    } else begin()
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
    if (replica.interestedSince !== undefined) this.handle({ kind: 'interest', replica, wanted: false })
    this.agent.undefine(id)
  }

  #execute(effect: GossipEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.ports.sendToPeer(effect.to, effect.message)
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
    for (const begin of awaiting) begin()
  }
}
