// One node of the switching world: broker, gossip agent and leader agent of production together, over one log on a simulated disk.
// What survives a crash is the disk and the catalog.

import { Broker } from '../../node/broker/broker.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { CatalogEntry } from '../../node/core/gossip/catalog.ts'
import type { PeerMessage } from '../../node/core/gossip/messages.ts'
import type { LeaderAgent } from '../../node/leader/agent.ts'
import type { SealedEpoch } from '../../node/leader/epoch-host.ts'
import type { StreamLedger } from '../../node/leader/ledger.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import type { AckLevel } from '../../node/wire/batch-header.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import { smallWipedSlabs } from '../counted-slabs.ts'
import { Dice } from '../dice.ts'
import { takenFrom } from '../holding.ts'
import { type AgentSurroundings, LogNode, timeoutMs } from '../leader/log-node.ts'
import type { NamedAttempt } from '../leader/named-producer.ts'
import { NodeClock } from '../leader/node-clock.ts'
import type { LinkEnd } from '../link.ts'
import type { Draft } from '../truth.ts'
import { NodeRecorder } from './node-recorder.ts'
import { NodeView } from './node-view.ts'
import { isSubmitted, type Sent, type SwitchingWorld } from './world.ts'

const tickMs = { busy: 100, rest: 1000 } as const

export class SwitchingNode extends LogNode implements LinkEnd<Sent> {
  readonly #world: SwitchingWorld
  readonly clock: NodeClock
  /** The catalog as last saved. */
  #savedCatalog: readonly CatalogEntry[] = []
  /** Peers that were written to in this turn. */
  readonly #written = new Set<NodeId>()
  readonly #builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  readonly #recorder: NodeRecorder
  broker: Broker | undefined
  #publisher: Publisher | undefined
  #publishes = 0
  /** Of named producers, by number, what is not answered. */
  readonly #attempts = new Map<number, NamedAttempt>()

  constructor(world: SwitchingWorld, id: NodeId) {
    const { plan, timeline, verdict } = world
    const dice = new Dice(plan.seed, `switching node ${id}`)
    super(world, { id, dice, slabs: smallWipedSlabs, limits: plan.limits })
    this.#world = world
    const clockDice = new Dice(plan.seed, `clock ${id}`)
    const { clockSpreadMs, clockDriftMax } = plan
    this.clock = new NodeClock(
      timeline,
      clockDice.between(0, clockSpreadMs),
      clockDice.between(-clockDriftMax, clockDriftMax),
    )
    this.#recorder = new NodeRecorder(verdict)
  }

