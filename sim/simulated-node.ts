// One node: the production broker on virtual time, its links, and what survives a crash. Inputs that come while the node is
// paused wait and are handled late, in their order.

import { Broker } from '../node/broker/broker.ts'
import { Publisher } from '../node/broker/publisher.ts'
import { type Boot, type NodeId, toOrigin } from '../node/core/common/ids.ts'
import type { SubscriptionEventLine } from '../node/core/common/journal-lines.ts'
import type { GossipInput } from '../node/core/gossip/agent.ts'
import type { CatalogEntry } from '../node/core/gossip/catalog.ts'
import type { BatchMessage, PeerMessage } from '../node/core/gossip/messages.ts'
import { BatchBuilder } from '../node/wire/batch-builder.ts'
import type { AckLevel } from '../node/wire/batch-header.ts'
import type { PublishOutcome } from '../node/wire/control-frames.ts'
import type { AudienceMember } from './audience-member.ts'
import { CountedSlabs, smallWipedSlabs } from './counted-slabs.ts'
import { Dice } from './dice.ts'
import { EventLoop } from './event-loop.ts'
import { takenFrom } from './holding.ts'
import { createIdleLeader } from './idle-leader.ts'
import { Journal } from './journal.ts'
import type { LinkEnd } from './link.ts'
import type { Draft, Message } from './truth.ts'
import type { World } from './world.ts'

const tickMs = { busy: 100, rest: 1000 } as const

export class SimulatedNode implements LinkEnd<PeerMessage> {
  readonly id: NodeId
  readonly #world: World
  readonly #dice: Dice
  readonly journal: Journal
  /** The catalog as last saved. */
  #savedCatalog: readonly CatalogEntry[] = []
  #subscriptions = new Map<string, AudienceMember>()
  broker: Broker | undefined
  boot: Boot | undefined
  slabs: CountedSlabs = new CountedSlabs(smallWipedSlabs)
  #publisher: Publisher | undefined
  #builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  #publishNumber = 0
  /** What the publish under way carries, by stream, and what was numbered so far. */
  #drafts = new Map<string, Draft[]>()
  /** Publishes that asked for copies and are not answered yet. */
  readonly #awaited = new Map<number, { readonly messages: Message[]; readonly needed: number }>()
  #numbered: Message[] = []
  readonly #loop = new EventLoop()
  /** Peers that were written to in this turn. */
  readonly #written = new Set<NodeId>()

  constructor(world: World, id: NodeId) {
    this.#world = world
    this.id = id
    this.#dice = new Dice(world.plan.seed, `node ${id}`)
    this.journal = new Journal(() => world.timeline.now, {
      onSent: (stream, from, count) => this.#onSent(stream, from, count),
      onSubscriptionLine: (line) => this.#onSubscriptionLine(line),
    })
  }

  get isAlive(): boolean {
    return this.broker !== undefined
  }

  get isResponsive(): boolean {
    return this.isAlive && !this.#loop.isPaused
  }

