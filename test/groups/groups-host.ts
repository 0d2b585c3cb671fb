// The groups of one node over a disk and a turn that a test ends.

import assert from 'node:assert/strict'
import type { NodeId } from '../../node/core/common/ids.ts'
import { chainStart } from '../../node/core/wal/write-format.ts'
import { Group } from '../../node/groups/group.ts'
import { GroupLog } from '../../node/groups/group-log.ts'
import { Groups } from '../../node/groups/groups.ts'
import { raftOptions } from '../../node/groups/raft-options.ts'
import { dataPace, leaderLimits } from '../../node/leader/limits.ts'
import {
  decodeRaftFrame,
  encodeMessage,
  type GroupMessage,
  joinFrame,
  type RaftMessage,
} from '../../node/wire/raft-frames.ts'
import { MemoryDisk } from '../core/wal/memory-disk.ts'
import { configuration, RecordingMachine } from './test-group.ts'

/** The groups of node A, member 1, of some numbers. B and C are members 2 and 3. */
export class GroupsHost {
  readonly disk: MemoryDisk = new MemoryDisk()
  readonly groups: Groups
  readonly machines: Map<number, RecordingMachine> = new Map()
  /** Frames that were sent: to whom, and what. */
  sent: [NodeId, Uint8Array][] = []
  /** How much was sent already when the groups had done what there was to do, by turn. */
  readonly sentWhenRun: number[] = []
  readonly failures: unknown[] = []
  /** What waits on every link; undefined where there is none. */
  queuedBytes: number | undefined = 0
  /** Groups that messages came for and that were not there. */
  readonly unknown: number[] = []
  #turn: (() => void)[] = []

  constructor(...ids: readonly number[]) {
    this.groups = new Groups(
      {
        disk: this.disk.ports,
        endOfTurn: (callback) => this.#turn.push(callback),
        onRan: () => this.sentWhenRun.push(this.sent.length),
        queuedBytes: () => this.queuedBytes,
        sendFrame: (node, frame) => this.sent.push([node, frame]),
        allocate: (bytes) => new Uint8Array(bytes).fill(0xab),
        onFailed: (cause) => this.failures.push(cause),
      },
      { file: undefined, bytes: 0, next: chainStart(1) },
      { ...leaderLimits, segmentBytes: 1_000_000, waitingBytesMax: 1000 },
      {
        own: 1,
        onHeard: () => undefined,
        nodeOf: (member) => ['A', 'B', 'C'][member - 1] as NodeId | undefined,
        onUnknown: (group) => {
          this.unknown.push(group)
          if (group === 5) this.#add(group)
        },
      },
    )
    for (const id of ids) this.#add(id)
    this.endTurn()
  }

  endTurn(): void {
    const turn = this.#turn
    this.#turn = []
    for (const callback of turn) callback()
  }

  #add(id: number): void {
    const machine = new RecordingMachine()
    const log = new GroupLog({ index: 0, term: 0, configuration, data: new Uint8Array(0) })
    const raft = raftOptions(1, () => 0, dataPace, leaderLimits)
    this.machines.set(id, machine)
    this.groups.add(new Group({ id, log, raft, machine, ports: this.groups }))
  }

  /** Frames sent since the last call, decoded. */
  take(): [string, readonly GroupMessage[]][] {
    const { sent } = this
    this.sent = []
    return sent.map(([node, frame]) => [node, decodeRaftFrame(frame) ?? assert.fail('a sound frame')])
  }

  /** A frame with messages comes, and the turn ends. */
  receive(...messages: readonly GroupMessage[]): void {
    assert.ok(
      this.groups.onFrame(
        'B' as NodeId,
        joinFrame(messages.flatMap(encodeMessage), (bytes) => new Uint8Array(bytes)),
      ),
    )
    this.endTurn()
  }
}

export function append(previous: number, text: string): RaftMessage {
  const position = { term: previous === 0 ? 0 : 1, index: previous }
  const entries = [{ term: 1, index: previous + 1, data: Buffer.from(text) }]
  return { kind: 'append', from: 2, to: 1, term: 1, previous: position, entries, commit: 0 }
}
