// All Raft groups of one node: they share its log, so that one write makes the records of all durable, and their messages to another
// node travel in one frame. A turn runs every group that has something to do, and then sends and writes once.

import { HeraldError, type Refusal } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import { EntriesLost } from '../core/raft/log.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import { numberOf } from '../core/wal/scan.ts'
import { type LogPorts, type LogStart, LogWriter } from '../core/wal/writer.ts'
import { encodeRecord, type LogRecord } from '../wire/log-records.ts'
import { decodeRaftFrame, encodeMessage, type GroupMessage, joinFrame } from '../wire/raft-frames.ts'
import { cutFrame, FrameParts } from './frame-parts.ts'
import type { Group, GroupPorts } from './group.ts'
import { PartQueues } from './part-queues.ts'

/** What the groups need of their surroundings. */
export interface GroupsPorts {
  /** The disk: writes, one at a time. */
  readonly disk: Pick<LogPorts, 'write' | 'remove' | 'checksum'>
  readonly endOfTurn: (callback: () => void) => void
  /** Every group has done what there was to do in this turn; nothing of it is sent yet. Publishers wait for this, members do not. */
  readonly onRan: () => void
  /** Sends a frame to a node; what cannot be sent is lost. */
  readonly sendFrame: (node: NodeId, frame: Uint8Array) => void
  /** Bytes that wait on the link to a node; undefined where there is none. */
  readonly queuedBytes: (node: NodeId) => number | undefined
  /** Fresh bytes that need not be zeroed. */
  readonly allocate: (bytes: number) => Uint8Array
  /** The disk has refused: nothing is acknowledged any more. */
  readonly onFailed: (cause: unknown) => void
}

/** Who is in the groups. */
export interface GroupMembers {
  /** This node, in all of its groups. */
  readonly own: MemberId
  /** The node of a group's member. */
  nodeOf(member: MemberId): NodeId | undefined
  /** A message has come from a member, by this node: whoever is new here knows nobody else yet. */
  onHeard(member: MemberId, node: NodeId): void
  /** A message to this node is for a group that it is not in: it may join it now. */
  onUnknown(group: number): void
}

/** Bytes of messages to one node that go into one frame; one message may go beyond it. */
const frameBytesMax = 524_288
/** What groups write once more at the most, in one write, for which everybody waits. One that has more keeps the files. */
const writtenAgainBytesMax = 134_217_728

/** `leaderLimits` says what each is. */
export type GroupsLimits = Readonly<Record<'segmentBytes' | 'waitingBytesMax' | 'writtenAgainBytes', number>>

export class Groups implements GroupPorts {
  readonly #ports: GroupsPorts
  readonly #writer: LogWriter
  readonly #limits: GroupsLimits
  readonly #groups = new Map<number, Group>()
  readonly #members: GroupMembers
  #awake = new Set<Group>()
  /** Groups that run now; the two sets take turns. */
  #running = new Set<Group>()
  #isTurnAwaited = false
  #isRunning = false
  #isDropping = false
  /** What the log wants to do when everything of this turn is in it. */
  #beginWrite: (() => void) | undefined
  /** Messages of this turn, by node. */
  readonly #outbox = new Map<NodeId, Uint8Array[][]>()
  readonly #parts: FrameParts
  readonly #partQueues: PartQueues

