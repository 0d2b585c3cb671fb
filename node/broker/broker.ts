// The broker of one node: it joins the gossip agent (what is held and what comes) with publishers and subscribers (who brings
// and who gets). It executes the agent's effects, keeps interest equal to what subscribers want,
// and says when publishers should be slowed.

import { unreachable } from '../core/common/assert.ts'
import { type Boot, type NodeId, type Origin, type StreamId, toOrigin } from '../core/common/ids.ts'
import { letGo, type SlabPool } from '../core/common/slabs.ts'
import { GossipAgent, type GossipInput } from '../core/gossip/agent.ts'
import type { GossipEffect } from '../core/gossip/context.ts'
import { overlapAny } from '../core/stream/pattern.ts'
import type { OriginState, Replica } from '../core/stream/replica.ts'
import type { LeaderAgent } from '../leader/agent.ts'
import { Attachments } from './attachments.ts'
import { CatchingUp } from './catching-up.ts'
import { Confirmations } from './confirmations.ts'
import { Epochs } from './epochs.ts'
import type { BrokerPorts } from './ports.ts'
import { PressureGauge } from './pressure.ts'
import { QueueMembers } from './queue-members.ts'
import { type StreamDefaults, StreamTable } from './stream-table.ts'
import { Subscriber, type SubscriberHost, type SubscriberOptions } from './subscriber.ts'
import { TopicTables } from './topic-tables.ts'

export interface BrokerOptions {
  readonly node: NodeId
  readonly boot: Boot
  readonly peers: Iterable<NodeId>
  readonly ports: BrokerPorts
  readonly defaults: StreamDefaults
  /** Who has the streams in leader mode. */
  readonly leader: LeaderAgent
  /** How long a publication waits for its copies, milliseconds. */
  readonly copiesTimeoutMs?: number
  /** Where retained batches stand; its own if left out. */
  readonly slabs?: SlabPool
}

export class Broker implements SubscriberHost {
  readonly ports: BrokerPorts
  readonly node: NodeId
  readonly boot: Boot
  readonly origin: Origin
  readonly agent: GossipAgent
  readonly leader: LeaderAgent
  readonly epochs: Epochs
  readonly streams: StreamTable
  readonly topicTables: TopicTables = new TopicTables()
  readonly subscribers: Set<Subscriber> = new Set()
  readonly queues: QueueMembers
  readonly confirmations: Confirmations = new Confirmations()
  /** New subscriptions begin once a node that starts knows what its streams have come to. */
  readonly catchingUp: CatchingUp = new CatchingUp(this)
  readonly #attached: Attachments
  readonly #pressure: PressureGauge

