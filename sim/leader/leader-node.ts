// One node of the leader world: the production agent on virtual time, its links, its clock and its disk. Inputs that come while it is
// paused wait and are handled late, in their order.

import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { MemberId } from '../../node/core/raft/quorum.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import { NotePace } from '../../node/core/wal/note-pace.ts'
import { EntryMemory } from '../../node/groups/entry-memory.ts'
import { LogReading } from '../../node/groups/log-reading.ts'
import { GroupRecovery } from '../../node/groups/recovery.ts'
import { LeaderAgent, leaderFrameTypes } from '../../node/leader/agent.ts'
import { leaderLimits } from '../../node/leader/limits.ts'
import { batchFlag, batchOffset, frameType } from '../../node/wire/batch-header.ts'
import { decodeRaftFrame, raftFrameType } from '../../node/wire/raft-frames.ts'
import { CountedSlabs } from '../counted-slabs.ts'
import { Dice } from '../dice.ts'
import { EventLoop } from '../event-loop.ts'
import { noEpochs } from '../idle-leader.ts'
import type { LinkEnd } from '../link.ts'
import { Violation } from '../run.ts'
import { type FoundWrite, SimulatedDisk } from './disk.ts'
import { DurableLog, recordsOf } from './durable-log.ts'
import type { LeaderWorld } from './world.ts'

const secondMs = 1000
/** Most batches stand in slabs, and what is used without being held does not stay as it was. */
export const wipedSlabs = { slabBytes: 65_536, wipes: true } as const
/** What a publication without a place waits for, milliseconds. */
const timeoutMs = 5000

export class LeaderNode implements LinkEnd<Uint8Array> {
  readonly id: NodeId
  readonly #world: LeaderWorld
  readonly #dice: Dice
  readonly #diskDice: Dice
  disk: SimulatedDisk
  /** Of the node over its disk. */
  member: MemberId
  /** What is durable, as the disk says. */
  durable: DurableLog = new DurableLog()
  agent: LeaderAgent | undefined
  slabs: CountedSlabs = new CountedSlabs(wipedSlabs)
  boot: Boot | undefined
  /** What its clock is ahead of the true time, milliseconds. */
  clockAheadMs: number
  readonly #loop = new EventLoop()
  /** How far the delivery log of each replica was looked through. */
  #seen = new Map<Replica, number>()

