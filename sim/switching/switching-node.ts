// One node of the switching world: broker, gossip agent and leader agent of production together, over one log on a simulated disk.
// What survives a crash is the disk and the catalog.

import { Broker } from '../../node/broker/broker.ts'
import { Publisher } from '../../node/broker/publisher.ts'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { CatalogEntry } from '../../node/core/gossip/catalog.ts'
import type { MemberId } from '../../node/core/raft/quorum.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { GroupRecovery } from '../../node/groups/recovery.ts'
import { LeaderAgent } from '../../node/leader/agent.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { BatchBuilder } from '../../node/wire/batch-builder.ts'
import type { AckLevel } from '../../node/wire/batch-header.ts'
import { decodeRecords } from '../../node/wire/log-records.ts'
import { CountedSlabs, smallWipedSlabs } from '../counted-slabs.ts'
import { Dice } from '../dice.ts'
import { EventLoop } from '../event-loop.ts'
import { SimulatedDisk } from '../leader/disk.ts'
import type { LinkEnd } from '../link.ts'
import type { Draft } from '../truth.ts'
import { NodeRecorder } from './node-recorder.ts'
import { NodeView } from './node-view.ts'
import { isSubmitted, type Sent, type SwitchingWorld } from './world.ts'

const tickMs = { busy: 100, rest: 1000 } as const
const secondMs = 1000
/** What a publication without a place waits for, milliseconds. */
const timeoutMs = 5000

export class SwitchingNode implements LinkEnd<Sent> {
  readonly id: NodeId
  readonly #world: SwitchingWorld
  readonly #dice: Dice
  #member: MemberId
  #disk: SimulatedDisk
  readonly #diskDice: Dice
  readonly #loop = new EventLoop()
  /** The catalog as last saved. */
  #savedCatalog: readonly CatalogEntry[] = []
  /** Peers that were written to in this turn. */
  readonly #written = new Set<NodeId>()
  readonly #builder = new BatchBuilder((bytes) => new Uint8Array(bytes))
  readonly #recorder: NodeRecorder
  broker: Broker | undefined
  boot: Boot | undefined
  #publisher: Publisher | undefined
  #publishes = 0

  constructor(world: SwitchingWorld, id: NodeId) {
    this.#world = world
    this.id = id
    this.#dice = new Dice(world.plan.seed, `switching node ${id}`)
    this.#member = this.#dice.big()
    this.#diskDice = new Dice(world.plan.seed, `disk ${id}`)
    this.#disk = this.#createDisk()
    this.#recorder = new NodeRecorder(world.verdict)
  }

  get isAlive(): boolean {
    return this.broker !== undefined
  }

  get isResponsive(): boolean {
    return this.isAlive && !this.#loop.isPaused
  }

  start(): void {
    if (this.isAlive) return
    const boot = this.#dice.big() as Boot
    this.boot = boot
    const slabs = new CountedSlabs(smallWipedSlabs)
    const { timeline, nodes, tally, plan } = this.#world
    const broker = new Broker({
      ...{ node: this.id, boot, slabs, leader: this.#createLeader(boot, slabs) },
      peers: nodes.map(({ id }) => id),
      defaults: { retention: plan.retention, copies: 1 },
      copiesTimeoutMs: timeoutMs,
      ports: {
        now: () => timeline.now,
        endOfTurn: this.#loop.endOfTurn,
        deferAnswers: this.#loop.endOfTurn,
        after: (delayMs, callback) => timeline.after(delayMs, () => this.#do(boot, callback)),
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
      for (const outcome of outcomes) this.#world.verdict.onOutcome(boot, outcome)
    })
    this.#do(boot, () => {
      for (const entry of this.#savedCatalog) broker.agent.catalog.merge(entry)
      broker.refreshStreams()
      broker.leader.recover()
    })
    this.#tickLater(boot)
    this.#everySoOften(boot, leaderLimits.tickMs, () => broker.leader.tick())
    this.#everySoOften(boot, secondMs, () => {
      broker.leader.onSecond()
      broker.epochs.onSecond()
    })
  }