  protected begin(boot: Boot, agent: LeaderAgent): void {
    const { timeline, nodes, tally, plan } = this.#world
    const broker = new Broker({
      ...{ node: this.id, boot, slabs: this.slabs, leader: agent },
      peers: nodes.map(({ id }) => id),
      defaults: { retention: plan.retention, copies: plan.copies },
      copiesTimeoutMs: timeoutMs,
      ports: {
        now: () => this.clock.now(),
        endOfTurn: this.loop.endOfTurn,
        deferAnswers: this.loop.endOfTurn,
        after: (delayMs, callback) => timeline.after(delayMs, () => this.doAs(boot, callback)),
        sendToPeer: (peer, message) => this.#sendToPeer(peer, message),
        recorder: this.#recorder,
        count: (counter, by) => tally.count(`counter ${counter}`, by),
        allocate: (bytes) => new Uint8Array(bytes),
        onCatalogChanged: () => {
          this.#savedCatalog = [...broker.agent.catalog.entries()]
        },
      },
    })
    this.broker = broker
    this.#publishes = 0
    this.#publisher = new Publisher(broker, (outcomes) => {
      for (const outcome of outcomes) this.#onOutcome(boot, outcome)
    })
    this.doAs(boot, () => {
      for (const entry of this.#savedCatalog) broker.agent.catalog.merge(entry)
      broker.refreshStreams()
      broker.leader.recover()
    })
    this.#tickLater(boot)
  }

  protected end(): void {
    if (this.broker !== undefined) this.#world.epochs.onCrash(this.broker.boot)
    this.broker = undefined
    this.#publisher = undefined
    this.#attempts.clear()
    for (const worker of this.#world.workers) if (worker.node === this) worker.onCrash()
    this.#written.clear()
  }

  protected onSecond(agent: LeaderAgent): void {
    agent.onSecond()
    this.broker?.epochs.onSecond()
    this.broker?.queues.onSecond()
  }

  protected get surroundings(): AgentSurroundings {
    const { network } = this.#world
    return {
      sendFrame: (node, frame) => network.send(this.id, node, frame),
      queuedBytes: (node) => network.queuedBytes(this.id, node),
      onDelivered: (replica) => this.broker?.onDelivered(replica),
      epochs: {
        onSealed: (stream) => this.#onSealed(stream),
        onEpoch: (stream, known, replica) => {
          this.#noteEnding(stream, stream.sequences)
          return this.#running.epochs.onEpoch(stream, known, replica)
        },
        publishAgain: (stream, pending) => this.#running.epochs.publishAgain(stream, pending),
      },
    }
  }

  /** Its whole data directory is empty. */
  override loseDisk(): void {
    super.loseDisk()
    this.#savedCatalog = []
  }

  /** What it knows and has; undefined while it is down. */
  get view(): NodeView | undefined {
    return this.broker === undefined ? undefined : new NodeView(this.broker, this.member)
  }

  /** Runs something in a turn of the node's event loop. */
  do(run: (broker: Broker) => void): void {
    this.withAgent(() => {
      if (this.broker !== undefined) run(this.broker)
    })
  }

  /** Publishes messages of one stream as one batch, if the node takes it. */
  publish(drafts: readonly Draft[], level: AckLevel, named?: NamedAttempt): void {
    this.do((broker) => {
      const { boot } = this
      const [first] = drafts
      const replica = first === undefined ? undefined : broker.streams.resolve(first.topic)
      if (boot === undefined || replica === undefined || 'refused' in replica) return
      // One that has lost its disk hears of the streams from the others.
      if (first?.topic.startsWith(`${replica.name}.`) !== true) return
      // The node refuses what is published to a stream whose order has no leader, as a whole.
      if (named !== undefined) this.#builder.begin(named.producer)
      for (const { topic, id, payloadBytes } of drafts)
        this.#builder.append(topic, id.padEnd(payloadBytes), undefined, broker.ports.now())
      const number = ++this.#publishes
      if (named !== undefined) this.#attempts.set(number, named)
      this.#world.verdict.onPublish(boot, number, drafts, level)
      const refusal = this.#publisher?.publish(this.#builder.finish(number, level))
      if (refusal !== undefined) throw new Error(refusal.reason)
      this.#world.verdict.onPublished()
    })
  }

  onLinkUp(peer: NodeId, budget: number): void {
    const boot = this.#bootOf(peer)
    if (boot === undefined) return
    this.do((broker) => {
      broker.handle({ kind: 'peerUp', peer, boot, budget })
      broker.leader.onPeerUp(peer)
    })
  }

  onLinkDown(peer: NodeId): void {
    this.do((broker) => {
      broker.handle({ kind: 'peerDown', peer })
      broker.leader.onPeerDown(peer)
    })
  }

  onLinkRoom(peer: NodeId, bytes: number): void {
    this.do((broker) => {
      broker.handle({ kind: 'budget', peer, bytes })
      broker.leader.onPeerWritable()
    })
  }

  onLinkMessage(peer: NodeId, sent: Sent): void {
    this.do((broker) => {
      const { tally, timeline } = this.#world
      const isFrame = sent instanceof Uint8Array
      tally.trace(timeline.now, this.id, peer, isFrame ? sent.length : sent.kind)
      if (!isFrame) this.#onGossip(broker, peer, sent)
      else if (isSubmitted(sent)) broker.leader.onSubmitted(peer, this.#bootOf(peer), sent)
      else if (!broker.leader.onFrame(peer, sent))
        throw new Error(`${peer} sent ${this.id} a frame that does not parse`)
    })
  }

  #bootOf(peer: NodeId): Boot | undefined {
    return this.#world.nodes.find(({ id }) => id === peer)?.boot
  }

  #onGossip(broker: Broker, from: NodeId, message: PeerMessage): void {
    broker.handle({ kind: 'message', from, message })
    const taken = message.kind === 'batch' ? takenFrom(broker, message) : undefined
    if (message.kind !== 'batch' || taken === undefined) return
    this.#world.verdict.onHeld(broker.boot, taken.stream, taken.origin, message.from, message.count)
  }

  #onOutcome(boot: Boot, outcome: PublishOutcome): void {
    const { verdict, epochs, producers } = this.#world
    verdict.onOutcome(boot, outcome)
    epochs.onOutcome(outcome)
    const named = this.#attempts.get(outcome.publish)
    if (named === undefined) return
    this.#attempts.delete(outcome.publish)
    producers.onOutcome(named.stream, named.producer, outcome)
    named.onAnswer(outcome.status === 'stored')
  }

  #onSealed(stream: StreamLedger): SealedEpoch {
    const { boot } = this
    this.#noteEnding(stream)
    const { epochs } = this.#running
    const sealed = epochs.onSealed(stream)
    const replica = epochs.all(stream.definition.name).at(-1)
    if (boot !== undefined && replica !== undefined)
      this.#world.epochs.onSealed(boot, replica.id, sealed.next - 1)
    return sealed
  }

  /** What the present epoch of a stream has delivered here, before it is known where it ends, or when it ends here. */
  #noteEnding({ definition: { name }, epoch }: StreamLedger, end?: ReadonlyMap<Boot, number>): void {
    const { epochs, boot } = this.#running
    const replica = epochs.all(name).at(-1)
    if (replica?.definition.mode !== 'gossip') return
    // Where it is in that epoch already, none ends.
    if (end !== undefined && epoch <= epochs.numberOf(replica)) return
    const delivered = new Map([...replica.origins].map(([origin, { position = 0 }]) => [origin, position]))
    const number = epochs.numberOf(replica)
    this.#world.epochs.onEnding(boot, name, number, delivered)
    if (end !== undefined) this.#world.epochs.onEnded(boot, name, number, end)
  }

  get #running(): Broker {
    if (this.broker === undefined) throw new Error(`${this.id} is down`)
    return this.broker
  }

  /** Sends, and tells the agent at the end of the turn what the link still takes. */
  #sendToPeer(peer: NodeId, message: Sent): void {
    const { network, epochs } = this.#world
    if (!(message instanceof Uint8Array) && message.kind === 'batch' && message.boot === this.boot)
      epochs.onStamped(message.boot, message.stream, message.from + message.count - 1)
    network.send(this.id, peer, message)
    if (this.#written.size === 0) {
      this.loop.endOfTurn(() => {
        const written = [...this.#written]
        this.#written.clear()
        for (const to of written)
          this.broker?.handle({ kind: 'budget', peer: to, bytes: network.room(this.id, to) })
      })
    }
    this.#written.add(peer)
  }

  /** As the node's own ticker: often while something has a deadline, else once a second. */
  #tickLater(boot: Boot): void {
    const { timeline } = this.#world
    const intervalMs = this.broker?.agent.hasDeadlines ? tickMs.busy : tickMs.rest
    timeline.after(intervalMs - (timeline.now % intervalMs), () => {
      if (this.boot !== boot) return
      this.do((broker) => broker.handle({ kind: 'tick' }))
      this.#tickLater(boot)
    })
  }
}