  constructor(world: LeaderWorld, id: NodeId) {
    this.#world = world
    this.id = id
    const { plan, timeline } = world
    this.#dice = new Dice(plan.seed, `leader node ${id}`)
    this.#diskDice = new Dice(plan.seed, `disk ${id}`)
    this.member = this.#dice.big()
    this.clockAheadMs = this.#dice.between(0, plan.clockSpreadMs)
    this.disk = new SimulatedDisk(timeline, plan, this.#diskDice, (body) => this.#onDurable(body))
  }

  get isAlive(): boolean {
    return this.agent !== undefined
  }

  get isResponsive(): boolean {
    return this.isAlive && !this.#loop.isPaused
  }

  now(): number {
    return this.#world.timeline.now + this.clockAheadMs
  }

  /** While it is down: its disk is empty, and it is another member from then on. */
  loseDisk(): void {
    const { plan, timeline } = this.#world
    this.disk = new SimulatedDisk(timeline, plan, this.#diskDice, (body) => this.#onDurable(body))
    this.durable = new DurableLog()
    this.member = this.#dice.big()
  }

  /** Begins a boot with what is on the disk, as `openLog` does. */
  start(): void {
    if (this.isAlive) return
    let found = this.disk.open()
    if (found.isDamaged) {
      this.#world.tell(`${this.id} finds damage and begins anew`)
      this.loseDisk()
      found = this.disk.open()
    }
    this.disk.adopt(found.writes)
    const boot = this.#dice.big() as Boot
    this.boot = boot
    const slabs = new CountedSlabs(wipedSlabs)
    this.slabs = slabs
    const recovery = this.#recover(found.writes, slabs)
    for (const observer of this.#world.observers) observer.onRecovered?.(this, recovery.logs)
    this.#seen = new Map()
    const agent = new LeaderAgent({
      ...{ node: this.id, boot, slabs, timeoutMs, start: found.start, logs: recovery.logs },
      member: this.member,
      nodes: new Map(this.#world.nodes.map(({ id }) => [id, ''])),
      limits: this.#world.plan.limits,
      random: () => this.#dice.between(0, 1),
      ports: {
        now: () => this.now(),
        endOfTurn: this.#loop.endOfTurn,
        onRan: () => undefined,
        allocate: (bytes) => new Uint8Array(bytes),
        sendFrame: (node, frame) => this.#send(node, frame),
        queuedBytes: (node) => this.#world.network.queuedBytes(this.id, node),
        onDelivered: (replica) => this.#onDelivered(replica),
        onFailed: (cause) => this.#onFailed(boot, cause),
        onVoid: () => undefined,
        onRoster: () => undefined,
        epochs: noEpochs,
        disk: {
          checksum: this.disk.checksum,
          remove: (file) => this.disk.remove(file),
          write: (file, parts, onDone) =>
            this.disk.write(file, parts, (failure) => this.#do(boot, () => onDone(failure))),
        },
      },
    })
    this.agent = agent
    this.#do(boot, () => {
      const late = this.#dice.some(this.#world.definitions, this.#world.plan.lateDefinitions)
      for (const definition of this.#world.definitions)
        if (!late.includes(definition)) agent.define(definition)
      agent.recover()
      for (const { name } of late)
        this.#world.timeline.after(this.#dice.between(10, 3_000), () =>
          this.#do(boot, () => this.#define(name)),
        )
    })
    this.#everySoOften(boot, leaderLimits.tickMs, () => agent.tick())
    this.#noteLog(boot)
    this.#everySoOften(boot, secondMs, () => agent.onSecond())
  }

  #recover(writes: readonly FoundWrite[], slabs: CountedSlabs): GroupRecovery {
    const reading = new LogReading(new GroupRecovery(() => new EntryMemory(slabs)))
    for (const { body, number } of writes) reading.onWrite(body, number)
    const [problem] = reading.problems({ path: this.id, files: [], damages: [], noted: 0 })
    if (problem !== undefined) throw new Violation('recovery', problem)
    return reading.recovery
  }

  #noteLog(boot: Boot): void {
    const notes = new NotePace(this.disk.durable)
    this.#everySoOften(boot, leaderLimits.tickMs, () => {
      const write = notes.tick(1, this.disk.durable)
      if (write !== undefined) this.disk.note(write, () => undefined)
    })
  }

  /** The process is gone; of the write that was under way anything may be there. */
  crash(): void {
    if (!this.isAlive) return
    this.agent = undefined
    this.boot = undefined
    this.#loop.clear()
    this.disk.crash()
    this.#world.network.onCrash(this.id)
    for (const subscriber of this.#world.audience) if (subscriber.node === this) subscriber.onCrash()
  }

  pause(): void {
    this.#loop.pause()
  }

  resume(): void {
    this.#loop.resume()
  }

  /** Runs something in a turn of the node's event loop. */
  do(run: (agent: LeaderAgent) => void): void {
    const { boot } = this
    if (boot === undefined) return
    this.#do(boot, () => {
      if (this.agent !== undefined) run(this.agent)
    })
  }

  /** A stream is defined as it is now. */
  hearOf(name: string): void {
    this.do(() => this.#define(name))
  }

  replicaOf(name: string): Replica | undefined {
    return [...(this.agent?.replicas.values() ?? [])].find((replica) => replica.name === name)
  }

  onLinkUp(peer: NodeId): void {
    this.do((agent) => agent.onPeerUp(peer))
  }

  onLinkDown(peer: NodeId): void {
    this.do((agent) => agent.onPeerDown(peer))
  }

  onLinkRoom(): void {
    this.do((agent) => agent.onPeerWritable())
  }

  /** As the node's peer driver tells frames apart. */
  onLinkMessage(peer: NodeId, frame: Uint8Array): void {
    this.do((agent) => {
      const { tally, timeline } = this.#world
      tally.trace(timeline.now, this.id, peer, frame.length)
      if (leaderFrameTypes.includes(frame[0])) {
        if (!agent.onFrame(peer, frame))
          throw new Error(`${peer} sent ${this.id} a frame that does not parse`)
        return
      }
      const isSubmitted = ((frame[batchOffset.flags] ?? 0) & batchFlag.submitted) !== 0
      if (frame[0] !== frameType.batch || !isSubmitted)
        throw new Error(`${peer} sent ${this.id} a frame that is not of leader mode`)
      tally.count('message submission')
      agent.onSubmitted(peer, frame)
    })
  }

  #send(to: NodeId, frame: Uint8Array): void {
    const { network, commits, observers, tally } = this.#world
    const { boot } = this
    if (frame[0] === raftFrameType && boot !== undefined) {
      const messages = decodeRaftFrame(frame)
      if (messages === undefined) throw new Error(`${this.id} sends a frame that does not parse`)
      for (const { group, message } of messages) {
        const disk = this.durable.group(group)
        tally.count(`message ${message.kind}`)
        for (const observer of observers) observer.onSent?.({ node: this.id, boot, group, message, disk })
        commits.onMessage(this.id, group, message, disk)
      }
    }
    network.send(this.id, to, frame)
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

  #onDelivered(replica: Replica): void {
    const { delivered, entries } = replica
    const { observers, audience } = this.#world
    let at = Math.max(delivered.first, this.#seen.get(replica) ?? 0)
    for (; at < delivered.end; at++) {
      const item = delivered.at(at)
      if (typeof item !== 'number') continue
      for (const observer of observers) observer.onDelivered?.(this, replica, entries.at(item))
    }
    this.#seen.set(replica, at)
    for (const subscriber of audience) if (subscriber.node === this) subscriber.pump()
  }

  #onFailed(boot: Boot, cause: unknown): void {
    const { tell, timeline } = this.#world
    tell(`${this.id} stops: ${cause}`)
    // The process ends at the end of this turn.
    timeline.after(0, () => {
      if (this.boot !== boot) return
      this.crash()
      timeline.after(this.#dice.between(10, 3_000), () => this.start())
    })
  }

  /** The catalog of streams has not come yet. */
  #define(name: string): void {
    const definition = this.#world.definitions.find((each) => each.name === name)
    if (definition !== undefined) this.agent?.define(definition)
  }

  #do(boot: Boot, run: () => void): void {
    this.#loop.do(() => {
      if (this.boot === boot) run()
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
