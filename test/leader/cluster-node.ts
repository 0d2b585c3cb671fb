// One node of a cluster in one process: its agent, its disk, and what its publishers were told.

import assert from 'node:assert/strict'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { Random } from '../../node/core/common/random.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { LogFeed } from '../../node/core/stream/log-feed.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import { LogScanner } from '../../node/core/wal/scan.ts'
import type { LogStart } from '../../node/core/wal/writer.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { GroupRecovery } from '../../node/groups/recovery.ts'
import { LeaderAgent, leaderFrameTypes } from '../../node/leader/agent.ts'
import type { LeaderLimits } from '../../node/leader/limits.ts'
import type { Placed } from '../../node/leader/submissions.ts'
import { batchOffset, frameType } from '../../node/wire/batch-header.ts'
import { decodeRecords } from '../../node/wire/log-records.ts'
import { CountedSlabs, smallWipedSlabs } from '../../sim/counted-slabs.ts'
import { MemoryDisk } from '../core/wal/memory-disk.ts'
import { batchOf, orders, textsOf } from './leader-batches.ts'
import { noEpochs } from './test-leader.ts'

/** What a node sees of its cluster. */
export interface NodeSurroundings {
  readonly now: number
  readonly random: Random
  readonly queuedBytes: number
  readonly limits: Partial<LeaderLimits>
  readonly nodes: ReadonlyMap<NodeId, ClusterNode>
  readonly definitions: readonly StreamDefinition[]
  readonly up: readonly ClusterNode[]
  nextBoot(): Boot
  nextMember(): number
  isConnected(one: NodeId, other: NodeId): boolean
  send(from: NodeId, to: NodeId, frame: Uint8Array): void
}

/** What a publisher was told of one batch. */
export type Outcome = Placed | 'unknown' | 'waiting'

export class ClusterNode {
  readonly id: NodeId
  disk: MemoryDisk = new MemoryDisk()
  readonly #cluster: NodeSurroundings
  /** Of the node over its disk. */
  member: number
  /** Counts the runs of the node. */
  boot: Boot = 0 as Boot
  slabs: CountedSlabs = new CountedSlabs(smallWipedSlabs)
  #agent: LeaderAgent | undefined
  #turn: (() => void)[] = []
  /** How far the clocks of its publishers are ahead, milliseconds. */
  publishersAheadMs = 0
  /** While it is held, no write becomes durable. */
  isDiskHeld = false
  /** What the disk answers to its next write. */
  nextFailure: unknown
  readonly failures: unknown[] = []
  /** By text, what became of what this run published. */
  outcomes: Map<string, Outcome> = new Map()

  constructor(cluster: NodeSurroundings, id: NodeId) {
    this.#cluster = cluster
    this.id = id
    this.member = cluster.nextMember()
  }

  get isUp(): boolean {
    return this.#agent !== undefined
  }

  get agent(): LeaderAgent {
    assert.ok(this.#agent, `${this.id} is up`)
    return this.#agent
  }

  /** Starts over what the disk has, with the streams of the cluster. */
  start(): void {
    assert.equal(this.#agent, undefined)
    this.boot = this.#cluster.nextBoot()
    this.slabs = new CountedSlabs(smallWipedSlabs)
    this.outcomes = new Map()
    this.#turn = []
    const { start, recovery } = this.#recover()
    const cluster = this.#cluster
    this.#agent = new LeaderAgent({
      node: this.id,
      boot: this.boot,
      member: this.member,
      nodes: new Map(Array.from(cluster.nodes.keys(), (id) => [id, `${id}:1`])),
      start,
      logs: recovery.logs,
      slabs: this.slabs,
      random: cluster.random,
      timeoutMs: 5000,
      limits: cluster.limits,
      ports: {
        disk: this.disk.ports,
        now: () => cluster.now,
        endOfTurn: (callback) => this.#turn.push(callback),
        onRan: () => undefined,
        allocate: (bytes) => new Uint8Array(bytes).fill(0xab),
        sendFrame: (node, frame) => cluster.send(this.id, node, frame),
        queuedBytes: (node) => (cluster.isConnected(this.id, node) ? cluster.queuedBytes : undefined),
        onDelivered: () => undefined,
        onFailed: (cause) => this.failures.push(cause),
        onVoid: () => undefined,
        onRoster: () => undefined,
        epochs: noEpochs,
      },
    })
    this.#agent.recover()
    for (const definition of cluster.definitions) this.#agent.define(definition)
    for (const other of cluster.nodes.values()) {
      if (!cluster.isConnected(this.id, other.id)) continue
      this.#agent.onPeerUp(other.id)
      other.agent.onPeerUp(this.id)
    }
  }

