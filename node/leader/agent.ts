// The part of a node that streams in leader mode live in: their batches go to the leader of the stream's group, get their place in its
// log, are on the disks of a majority, and then come to every member's replica in that order. It has no clock and no sockets.

import { type Boot, type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { PublishRefusal } from '../core/common/publish-endings.ts'
import { defaultReplicas, type StreamDefinition } from '../core/stream/definition.ts'
import type { Replica } from '../core/stream/replica.ts'
import { Groups } from '../groups/groups.ts'
import { Cluster } from '../meta/cluster.ts'
import { decodeMeta, metaFrameType } from '../meta/meta-frames.ts'
import type { Roster } from '../meta/roster.ts'
import { batchBoot, batchStream } from '../wire/batch-header.ts'
import { raftFrameType } from '../wire/raft-frames.ts'
import { controlFrameType } from './control.ts'
import { DataGroups } from './data-groups.ts'
import { DataMachine, type DataMachineOptions } from './data-machine.ts'
import { SubmissionDesk } from './desk.ts'
import type { Ledger } from './ledger.ts'
import { type LeaderLimits, leaderLimits } from './limits.ts'
import { nameFrameType } from './names/command.ts'
import { NameGroup } from './names/name-group.ts'
import { Phases } from './phases.ts'
import type { LeaderOptions, LeaderPorts } from './ports.ts'
import { Routes } from './routes.ts'
import { Rest, type Standing, standingOf } from './standing.ts'
import { type LeaderStreamStatus, toStreamStatus } from './stream-status.ts'
import { LeaderStreams } from './streams.ts'
import type { OnPlaced } from './submissions.ts'

/** First byte of the frames of other nodes that are the agent's, beside batches that want a place. */
export const leaderFrameTypes: readonly unknown[] = [
  raftFrameType,
  controlFrameType,
  nameFrameType,
  metaFrameType,
]

export class LeaderAgent {
  readonly #options: LeaderOptions
  readonly #ports: LeaderPorts
  readonly #limits: LeaderLimits
  /** All groups that this node is in, META as well. */
  readonly groups: Groups
  /** Who is in the cluster. */
  readonly cluster: Cluster
  readonly #data: DataGroups
  readonly #routes: Routes
  readonly streams: LeaderStreams
  /** Where batches wait for their places. */
  readonly desk: SubmissionDesk
  readonly #phases: Phases
  readonly #rest = new Rest()
  /** Streams that begin in leader mode. */
  readonly #definitions = new Map<StreamId, StreamDefinition>()
  /** Where durable subscriptions and queues stand. */
  readonly names: NameGroup

  constructor(options: LeaderOptions) {
    this.#options = options
    this.#ports = options.ports
    this.#limits = { ...leaderLimits, ...options.limits }
    const { slabs, ports, node, member, nodes, logs, random, boot, hasLostLog = false } = options
    this.streams = new LeaderStreams({ slabs, now: ports.now, onDelivered: ports.onDelivered })
    this.desk = new SubmissionDesk({
      ...{ slabs, ports, boot, node, timeoutMs: options.timeoutMs },
      limits: this.#limits,
      routeOf: (stream) => this.#routes.routeOf(stream),
    })
    this.#phases = new Phases({
      epochs: ports.epochs,
      desk: this.desk,
      machineOf: (stream) => this.#data.of(stream)?.machine,
      tellLeader: (stream, control) => this.#routes.tellLeader(stream, control),
    })
    this.groups = new Groups(ports, options.start, this.#limits, {
      own: member,
      nodeOf: (id) => this.cluster.nodeOf(id),
      onHeard: (id, each) => this.cluster.onHeard(id, each),
      onUnknown: (group) => {
        if (this.cluster.onUnknown(group) || this.names.onUnknown(group)) return
        this.#data.onUnknown(group)
      },
    })
    const shared = { member, groups: this.groups, logs, limits: this.#limits, slabs, random }
    this.cluster = new Cluster({
      ...{ ...shared, node, boot, nodes, hasLostLog },
      ports: {
        now: ports.now,
        sendFrame: ports.sendFrame,
        isUp: (each) => ports.queuedBytes(each) !== undefined,
        onRoster: (roster, meta) => this.#onRoster(roster, meta),
      },
    })
    this.#data = new DataGroups({
      ...{ ...shared, boot, now: ports.now, cluster: this.cluster },
      votersFor: (group) => this.#votersFor(group),
      createMachine: (id, parts) => this.#createMachine(id, parts),
    })
    this.names = new NameGroup(options, this.groups, this.cluster, this.#limits)
    const known = { cluster: this.cluster, data: this.#data, definitions: this.#definitions }
    this.#routes = new Routes({ node, ...known, sendFrame: ports.sendFrame })
  }

  /** Goes on with every group that the log on disk has. META comes first: the others look up in its roster where streams are. */
  recover(): void {
    this.cluster.recover()
    this.#data.recover()
    this.names.recover()
  }

  get replicas(): ReadonlyMap<StreamId, Replica> {
    return this.streams.replicas
  }

  get standing(): Standing {
    return standingOf(this.cluster, this.#options.member, [this.#data, this.names])
  }

  /** Whether nobody would miss a tick. */
  get isAtRest(): boolean {
    return this.#rest.isAtRest(this)
  }

  /** What the group of a stream has agreed on, as far as this node has it. */
  ledgerOf(stream: StreamId): Ledger | undefined {
    return this.#data.ledgerOf(stream)
  }

  /** The replica of a stream that begins in leader mode, and its group, which are created where they do not exist. */
  define(definition: StreamDefinition): Replica {
    const replica = this.streams.define(definition, this.ledgerOf(toStreamId(definition.name)))
    replica.definition = definition
    this.#definitions.set(replica.stream, definition)
    // Its group begins where it has not.
    this.#data.of(replica.stream)
    return replica
  }

  /** Forgets a stream that was removed; `used`: the last number that this boot has given on it; `behind`: offset of its last message, where that is known. */
  undefine(stream: StreamId, used: number, behind?: number): void {
    this.streams.undefine(stream, behind)
    this.#definitions.delete(stream)
    this.desk.forget(stream, this.#lastPlaced(stream), used)
  }

  /** Calls back once this node has everything of a stream that had its place by now; or when nobody could say for too long. */
  whenCurrent({ stream }: Pick<Replica, 'stream'>, callback: (isCurrent: boolean) => void): void {
    this.#data.whenCurrent(stream, callback)
  }

  /** Wants a stream, which is in this epoch, to be in the mode of the definition. Whoever wants that asks until it is. */
  wish(definition: StreamDefinition, epoch: number): void {
    const stream = toStreamId(definition.name)
    const data = this.#data.of(stream)
    if (data?.machine.switching !== undefined) data.machine.switching.onWish(definition, epoch)
    else this.#routes.tellLeader(stream, { op: 'mode', epoch, definition })
  }

  nextSequence({ stream }: Replica): number {
    this.#data.of(stream)
    return this.desk.own(stream, this.#lastPlaced(stream) + 1).next
  }

  /** Bytes of this node's publishers that have no place yet. */
  waitingBytes({ stream }: Replica): number {
    return this.desk.waitingBytes(stream)
  }

  /** The last number of this boot that has its place, as far as this node knows. */
  #lastPlaced(stream: StreamId): number {
    return this.ledgerOf(stream)?.streams.get(stream)?.sequences.get(this.#options.boot) ?? 0
  }

  /** Why nothing can be published now; undefined if it can. */
  publishProblem(replica: Replica): PublishRefusal | undefined {
    const waiting = this.waitingBytes(replica)
    if (waiting > this.#limits.submittedBytesMax) {
      const reason = `${waiting} bytes wait for their place in stream ${replica.name}`
      return { refused: 'PUBLISH_RATE_LIMITED', reason }
    }
    return this.groups.diskProblem ?? this.#data.leaderProblem(replica)
  }

  /** Takes a batch that was numbered with `nextSequence`; `onPlaced` hears, once, where it was put. `copies`: it needs them in gossip mode. */
  publish({ stream }: Replica, frame: Uint8Array, onPlaced: OnPlaced | undefined, copies?: boolean): void {
    this.desk.add(stream, frame, onPlaced, copies)
  }

  /** A frame of one of `leaderFrameTypes`; false where it is broken. */
  onFrame(node: NodeId, frame: Uint8Array): boolean {
    if (frame[0] === raftFrameType) return this.groups.onFrame(node, frame)
    if (frame[0] === controlFrameType) return this.#routes.onControl(node, frame)
    if (frame[0] === nameFrameType) return this.names.onFrame(frame)
    const message = decodeMeta(frame)
    if (message !== undefined) this.cluster.onMessage(node, message)
    return message !== undefined
  }

  /** A batch that another node, which runs as this boot, wants to have a place. Where this node cannot give one, the other will hear who can. */
  onSubmitted(node: NodeId, boot: Boot | undefined, frame: Uint8Array): void {
    const stream = batchStream(frame)
    const by = batchBoot(frame) === boot ? node : undefined
    this.#data.of(stream)?.machine.numbering?.submit(by, frame, this.#definitions.get(stream))
  }

  /** The node goes: others lead what it leads, at once and not when its silence is noticed. */
  handOver(): void {
    for (const group of this.groups.all) group.handOver()
  }

  onPeerUp(node: NodeId): void {
    const member = this.cluster.roster?.memberOf(node)?.id
    this.cluster.onPeerUp(node)
    this.names.onPeerUp(node)
    this.groups.onLink(node)
    if (member === undefined) return
    for (const group of this.groups.all) {
      group.onReachable(member)
      if (group.status.leader === member) this.#onLeader(group.id)
    }
  }

  onPeerDown(node: NodeId): void {
    const member = this.cluster.roster?.memberOf(node)?.id
    this.cluster.onPeerDown(node)
    this.groups.onLink(node)
    if (member !== undefined) for (const group of this.groups.all) group.onUnreachable(member)
  }

  /** A link takes more again. */
  onPeerWritable(): void {
    this.desk.goOn()
  }

  /** So many `leaderLimits.tickMs` have passed: only Raft counts them, everybody else looks at the clock. */
  tick(ticks: number = 1): void {
    this.groups.tick(ticks)
    this.cluster.tick()
    this.#data.tick()
    this.names.tick()
    this.#phases.tick()
    this.desk.tick()
  }

  /** Once a second: what retention drops is dropped from the logs as well. */
  onSecond(): void {
    this.streams.onSecond()
    for (const group of this.groups.all) group.compact()
    this.names.onSecond()
    this.groups.dropFiles()
  }

  /** How far every origin has its places on the streams that are, or were, in leader mode. */
  placed(): ReturnType<DataGroups['placed']> {
    return this.#data.placed()
  }

  statusOf(replica: Replica): LeaderStreamStatus {
    return toStreamStatus(replica, this.#data, this.cluster)
  }

  /** As many as the stream that asks for most: the streams of a group share its voters. */
  #votersFor(group: number): number {
    let count = defaultReplicas
    for (const { stream, definition } of this.replicas.values())
      if (this.#data.numberOf(stream) === group) count = Math.max(count, definition.replicas)
    return count
  }

  /** Whoever gives places in a group now gets everything that has none, and hears of what is sealed. */
  #onLeader(group: number): void {
    const isOfGroup = (stream: StreamId): boolean => this.#data.numberOf(stream) === group
    this.desk.sendAgain(isOfGroup)
    this.#phases.report(isOfGroup)
  }

  #onRoster(roster: Roster, meta: number): void {
    this.#data.onRoster(roster)
    this.names.onRoster(roster)
    for (const stream of this.#definitions.keys()) this.#data.of(stream)
    this.#ports.onRoster(roster, meta)
  }

  #createMachine(id: number, parts: Pick<DataMachineOptions, 'log' | 'reads' | 'propose'>): DataMachine {
    const { node } = this.#options
    const machine: DataMachine = new DataMachine({
      ...parts,
      ...{ limits: this.#limits, streams: this.streams },
      onPlaced: (frame) => this.desk.onPlaced(frame, machine.ledger),
      onLeader: () => this.#onLeader(id),
      onPhase: (stream) => this.#phases.onPhase(stream, machine.ledger.nodes, this.replicas),
      onVoid: (...run) => this.#ports.onVoid(...run),
      onRestored: (ledger) => this.desk.onRestored(ledger),
      nodes: () => this.cluster.roster?.nodes ?? [],
      isUp: (each) => each === node || this.#ports.queuedBytes(each) !== undefined,
      now: this.#ports.now,
    })
    return machine
  }
}
