// What a node keeps over restarts beside its catalog: its log on a simulated disk, and as which member it wrote it. Whoever watches hears of
// every record that becomes durable, and of every message before it leaves, with what the disk has then.

import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { SlabPool } from '../../node/core/common/slabs.ts'
import type { MemberId } from '../../node/core/raft/quorum.ts'
import { NotePace } from '../../node/core/wal/note-pace.ts'
import type { LogStart } from '../../node/core/wal/writer.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import type { GroupLog } from '../../node/groups/group-log.ts'
import { LogReading } from '../../node/groups/log-reading.ts'
import { GroupRecovery } from '../../node/groups/recovery.ts'
import { decodeRaftFrame, raftFrameType } from '../../node/wire/raft-frames.ts'
import { Dice } from '../dice.ts'
import { Violation } from '../run.ts'
import { type FoundWrite, SimulatedDisk } from './disk.ts'
import { DurableLog, recordsOf } from './durable-log.ts'
import type { LogWorld } from './log-world.ts'

/** What a boot begins with. */
export interface OpenedLog {
  readonly start: LogStart
  readonly logs: Map<number, GroupLog>
}

export class NodeStorage {
  readonly id: NodeId
  readonly #world: LogWorld
  readonly #drawMember: () => MemberId
  readonly #diskDice: Dice
  disk: SimulatedDisk
  /** Of the node over its disk. */
  member: MemberId
  /** What is durable, as the disk says. */
  durable: DurableLog = new DurableLog()

  constructor(world: LogWorld, id: NodeId, drawMember: () => MemberId) {
    this.#world = world
    this.id = id
    this.#drawMember = drawMember
    this.#diskDice = new Dice(world.plan.seed, `disk ${id}`)
    this.member = drawMember()
    this.disk = this.#createDisk()
  }

  /** While the node is down: the disk is empty, and it is another member from then on. */
  lose(): void {
    this.disk = this.#createDisk()
    this.durable = new DurableLog()
    this.member = this.#drawMember()
  }

  /** As `openLog` does: where something cannot be read, the node begins anew. */
  open(slabs: SlabPool): OpenedLog {
    let found = this.disk.open()
    if (found.isDamaged) {
      this.#world.tell(`${this.id} finds damage and begins anew`)
      this.#world.tally.count('logs found damaged')
      this.lose()
      found = this.disk.open()
    }
    this.disk.adopt(found.writes)
    const { logs } = this.#recover(found.writes, slabs)
    for (const observer of this.#world.observers) observer.onRecovered?.(this, logs)
    return { start: found.start, logs }
  }

  /** What notes, tick by tick, how far the log goes. */
  noting(): () => void {
    const { disk } = this
    const notes = new NotePace(disk.durable)
    return () => {
      const write = notes.tick(1, disk.durable)
      if (write !== undefined) disk.note(write, () => undefined)
    }
  }

  /** A boot is about to send a frame. */
  onFrame(boot: Boot | undefined, frame: Uint8Array): void {
    if (frame[0] !== raftFrameType || boot === undefined) return
    const { commits, observers, tally } = this.#world
    const messages = decodeRaftFrame(frame)
    if (messages === undefined) throw new Error(`${this.id} sends a frame that does not parse`)
    for (const { group, message } of messages) {
      const disk = this.durable.group(group)
      tally.count(`message ${message.kind}`)
      for (const observer of observers) observer.onSent?.({ node: this.id, boot, group, message, disk })
      commits.onMessage(this.id, group, message, disk)
    }
  }

  #createDisk(): SimulatedDisk {
    const { timeline, plan } = this.#world
    return new SimulatedDisk(timeline, plan, this.#diskDice, (body) => this.#onDurable(body))
  }

  #recover(writes: readonly FoundWrite[], slabs: SlabPool): GroupRecovery {
    const reading = new LogReading(new GroupRecovery(() => new EntryMemory(slabs)))
    for (const { body, number } of writes) reading.onWrite(body, number)
    const [problem] = reading.problems({ path: this.id, files: [], damages: [], noted: 0 })
    if (problem !== undefined) throw new Violation('recovery', problem)
    return reading.recovery
  }

  #onDurable(body: Uint8Array): void {
    const { commits, observers, tally, timeline } = this.#world
    tally.count('disk writes')
    tally.trace(timeline.now, this.id, 'durable', body.length)
    const groups = new Set<number>()
    for (const record of recordsOf(body)) {
      if (record.kind === 'kept') continue
      const disk = this.durable.group(record.group)
      const entries = disk.apply(record)
      if (record.kind === 'snapshot') commits.onBegun(record.group, record.snapshot)
      groups.add(record.group)
      for (const observer of observers) observer.onDurable?.({ node: this.id, record, disk, entries })
    }
    for (const group of groups) commits.onDurable(this.id, this.member, group, this.durable.group(group))
  }
}