  /** Ends at once, with what was durable and so many bytes of what was not. */
  crash(moreBytes = 0): void {
    const peers = this.#cluster.up.filter(({ id }) => this.#cluster.isConnected(this.id, id))
    this.#agent = undefined
    this.disk.crash(moreBytes)
    // The write that was under way calls nobody back.
    this.disk.abandon()
    for (const { agent } of peers) agent.onPeerDown(this.id)
  }

  /** Loses its disk while it is down. */
  wipe(): void {
    assert.equal(this.#agent, undefined)
    this.disk = new MemoryDisk()
    this.member = this.#cluster.nextMember()
  }

  replica(name: string = orders.name): Replica {
    const replica = [...this.agent.replicas.values()].find((each) => each.name === name)
    assert.ok(replica, `${this.id} has ${name}`)
    return replica
  }

  /** Publishes each text as a batch of its own; `outcomes` says what becomes of it. */
  publish(...texts: readonly string[]): void {
    this.publishTo(orders.name, ...texts)
  }

  publishTo(name: string, ...texts: readonly string[]): void {
    for (const text of texts) this.#publish(this.replica(name), text, undefined)
  }

  /** The same of one text, under a topic. */
  publishUnder(topic: string, text: string): void {
    this.#publish(this.replica(), text, topic)
  }

  #publish(replica: Replica, text: string, topic: string | undefined): void {
    const { boot, outcomes } = this
    const from = this.agent.nextSequence(replica)
    const under = topic === undefined ? {} : { topic }
    const frame = batchOf({
      stream: replica.stream,
      boot,
      from,
      texts: [text],
      time: this.#cluster.now + this.publishersAheadMs,
      ...under,
    })
    outcomes.set(text, 'waiting')
    this.agent.publish(replica, frame, (placed) => outcomes.set(text, placed ?? 'unknown'))
  }

  /** Publishes texts as one batch of a named producer; `outcomes` says by its sequence what becomes of it. */
  publishAs(name: string, sequence: number, ...texts: readonly string[]): void {
    const replica = this.replica()
    const { boot, outcomes } = this
    const from = this.agent.nextSequence(replica)
    const producer = { name, sequence }
    const frame = batchOf({
      stream: replica.stream,
      boot,
      from,
      texts,
      time: this.#cluster.now + this.publishersAheadMs,
      producer,
    })
    const key = `${name} ${sequence}`
    outcomes.set(key, 'waiting')
    this.agent.publish(replica, frame, (placed) => outcomes.set(key, placed ?? 'unknown'))
  }

  /** What a subscriber gets that begins now at the earliest: texts, and gaps as `gap ORIGIN FROM-TO`. */
  delivered(name?: string): string[] {
    const feed = new LogFeed(this.replica(name), { kind: 'after', vector: new Map(), others: 'zero' })
    const items: string[] = []
    for (let item = feed.next(); item !== undefined; item = feed.next()) {
      if (item.kind === 'gap') items.push(`gap ${item.state.origin} ${item.from}-${item.to}`)
      else items.push(...textsOf(item.entry.frame ?? assert.fail('what is handed out is held')))
    }
    return items
  }

  /** Does what the present turn has. True if there was anything. */
  work(): boolean {
    if (!this.isUp) return false
    const turn = this.#turn
    this.#turn = []
    for (const callback of turn) callback()
    const isWriting = this.disk.isWriting && !this.isDiskHeld
    if (isWriting) {
      const failure = this.nextFailure
      this.nextFailure = undefined
      this.disk.finish(failure)
    }
    return turn.length > 0 || isWriting
  }

  receive(from: NodeId, boot: Boot | undefined, frame: Uint8Array): void {
    if (leaderFrameTypes.includes(frame[0])) assert.ok(this.agent.onFrame(from, frame), 'a sound frame')
    else {
      assert.equal(frame[batchOffset.type], frameType.batch)
      this.agent.onSubmitted(from, boot, frame)
    }
  }

  #recover(): { readonly start: LogStart; readonly recovery: GroupRecovery } {
    const recovery = new GroupRecovery(() => new EntryMemory(this.slabs))
    const scanner = new LogScanner(
      this.disk.ports.checksum,
      (body, number) => {
        const records = decodeRecords(body)
        assert.ok(records, 'a write is a list of records')
        recovery.onRecords(records, number)
      },
      1,
    )
    const files = [...this.disk.files.keys()].sort()
    for (const [at, file] of files.entries()) scanner.scan(file, this.disk.bytesOf(file), files[at + 1])
    assert.deepEqual(scanner.damages, [])
    // Cuts a torn tail off.
    return { start: { ...this.disk.open().start, files }, recovery }
  }
}