  start(): void {
    const { plan, timeline, nodes } = this.#world
    const boot = this.#dice.big() as Boot
    this.boot = boot
    const origin = toOrigin(this.id, boot)
    const node = this.id
    this.journal.write({ t: 'start', at: timeline.now, v: 1, cluster: 'sim', node, origin })
    this.slabs = new CountedSlabs(smallWipedSlabs)
    const broker = new Broker({
      node,
      boot,
      peers: nodes.map((node) => node.id),
      leader: createIdleLeader(this.id, boot, this.slabs),
      defaults: {
        retention: { bytes: plan.retentionBytes, ageMs: plan.retentionAgeMs },
        copies: plan.copies,
      },
      slabs: this.slabs,
      ports: {
        now: () => timeline.now,
        endOfTurn: this.#loop.endOfTurn,
        deferAnswers: this.#loop.endOfTurn,
        after: (delayMs, callback) => timeline.after(delayMs, () => this.#do(boot, callback)),
        sendToPeer: (peer, message) => this.#send(peer, message),
        recorder: this.journal,
        count: (counter, by) => this.#world.tally.count(`counter ${counter}`, by),
        allocate: (bytes) => new Uint8Array(bytes),
        onCatalogChanged: () => {
          this.#savedCatalog = [...broker.agent.catalog.entries()]
        },
      },
    })
    this.broker = broker
    for (const entry of this.#savedCatalog) broker.agent.catalog.merge(entry)
    broker.refreshStreams()
    this.#publisher = new Publisher(broker, (outcomes) => this.#onOutcomes(outcomes))
    this.#tickLater(boot)
  }

  crash(): void {
    this.broker = undefined
    this.#publisher = undefined
    this.#loop.clear()
    this.#awaited.clear()
    this.#written.clear()
    this.#subscriptions.clear()
    this.#world.network.onCrash(this.id)
    for (const member of this.#world.audience) if (member.node === this) member.onCrash()
  }

  /** Handles nothing until `resume`. */
  pause(): void {
    this.#loop.pause()
  }

  resume(): void {
    this.#loop.resume()
  }

  /** Runs something in a turn of the node's event loop. */
  do(run: (broker: Broker) => void): void {
    const { boot } = this
    if (boot === undefined) return
    this.#do(boot, () => {
      if (this.broker !== undefined) run(this.broker)
    })
  }

  input(input: GossipInput): void {
    this.do((broker) => broker.handle(input))
  }

  /** Publishes messages as one batch. */
  publish(drafts: readonly Draft[], level: AckLevel): void {
    this.do((broker) => {
      this.#drafts = new Map()
      this.#numbered = []
      for (const draft of drafts) {
        const replica = broker.streams.resolve(draft.topic)
        if ('refused' in replica) throw new Error(replica.reason)
        this.#drafts.set(replica.name, [...(this.#drafts.get(replica.name) ?? []), draft])
        this.#builder.append(draft.topic, draft.id.padEnd(draft.payloadBytes), undefined, broker.ports.now())
      }
      const number = ++this.#publishNumber
      const awaited = { messages: this.#numbered, needed: 0 }
      if (level === 'copies') {
        const streams = [...this.#drafts.keys()].map((name) => broker.streams.find(name))
        const copies = streams.map((replica) => replica?.definition.copies ?? 0)
        awaited.needed = Math.min(...copies, this.#world.nodes.length - 1)
        this.#awaited.set(number, awaited)
      }
      const refusal = this.#publisher?.publish(this.#builder.finish(number, level))
      if (refusal !== undefined) throw new Error(refusal.reason)
      if (this.#numbered.length !== drafts.length) throw new Error('not every message was numbered')
    })
  }

  /** Lines about this subscription concern that member. */
  own(sub: string, member: AudienceMember): void {
    this.#subscriptions.set(sub, member)
  }

  onLinkUp(peer: NodeId, budget: number): void {
    const boot = this.#world.nodes.find((node) => node.id === peer)?.boot
    if (boot !== undefined) this.input({ kind: 'peerUp', peer, boot, budget })
  }

  onLinkDown(peer: NodeId): void {
    this.input({ kind: 'peerDown', peer })
  }

  onLinkRoom(peer: NodeId, bytes: number): void {
    this.input({ kind: 'budget', peer, bytes })
  }

  onLinkMessage(peer: NodeId, message: PeerMessage): void {
    this.do((broker) => {
      const { tally, timeline } = this.#world
      tally.trace(timeline.now, this.id, peer, message.kind)
      tally.count(`message ${message.kind}`)
      broker.handle({ kind: 'message', from: peer, message })
      if (message.kind === 'batch') this.#noteHolder(broker, message)
    })
  }

  /** Sends, and tells the agent at the end of the turn what the link still takes. */
  #send(peer: NodeId, message: PeerMessage): void {
    this.#world.network.send(this.id, peer, message)
    if (this.#written.size === 0) {
      this.#loop.endOfTurn(() => {
        const written = [...this.#written]
        this.#written.clear()
        for (const to of written) this.onLinkRoom(to, this.#world.network.room(this.id, to))
      })
    }
    this.#written.add(peer)
  }

  #do(boot: Boot, run: () => void): void {
    this.#loop.do(() => {
      if (this.boot === boot && this.broker !== undefined) run()
    })
  }

  /** As the node's own ticker: often while something has a deadline, else once a second. */
  #tickLater(boot: Boot): void {
    const { timeline, invariants } = this.#world
    const intervalMs = this.broker?.agent.hasDeadlines ? tickMs.busy : tickMs.rest
    timeline.after(intervalMs - (timeline.now % intervalMs), () => {
      if (this.boot !== boot || this.broker === undefined) return
      this.input({ kind: 'tick' })
      if (!this.#loop.isPaused) for (const invariant of invariants) invariant.onTick?.(this)
      this.#tickLater(boot)
    })
  }

  /** The publisher has numbered the next messages of a stream. */
  #onSent(stream: string, from: number, count: number): void {
    const { broker, boot } = this
    const replica = broker?.streams.find(stream)
    if (broker === undefined || boot === undefined || replica === undefined) return
    const drafts = this.#drafts.get(stream) ?? []
    const { truth, timeline } = this.#world
    for (let index = 0; index < count; index++) {
      const draft = drafts.shift()
      if (draft === undefined) throw new Error('more was numbered than published')
      const message: Message = {
        id: draft.id,
        topic: draft.topic,
        stream,
        streamId: replica.id,
        node: this.id,
        boot,
        origin: broker.origin,
        sequence: from + index,
        at: timeline.now,
        life: truth.lifeOf(stream),
        holders: new Set(),
      }
      truth.add(message)
      this.#numbered.push(message)
    }
  }

  #onOutcomes(outcomes: readonly PublishOutcome[]): void {
    for (const outcome of outcomes) {
      this.#world.tally.count(`publishes ${outcome.status}`)
      const awaited = this.#awaited.get(outcome.publish)
      this.#awaited.delete(outcome.publish)
      if (awaited === undefined || outcome.status !== 'stored') continue
      for (const message of awaited.messages) {
        // The stream may ask for fewer copies by now.
        const copies = this.broker?.agent.replicas.get(message.streamId)?.definition.copies ?? 0
        const needed = Math.min(awaited.needed, copies)
        for (const invariant of this.#world.invariants) invariant.onCopies?.(message, needed)
      }
    }
  }

  #onSubscriptionLine(line: SubscriptionEventLine): void {
    const member = this.#subscriptions.get(line.sub)
    if (member === undefined) throw new Error(`a line about ${line.sub}, which nobody opened`)
    for (const invariant of this.#world.invariants) invariant.onSubscriptionLine?.(member, line)
  }

  /** Notes for the truth that this boot holds a batch, if it took it. */
  #noteHolder(broker: Broker, message: BatchMessage): void {
    const taken = takenFrom(broker, message)
    if (taken === undefined) return
    for (let sequence = message.from; sequence < message.from + message.count; sequence++) {
      this.#world.truth.find(taken.stream, taken.origin, sequence)?.holders.add(broker.boot)
    }
  }
}
