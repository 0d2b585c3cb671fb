// One member of a group of three, with everything around it in the hands of a test: what it sends and writes are lists, a write is
// durable when the test says so, and the other two members say what the test lets them.

import assert from 'node:assert/strict'
import type { SlabPool } from '../../node/core/common/slabs.ts'
import { type ConfigurationRecord, emptyConfiguration } from '../../node/core/raft/configuration.ts'
import type { LogEntry, Snapshot } from '../../node/core/raft/entry.ts'
import type { AppendRequest } from '../../node/core/raft/messages.ts'
import type { RaftOptions } from '../../node/core/raft/options.ts'
import type { RaftStatus } from '../../node/core/raft/raft.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { Group, type GroupPorts } from '../../node/groups/group.ts'
import { GroupLog } from '../../node/groups/group-log.ts'
import type { Floor, Machine } from '../../node/groups/machine.ts'
import { raftOptions } from '../../node/groups/raft-options.ts'
import { dataPace, leaderLimits } from '../../node/leader/limits.ts'
import type { LogRecord } from '../../node/wire/log-records.ts'
import { decodeRaftFrame, encodeMessage, joinFrame, type RaftMessage } from '../../node/wire/raft-frames.ts'

export const configuration: ConfigurationRecord = { ...emptyConfiguration, voters: [1, 2, 3] }

/** Keeps what it is told. */
export class RecordingMachine implements Machine {
  readonly applied: LogEntry[] = []
  readonly texts: string[] = []
  readonly restored: string[] = []
  /** Roles that it heard of, with `leading` where it may propose. */
  readonly leaderships: string[] = []
  readonly reads: [number, number][] = []
  floor: Floor | undefined = undefined

  apply(entries: readonly LogEntry[]): void {
    this.applied.push(...entries)
    for (const { data } of entries) if (data.length > 0) this.texts.push(Buffer.from(data).toString())
  }

  restore({ data }: Snapshot): void {
    this.restored.push(Buffer.from(data).toString())
  }

  floorAt(): Floor | undefined {
    return this.floor
  }

  onLeadership({ role }: RaftStatus, isLeading: boolean): void {
    this.leaderships.push(isLeading ? `${role}, leading` : role)
  }

  onRead(request: number, index: number): void {
    this.reads.push([request, index])
  }
}

export class TestGroup implements GroupPorts {
  readonly machine: RecordingMachine = new RecordingMachine()
  readonly log: GroupLog
  readonly group: Group
  sent: RaftMessage[] = []
  /** What was sent and `settle` has not answered. */
  #unanswered: RaftMessage[] = []
  /** Writes that are not durable yet. */
  readonly writes: { readonly records: readonly LogRecord[]; readonly onDurable: () => void }[] = []
  #isAwake = false

  constructor(options: Partial<RaftOptions> = {}, log?: GroupLog, slabs?: SlabPool) {
    const floor = { index: 0, term: 0, configuration, data: new Uint8Array(0) }
    this.log = log ?? new GroupLog(floor, new EntryMemory(slabs))
    const raft = { ...raftOptions(1, () => 0, dataPace, leaderLimits), ...options }
    this.group = new Group({ id: 7, log: this.log, raft, machine: this.machine, ports: this })
    this.group.begin()
  }

  /** Keeps a message as it is on the wire. */
  send(group: number, message: RaftMessage): void {
    const frame = joinFrame(encodeMessage({ group, message }), (bytes) => new Uint8Array(bytes))
    const [read] = decodeRaftFrame(frame) ?? []
    assert.deepEqual([read?.group, read?.message.kind], [7, message.kind])
    if (read !== undefined) this.sent.push(read.message)
  }

  write(records: readonly LogRecord[], onDurable: () => void): void {
    this.writes.push({ records, onDurable })
  }

  wake(): void {
    this.#isAwake = true
  }

  /** The turn ends. Returns what was sent in it, and forgets that. */
  turn(): RaftMessage[] {
    while (this.#isAwake) {
      this.#isAwake = false
      this.group.run()
    }
    const { sent } = this
    this.sent = []
    this.#unanswered.push(...sent)
    return sent
  }

  /** The oldest write is durable. Returns what is sent for that. */
  finish(): RaftMessage[] {
    const write = this.writes.shift()
    assert.ok(write, 'something is being written')
    write.onDurable()
    return this.turn()
  }

  /** A message comes. Returns what is sent for it in the turn. */
  step(message: RaftMessage): RaftMessage[] {
    this.group.step(message)
    return this.turn()
  }

  tick(count: number): RaftMessage[] {
    for (let done = 0; done < count; done++) this.group.tick()
    return this.turn()
  }

  /** Everything is durable, and the other members say yes to what they were sent, until there is nothing more. */
  settle(voices: readonly number[] = [2, 3]): void {
    this.turn()
    while (this.#unanswered.length > 0 || this.writes.length > 0) {
      const messages = this.#unanswered
      this.#unanswered = []
      for (const message of messages)
        if (voices.includes(message.to)) for (const answer of answerTo(message)) this.step(answer)
      while (this.writes.length > 0) this.finish()
    }
  }

  /** Makes this member the leader, by the votes of the others. */
  lead(): void {
    for (let tick = 0; tick < 40 && this.group.status.role !== 'leader'; tick++) {
      this.group.tick()
      this.settle()
    }
    assert.equal(this.group.status.role, 'leader')
    assert.ok(this.group.isLeading)
  }
}

/** What a member says that has all and agrees to all. */
export function answerTo(message: RaftMessage): RaftMessage[] {
  const { from: to, to: from } = message
  if (!('term' in message)) return []
  const { term } = message
  switch (message.kind) {
    case 'pre-vote':
      return [{ kind: 'pre-vote-answer', from, to, term, isGranted: true, last: message.last }]
    case 'vote':
      return [{ kind: 'vote-answer', from, to, term, isGranted: true, last: message.last }]
    case 'append': {
      const index = message.previous.index + message.entries.length
      return [{ kind: 'append-answer', from, to, term, index, hint: undefined }]
    }
    case 'heartbeat':
      return [{ kind: 'heartbeat-answer', from, to, term, round: message.round }]
    default:
      return []
  }
}

/** Records of some writes, by their kind, with the texts of entries. */
export function summaryOf(records: readonly LogRecord[]): string[] {
  return records.map((record) => {
    if (record.kind === 'floor' || record.kind === 'snapshot')
      return `${record.kind} ${record.snapshot.index}`
    if (record.kind === 'hard-state') return `state ${Object.values(record.hardState).join('/')}`
    if (record.kind === 'kept') return `kept ${record.from}`
    return `entries ${record.entries.map(({ data, change }) => (change ? 'change' : Buffer.from(data))).join(' ')}`
  })
}

/** An append of the leader 2 in term 1, behind an index whose entry is of term 1. */
export function append(previous: number, commit: number, ...texts: readonly string[]): AppendRequest {
  const entries = texts.map((each, nth) => ({
    ...{ term: 1, index: previous + 1 + nth },
    ...{ data: Buffer.from(each), change: undefined },
  }))
  const position = { term: previous === 0 ? 0 : 1, index: previous }
  return { kind: 'append', from: 2, to: 1, term: 1, previous: position, entries, commit }
}

/** A follower of leader 2 that has some entries, all durable. */
export function follower(...texts: readonly string[]): TestGroup {
  const test = new TestGroup()
  test.step(append(0, 0, ...texts))
  while (test.writes.length > 0) test.finish()
  return test
}

export function kindsOf(messages: readonly RaftMessage[]): string[] {
  return messages.map(({ kind }) => kind)
}
