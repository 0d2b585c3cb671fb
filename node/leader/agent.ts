// The part of a node that streams in leader mode live in: their batches go to the leader of the stream's group, get their place in its
// log, are on the disks of a majority, and then come to every member's replica in that order. It has no clock and no sockets.

import { Arena } from '../core/common/arena.ts'
import type { Refusal } from '../core/common/errors.ts'
import { type NodeId, type Origin, type StreamId, toStreamId } from '../core/common/ids.ts'
import { nobody } from '../core/raft/quorum.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import type { Replica } from '../core/stream/replica.ts'
import { Group } from '../groups/group.ts'
import { GroupLog } from '../groups/group-log.ts'
import { Groups } from '../groups/groups.ts'
import { batchStream } from '../wire/batch-header.ts'
import { type Control, decodeControl, encodeControl } from './control.ts'
import { DataMachine } from './data-machine.ts'
import { type Route, SubmissionDesk } from './desk.ts'
import { type LeaderLimits, leaderLimits, raftOptions } from './limits.ts'
import { Phases } from './phases.ts'
import { Placement } from './placement.ts'
import type { LeaderOptions, LeaderPorts, LeaderStreamStatus } from './ports.ts'
import { Reads } from './reads.ts'
import { LeaderStreams } from './streams.ts'
import type { OnPlaced } from './submissions.ts'

/** One group on this node. */
interface Member {
  readonly group: Group
  readonly machine: DataMachine
  readonly reads: Reads
}

export class LeaderAgent {
  readonly #options: LeaderOptions
  readonly #ports: LeaderPorts
  readonly #limits: LeaderLimits
  readonly #groups: Groups
  readonly #placement: Placement
  readonly #members = new Map<number, Member>()
  readonly #streams: LeaderStreams
  readonly #desk: SubmissionDesk
  readonly #phases: Phases
  /** Streams that begin in leader mode. */
  readonly #definitions = new Map<StreamId, StreamDefinition>()
  /** Since when no leader is known, by group, milliseconds. */
  readonly #leaderlessSince = new Map<number, number>()