  /** The process is gone; of the write that was under way anything may be there. */
  crash(): void {
    if (!this.isAlive) return
    this.broker = undefined
    this.boot = undefined
    this.#publisher = undefined
    this.#loop.clear()
    this.#written.clear()
    this.#disk.crash()
    this.#world.network.onCrash(this.id)
    for (const reader of this.#world.audience) if (reader.node === this) reader.onCrash()
  }

  /** While it is down: its data directory is empty, and it is another member from then on. */
  loseDisk(): void {
    this.#disk = this.#createDisk()
    this.#savedCatalog = []
    this.#member = this.#dice.big()
  }

  #createDisk(): SimulatedDisk {
    const { timeline, plan } = this.#world
    return new SimulatedDisk(timeline, plan, this.#diskDice, () => undefined)
  }

  /** What it knows and has; undefined while it is down. */
  get view(): NodeView | undefined {
    return this.broker === undefined ? undefined : new NodeView(this.broker, this.#member)
  }

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

  /** Publishes messages of one stream as one batch, if the node takes it. */
  publish(drafts: readonly Draft[], level: AckLevel): void {
    this.do((broker) => {
      const { boot } = this
      const [first] = drafts
      const replica = first === undefined ? undefined : broker.streams.resolve(first.topic)
      if (boot === undefined || replica === undefined || 'refused' in replica) return
      // One that has lost its disk hears of the streams from the others.
      if (first?.topic.startsWith(`${replica.name}.`) !== true) return
      // The node refuses what is published to a stream whose order has no leader, as a whole.
      for (const { topic, id, payloadBytes } of drafts)
        this.#builder.append(topic, id.padEnd(payloadBytes), undefined, broker.ports.now())
      const number = ++this.#publishes
      this.#world.verdict.onPublish(boot, number, drafts)
      const refusal = this.#publisher?.publish(this.#builder.finish(number, level))
      if (refusal !== undefined) throw new Error(refusal.reason)
      this.#world.verdict.onPublished()
    })
  }

  onLinkUp(peer: NodeId, budget: number): void {
    const boot = this.#world.nodes.find(({ id }) => id === peer)?.boot
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
      if (!isFrame) broker.handle({ kind: 'message', from: peer, message: sent })
      else if (isSubmitted(sent)) broker.leader.onSubmitted(peer, sent)
      else if (!broker.leader.onFrame(peer, sent))
        throw new Error(`${peer} sent ${this.id} a frame that does not parse`)
    })
  }

  #createLeader(boot: Boot, slabs: CountedSlabs): LeaderAgent {
    const { network, nodes, timeline } = this.#world
    const found = this.#disk.open()
    this.#disk.adopt(found.writes)
    const recovery = new GroupRecovery(() => new EntryMemory(slabs))
    for (const { body, number } of found.writes) recovery.onRecords(decodeRecords(body) ?? [], number)
    return new LeaderAgent({
      ...{ node: this.id, boot, slabs, timeoutMs, start: found.start, logs: recovery.logs },
      member: this.#member,
      nodes: new Map(nodes.map(({ id }) => [id, ''])),
      random: () => this.#dice.between(0, 1),
      ports: {
        now: () => timeline.now,
        endOfTurn: this.#loop.endOfTurn,
        onRan: () => undefined,
        allocate: (bytes) => new Uint8Array(bytes),
        sendFrame: (node, frame) => network.send(this.id, node, frame),
        queuedBytes: (node) => network.queuedBytes(this.id, node),
        onDelivered: (replica) => this.broker?.onDelivered(replica),
        onFailed: (cause) => {
          throw new Error(`${this.id}: ${cause}`)
        },
        onVoid: () => undefined,
        onRoster: () => undefined,
        epochs: {
          onSealed: (stream) => this.#running.epochs.onSealed(stream),
          onEpoch: (stream, known, replica) => this.#running.epochs.onEpoch(stream, known, replica),
          publishAgain: (stream, pending) => this.#running.epochs.publishAgain(stream, pending),
        },
        disk: {
          checksum: this.#disk.checksum,
          remove: (file) => this.#disk.remove(file),
          write: (file, parts, onDone) =>
            this.#disk.write(file, parts, (failure) => this.#do(boot, () => onDone(failure))),
        },
      },
    })
  }

  get #running(): Broker {
    if (this.broker === undefined) throw new Error(`${this.id} is down`)
    return this.broker
  }

  /** Sends, and tells the agent at the end of the turn what the link still takes. */
  #sendToPeer(peer: NodeId, message: Sent): void {
    const { network } = this.#world
    network.send(this.id, peer, message)
    if (this.#written.size === 0) {
      this.#loop.endOfTurn(() => {
        const written = [...this.#written]
        this.#written.clear()
        for (const to of written)
          this.broker?.handle({ kind: 'budget', peer: to, bytes: network.room(this.id, to) })
      })
    }
    this.#written.add(peer)
  }

  #do(boot: Boot, run: () => void): void {
    this.#loop.do(() => {
      if (this.boot === boot) run()
    })
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

  /** An interval of a process that sleeps does not make up for it. */
  #everySoOften(boot: Boot, intervalMs: number, run: () => void): void {
    this.#world.timeline.after(intervalMs, () => {
      if (this.boot !== boot) return
      if (!this.#loop.isPaused) this.#do(boot, run)
      this.#everySoOften(boot, intervalMs, run)
    })
  }
}