  constructor(options: BrokerOptions) {
    const { node, boot, peers, copiesTimeoutMs, slabs, ports } = options
    this.ports = ports
    this.node = node
    this.boot = boot
    this.origin = toOrigin(node, boot)
    this.agent = new GossipAgent(node, boot, peers, copiesTimeoutMs, slabs)
    this.leader = options.leader
    this.epochs = new Epochs({
      ...{ node, boot, now: ports.now, allocate: ports.allocate },
      ...{ agent: this.agent, leader: this.leader, confirmations: this.confirmations },
      handle: (input) => this.handle(input),
      subscribersOf: (stream) => this.#attached.of(stream),
      onPublishedAgain: ({ name }, from, to) => ports.recorder.unplaced(name, this.origin, from, to),
      onEnded: (replica) => this.onDelivered(replica),
      onCurrent: (replica) => this.#onCurrent(replica),
      endOf: (name) => this.streams.endOf(name),
    })
    this.#attached = new Attachments(this)
    this.queues = new QueueMembers(this)
    this.streams = new StreamTable(this.agent, this.epochs, options.defaults)
    this.#pressure = new PressureGauge(ports.now, {
      subscribersOf: ({ stream }) => this.#attached.of(stream),
      waitingBytes: (replica) => this.waitingBytes(replica),
    })
  }

  /** Gives the agent an input and does what it asks for. */
  handle(input: GossipInput): void {
    for (const effect of this.agent.handle(input, this.ports.now())) this.#execute(effect)
  }

  /** A stream's replica, by the number that it has on the wire. */
  replicaOf(id: StreamId): Replica | undefined {
    return this.agent.replicas.get(id) ?? this.leader.replicas.get(id)
  }

  /** What this node numbers next on a stream. */
  nextSequence(replica: Replica): number {
    return this.#ownerOf(replica).nextSequence(replica)
  }

  /** Bytes of this node's publishers that wait for other nodes. */
  waitingBytes(replica: Replica): number {
    return this.#ownerOf(replica).waitingBytes(replica)
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
    for (const replica of streams) this.#attached.attach(subscriber, replica, onStream)
    onStream()
    return subscriber
  }

  unsubscribe(subscriber: Subscriber): void {
    if (!this.subscribers.delete(subscriber)) return
    subscriber.stop()
    this.#attached.detach(subscriber)
  }

  /** The delivery log of a stream has grown. */
  onDelivered(replica: Replica): void {
    this.#attached.onDelivered(replica)
    for (const subscriber of this.#attached.of(replica.stream)) subscriber.pump()
    this.queues.onDelivered(replica)
  }

  nextEpoch(replica: Replica): Replica | undefined {
    return this.epochs.goOn(replica)
  }

  /** Another epoch of a stream is the present one: what is published from now on goes there. */
  #onCurrent(replica: Replica): void {
    this.refreshStreams()
    this.#attached.moveStrays(replica)
    this.queues.onCurrent(replica)
    if (replica.definition.mode !== 'gossip') return
    for (const effect of this.agent.onReplica(replica, this.ports.now())) this.#execute(effect)
  }

  backfill(replica: Replica, state: OriginState, from: number, to: number): void {
    this.handle({ kind: 'backfill', replica, state, from, to })
  }

  /** Takes the catalog's stream definitions over after it has changed. */
  refreshStreams(): void {
    for (const name of this.streams.takeReplaced()) this.#removeStream(name)
    const { added, changed, removed } = this.streams.refresh()
    for (const name of removed) this.#removeStream(name)
    for (const replica of [...added, ...changed]) this.#journalStream(replica, false)
    for (const replica of added.filter(({ definition }) => definition.mode === 'gossip'))
      for (const effect of this.agent.onReplica(replica, this.ports.now())) this.#execute(effect)
    for (const replica of [...added, ...changed]) {
      for (const subscriber of this.subscribers) {
        if (this.#attached.of(replica.stream).has(subscriber)) continue
        if (!overlapAny(subscriber.options.patterns, replica.definition.topics)) continue
        // One that is new here may have changed its mode elsewhere: what it had before is owed as well.
        const [first = replica] = added.includes(replica) ? this.epochs.all(replica.name) : []
        const chosen = subscriber.lateStarts.choose(this.epochs.all(replica.name)) ?? first
        this.#attached.attachLate(subscriber, chosen)
      }
    }
  }

  /** Whether somebody who makes progress is so far behind on a stream that publishers should be slowed. */
  isPressed(replica: Replica): boolean {
    const { subscribersLag, linksLag } = this.#pressure.of(replica)
    return subscribersLag || linksLag
  }

  /** Whether a subscriber of this node makes progress and is still so far behind that other nodes should be slowed. */
  isLagging(replica: Replica): boolean {
    return this.#pressure.of(replica).subscribersLag
  }

  #ownerOf(replica: Replica): GossipAgent | LeaderAgent {
    return replica.definition.mode === 'leader' ? this.leader : this.agent
  }

  #removeStream(name: string): void {
    const epochs = this.epochs.all(name)
    const present = epochs.at(-1)
    if (present === undefined) return
    this.#attached.remove(present.stream, epochs)
    this.#journalStream(present, true)
    this.epochs.remove(name)
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
        return this.onDelivered(effect.replica)
      case 'base':
        for (const subscriber of this.#attached.of(effect.replica.stream))
          subscriber.onBase(effect.replica, effect.state)
        return
      case 'interestKnown':
        return this.#attached.onInterestKnown(effect.replica)
      case 'confirmed':
        return this.confirmations.settle(effect.token, effect.ok)
      case 'catalogChanged':
        if (effect.keys.some((key) => key.startsWith('stream:'))) this.refreshStreams()
        return this.ports.onCatalogChanged(effect.keys)
      case 'count':
        return this.ports.count(effect.counter, effect.by)
      default:
        unreachable(effect)
    }
  }
}