  constructor(options: LeaderOptions) {
    this.#options = options
    this.#ports = options.ports
    this.#limits = { ...leaderLimits, ...options.limits }
    const { slabs, ports } = options
    this.#streams = new LeaderStreams({ slabs, now: ports.now, onDelivered: ports.onDelivered })
    this.#placement = new Placement(options.nodes)
    this.#desk = new SubmissionDesk({
      ...{ slabs, ports, boot: options.boot, node: options.node, timeoutMs: options.timeoutMs },
      limits: this.#limits,
      routeOf: (stream) => this.#routeOf(stream),
    })
    this.#phases = new Phases({
      epochs: ports.epochs,
      desk: this.#desk,
      machineOf: (stream) => this.#memberFor(stream).machine,
      tellLeader: (stream, control) => this.#tellLeader(stream, control),
    })
    this.#groups = new Groups(options.ports, options.start, this.#limits, {
      nodeOf: (_group, member) => this.#placement.nodeOf(member),
      // Somebody has begun a group: every node is in all of them.
      onUnknown: (group) => this.#placement.has(group) && this.#memberOf(group),
    })
  }

  /** Goes on with every group that the log on disk has. */
  recover(): void {
    for (const id of this.#options.logs.keys()) this.#memberOf(id)
  }

  get replicas(): ReadonlyMap<StreamId, Replica> {
    return this.#streams.replicas
  }

  /** The replica of a stream that begins in leader mode, and its group, which are created where they do not exist. */
  define(definition: StreamDefinition): Replica {
    const replica = this.#streams.define(definition)
    replica.definition = definition
    this.#definitions.set(replica.stream, definition)
    this.#memberFor(replica.stream)
    return replica
  }

  undefine(stream: StreamId): void {
    this.#streams.undefine(stream)
    this.#definitions.delete(stream)
    this.#desk.forget(stream)
  }

  /** Calls back once this node has everything of a stream that had its place by now; or when nobody could say for too long. */
  whenCurrent({ stream }: Replica, callback: (isCurrent: boolean) => void): void {
    this.#memberFor(stream).reads.ask(callback)
  }

  /** Wants a stream, which is in this epoch, to be in the mode of the definition. Whoever wants that asks until it is. */
  wish(definition: StreamDefinition, epoch: number): void {
    const stream = toStreamId(definition.name)
    const { machine } = this.#memberFor(stream)
    if (machine.switching !== undefined) machine.switching.onWish(definition, epoch)
    else this.#tellLeader(stream, { op: 'mode', epoch, definition })
  }

  nextSequence({ stream }: Replica): number {
    const { boot } = this.#options
    const last = this.#memberFor(stream).machine.ledger.streams.get(stream)?.sequences.get(boot) ?? 0
    return this.#desk.own(stream, last + 1).next
  }

  /** Bytes of this node's publishers that have no place yet. */
  waitingBytes({ stream }: Replica): number {
    return this.#desk.waitingBytes(stream)
  }

  /** Why nothing can be published now; undefined if it can. */
  publishProblem(replica: Replica): Refusal | undefined {
    const waiting = this.waitingBytes(replica)
    if (waiting > this.#limits.submittedBytesMax) {
      const reason = `${waiting} bytes wait for their place in stream ${replica.name}`
      return { refused: 'PUBLISH_RATE_LIMITED', reason }
    }
    const since = this.#leaderlessSince.get(this.#placement.groupOf(replica.stream))
    if (since === undefined || this.#ports.now() - since < this.#limits.refusesAfterMs) return undefined
    const forMs = Math.round(this.#ports.now() - since)
    return { refused: 'NO_LEADER', reason: `stream ${replica.name} has had no leader for ${forMs} ms` }
  }

  /** Takes a batch that was numbered with `nextSequence`; `onPlaced` hears, once, where it was put. */
  publish({ stream }: Replica, frame: Uint8Array, onPlaced: OnPlaced | undefined): void {
    this.#desk.add(stream, frame, onPlaced)
  }

  /** A frame of Raft messages; false where it is broken. */
  onRaftFrame(frame: Uint8Array): boolean {
    return this.#groups.onFrame(frame)
  }

  /** A frame about switching; false where it is broken. */
  onControlFrame(node: NodeId, frame: Uint8Array): boolean {
    const control = decodeControl(frame, node)
    if (control === undefined) return false
    const name = control.op === 'mode' ? control.definition.name : control.stream
    const { switching } = this.#memberFor(toStreamId(name)).machine
    if (control.op === 'mode') switching?.onWish(control.definition, control.epoch)
    else switching?.onReport(control.stream, control.epoch, control.report)
    return true
  }

  /** A batch that another node wants to have a place. Where this node cannot give one, the other will hear who can. */
  onSubmitted(node: NodeId, frame: Uint8Array): void {
    const stream = batchStream(frame)
    const member = this.#members.get(this.#placement.groupOf(stream))
    member?.machine.numbering?.submit(node, frame, this.#definitions.get(stream))
  }

  /** The node goes: others lead what it leads, at once and not when its silence is noticed. */
  handOver(): void {
    for (const { group } of this.#members.values()) group.handOver()
  }

  onPeerUp(node: NodeId): void {
    const id = this.#placement.memberOf(node)
    for (const [number, { group }] of this.#members) {
      group.onReachable(id)
      if (group.status.leader === id) this.#onLeader(number)
    }
  }

  onPeerDown(node: NodeId): void {
    const id = this.#placement.memberOf(node)
    for (const { group } of this.#members.values()) group.onUnreachable(id)
  }

  /** A link takes more again. */
  onPeerWritable(): void {
    this.#desk.goOn()
  }

  /** Time has passed: `leaderLimits.tickMs`. */
  tick(): void {
    const now = this.#ports.now()
    this.#groups.tick()
    for (const [id, { group, reads, machine }] of this.#members) {
      reads.tick()
      machine.switching?.tick()
      if (group.status.leader !== nobody) this.#leaderlessSince.delete(id)
      else if (!this.#leaderlessSince.has(id)) this.#leaderlessSince.set(id, now)
    }
    this.#phases.tick()
    this.#desk.tick()
  }

  /** Once a second: what retention drops is dropped from the logs as well. */
  onSecond(): void {
    this.#streams.onSecond()
    for (const { group } of this.#members.values()) group.compact()
    this.#groups.dropFiles()
  }

  /** How far every origin has its places on the streams that are, or were, in leader mode. */
  *placed(): Generator<{ readonly stream: string; readonly origin: Origin; readonly to: number }> {
    for (const { machine } of this.#members.values())
      for (const [id, { definition }] of machine.ledger.streams)
        for (const [origin, to] of machine.ledger.fenceOf(id)) yield { stream: definition.name, origin, to }
  }

  statusOf({ stream }: Replica): LeaderStreamStatus {
    const { group, machine } = this.#memberFor(stream)
    const { leader, commit, applied } = group.status
    const { last = 0 } = machine.ledger.streams.get(stream) ?? {}
    return {
      group: group.id,
      leader: this.#placement.nodeOf(leader),
      last,
      lag: commit - applied,
    }
  }

  /** Who gives places on a stream, as far as that is known. */
  #routeOf(stream: StreamId): Route | undefined {
    const { group, machine } = this.#memberFor(stream)
    const { numbering, ledger } = machine
    const definition = this.#definitions.get(stream)
    if (numbering !== undefined) return { kind: 'here', numbering, ledger, definition }
    const { leader, term } = group.status
    const node = this.#placement.nodeOf(leader)
    // A leader that has not applied everything before its term would not take anything.
    if (node === undefined || node === this.#options.node || machine.term !== term) return undefined
    return { kind: 'node', node }
  }

  /** Tells whoever leads; while nobody does, everybody: a group begins where it is heard of. */
  #tellLeader(stream: StreamId, control: Control): void {
    const { leader } = this.#memberFor(stream).group.status
    const node = this.#placement.nodeOf(leader)
    const frame = encodeControl(control)
    for (const each of node === undefined ? this.#placement.nodes : [node])
      if (each !== this.#options.node) this.#ports.sendFrame(each, frame)
  }

  /** Whoever gives places in a group now gets everything that has none, and hears of what is sealed. */
  #onLeader(group: number): void {
    const isOfGroup = (stream: StreamId): boolean => this.#placement.groupOf(stream) === group
    this.#desk.sendAgain(isOfGroup)
    this.#phases.report(isOfGroup)
  }

  #memberFor(stream: StreamId): Member {
    return this.#memberOf(this.#placement.groupOf(stream))
  }

  #memberOf(group: number): Member {
    return this.#members.get(group) ?? this.#begin(group, this.#options.logs.get(group))
  }

  /** Begins to take part in a group, with the log that it has or as one that has never been in it. */
  #begin(id: number, recovered: GroupLog | undefined): Member {
    const { node, slabs, random } = this.#options
    const configuration = this.#placement.configurationOf(id)
    const floor = { index: 0, term: 0, configuration, data: new Uint8Array(0) }
    const log = recovered ?? new GroupLog(floor, new Arena(slabs))
    const reads = new Reads(this.#options.boot, this.#ports.now, (request) => {
      this.#members.get(id)?.group.read(request)
    })
    const machine: DataMachine = new DataMachine({
      ...{ log, reads, streams: this.#streams },
      propose: (data) => this.#members.get(id)?.group.propose(data),
      onPlaced: (frame) => this.#desk.onPlaced(frame),
      onLeader: () => this.#onLeader(id),
      onPhase: (stream) => this.#phases.onPhase(stream, machine.ledger.nodes, this.replicas),
      onRestored: (ledger) => this.#desk.onRestored(ledger),
      nodes: this.#placement.nodes,
      isUp: (each) => each === node || this.#ports.queuedBytes(each) !== undefined,
      now: this.#ports.now,
    })
    const raft = raftOptions(this.#placement.memberOf(node), random, this.#limits)
    const group = new Group({ id, log, raft, machine, ports: this.#groups })
    const member = { group, machine, reads }
    this.#members.set(id, member)
    if (recovered === undefined)
      this.#groups.write([{ kind: 'snapshot', group: id, snapshot: floor }], () => undefined)
    this.#groups.add(group)
    this.#ports.onGroup()
    return member
  }
}