  constructor(ports: GroupsPorts, start: LogStart, limits: GroupsLimits, members: GroupMembers) {
    this.#ports = ports
    this.#members = members
    this.#parts = new FrameParts(ports.allocate)
    this.#partQueues = new PartQueues(ports)
    this.#limits = limits
    this.#writer = new LogWriter({
      ...limits,
      start,
      ports: {
        checksum: ports.disk.checksum,
        remove: (file) => ports.disk.remove(file),
        write: (file, parts, onDone) =>
          ports.disk.write(file, parts, (failure) => this.#inTurn(() => onDone(failure))),
        endOfTurn: (callback) => {
          this.#beginWrite = callback
          this.#awaitTurn()
        },
      },
      onFailed: ports.onFailed,
    })
  }

  get all(): Iterable<Group> {
    return this.#groups.values()
  }

  get size(): number {
    return this.#groups.size
  }

  get(id: number): Group | undefined {
    return this.#groups.get(id)
  }

  /** Why publishers of this node are to wait: more waits for the disk than should. What other nodes bring is bounded by each group. */
  get diskProblem(): Refusal<'PUBLISH_RATE_LIMITED'> | undefined {
    if (!this.#writer.isFull) return undefined
    const reason = `${this.#limits.waitingBytesMax} bytes or more wait for the disk of this node`
    return { refused: 'PUBLISH_RATE_LIMITED', reason }
  }

  add(group: Group): void {
    this.#groups.set(group.id, group)
    group.begin()
  }

  tick(ticks: number = 1): void {
    for (const group of this.#groups.values()) group.tick(ticks)
    this.#partQueues.feed()
  }

  /** The link to a node has come or gone. */
  onLink(node: NodeId): void {
    this.#parts.forget(node)
    this.#partQueues.forget(node)
  }

  /** A frame of Raft messages has come, or a part of one; false where it is not that. */
  onFrame(node: NodeId, frame: Uint8Array): boolean {
    const whole = this.#parts.take(node, frame)
    if (whole === 'waits') return true
    const messages = whole === undefined ? undefined : decodeRaftFrame(whole)
    for (const { group, message } of messages ?? []) {
      // What is for the member that this node was before it lost its disk is for nobody.
      if (message.to !== this.#members.own) continue
      this.#members.onHeard(message.from, node)
      if (!this.#groups.has(group)) this.#members.onUnknown(group)
      this.#step(group, message)
    }
    return messages !== undefined
  }

  #step(group: number, message: GroupMessage['message']): void {
    try {
      this.#groups.get(group)?.step(message)
    } catch (error) {
      if (!(error instanceof EntriesLost)) throw error
      this.#ports.onFailed(new HeraldError('DATA_DAMAGED', `group ${group}: ${error.message}`))
    }
  }

  wake(group: Group): void {
    this.#awake.add(group)
    this.#awaitTurn()
  }

  /** `onDurable` hears in which write of the log they are: a group that is not added yet must be told. */
  write(records: readonly LogRecord[], onDurable: (write: number) => void): void {
    const onWritten = (number: number): void => {
      for (const record of records) this.#groups.get(record.group)?.log.onWritten(record, number)
      onDurable(number)
    }
    // Publishers are not to wait for what a group writes of its own accord.
    const [first] = records
    const isOwn = first?.kind === 'floor' || first?.kind === 'snapshot'
    this.#writer.write(records.flatMap(encodeRecord), onWritten, isOwn)
  }

  /**
   * Once a second: removes the oldest file of the log, if no group needs it. Those that do write what they have again, where that is little, or where
   * all groups have no more than half of what the files take: so these take about twice what the groups have.
   */
  dropFiles(): void {
    const [oldest, second] = this.#writer.files
    const end = second === undefined ? undefined : numberOf(second)
    if (this.#isDropping || oldest === undefined || end === undefined) return
    const needing = [...this.#groups.values()].filter(({ log }) => log.oldestWrite < end)
    const { segmentBytes, writtenAgainBytes } = this.#limits
    const fileBytes = (this.#writer.files.length - 1) * segmentBytes
    const heldBytes = [...this.#groups.values()].reduce((sum, { log }) => sum + log.dataBytes, 0)
    let bytesLeft = heldBytes * 2 <= fileBytes ? writtenAgainBytesMax : 0
    for (const group of needing) bytesLeft -= group.writeAgain(Math.max(writtenAgainBytes, bytesLeft))
    if (needing.length > 0) return
    this.#isDropping = true
    this.write([{ kind: 'kept', group: 0, from: end }], () => {
      this.#isDropping = false
      this.#writer.forgetOldest()
      this.#ports.disk.remove(oldest)
    })
  }

  send(group: number, message: GroupMessage['message']): void {
    const node = this.#members.nodeOf(message.to)
    if (node === undefined) return
    const waiting = this.#outbox.get(node)
    const parts = encodeMessage({ group, message })
    if (waiting === undefined) this.#outbox.set(node, [parts])
    else waiting.push(parts)
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited || this.#isRunning) return
    this.#isTurnAwaited = true
    this.#ports.endOfTurn(() => {
      this.#isTurnAwaited = false
      this.#inTurn(() => undefined)
    })
  }

  /** Does something, runs every group that this leaves awake, and then sends and writes what has gathered. */
  #inTurn(begin: () => void): void {
    this.#isRunning = true
    begin()
    while (this.#awake.size > 0) {
      const awake = this.#awake
      this.#awake = this.#running
      this.#running = awake
      for (const group of awake) group.run()
      awake.clear()
    }
    this.#ports.onRan()
    for (const [node, messages] of this.#outbox) this.#sendAll(node, messages)
    this.#outbox.clear()
    const beginWrite = this.#beginWrite
    this.#beginWrite = undefined
    beginWrite?.()
    this.#isRunning = false
  }

  #sendAll(node: NodeId, messages: readonly (readonly Uint8Array[])[]): void {
    let parts: Uint8Array[] = []
    let bytes = 0
    for (const message of messages) {
      const messageBytes = message.reduce((sum, { length }) => sum + length, 0)
      if (bytes > 0 && bytes + messageBytes > frameBytesMax) {
        this.#sendFrame(node, parts)
        parts = []
        bytes = 0
      }
      // One by one: the parts of a floor may be more than a call takes arguments.
      for (const part of message) parts.push(part)
      bytes += messageBytes
    }
    if (bytes > 0) this.#sendFrame(node, parts)
  }

  #sendFrame(node: NodeId, parts: readonly Uint8Array[]): void {
    const { allocate, sendFrame } = this.#ports
    const [first, ...others] = cutFrame(joinFrame(parts, allocate), allocate)
    if (first === undefined) return
    if (others.length === 0) sendFrame(node, first)
    else this.#partQueues.send(node, [first, ...others])
  }
}
