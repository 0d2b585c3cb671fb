// The data groups of this node: they begin when META says so, and with the log that they had before; each is brought to the members that the
// roster wants by whoever leads it.

import type { Refusal } from '../core/common/errors.ts'
import type { Boot, Origin, StreamId } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import { type MemberId, nobody } from '../core/raft/quorum.ts'
import type { Replica } from '../core/stream/replica.ts'
import { joiningLog } from '../groups/beginning.ts'
import { EntryMemory } from '../groups/entry-memory.ts'
import { Group } from '../groups/group.ts'
import type { GroupLog } from '../groups/group-log.ts'
import { isData } from '../groups/group-numbers.ts'
import type { Groups } from '../groups/groups.ts'
import { raftOptions } from '../groups/raft-options.ts'
import { Reads } from '../groups/reads.ts'
import { beginFromRoster } from '../meta/beginning.ts'
import type { Cluster } from '../meta/cluster.ts'
import { Reshaping } from '../meta/reshaping.ts'
import type { Roster } from '../meta/roster.ts'
import type { DataMachine, DataMachineOptions } from './data-machine.ts'
import type { Ledger } from './ledger.ts'
import { dataPace, type LeaderLimits } from './limits.ts'
import { hasSettled } from './standing.ts'

/** One group on this node. */
export interface DataGroup {
  readonly group: Group
  readonly machine: DataMachine
  readonly reads: Reads
  readonly reshaping: Reshaping
}

export interface DataGroupsOptions {
  readonly boot: Boot
  readonly member: MemberId
  readonly cluster: Cluster
  readonly groups: Groups
  readonly logs: ReadonlyMap<number, GroupLog>
  readonly limits: LeaderLimits
  readonly slabs: SlabPool
  readonly random: () => number
  readonly now: () => number
  /** How many are to vote in a group, as its streams ask for. */
  readonly votersFor: (group: number) => number
  readonly createMachine: (
    id: number,
    parts: Pick<DataMachineOptions, 'log' | 'reads' | 'propose'>,
  ) => DataMachine
}

/** Stands for all groups, while it is not known which there are. */
const anyGroup = 0
/** Who waits for a group to begin waits so long, milliseconds; a read waits as long for a leader. */
const waitsMs = 2000

interface Waiting {
  readonly stream: StreamId
  readonly since: number
  readonly callback: (isCurrent: boolean) => void
}

export class DataGroups {
  readonly #options: DataGroupsOptions
  readonly #groups = new Map<number, DataGroup>()
  /** Since when no leader is known, by group, milliseconds. */
  readonly #leaderlessSince = new Map<number, number>()
  #waiting: Waiting[] = []

  constructor(options: DataGroupsOptions) {
    this.#options = options
  }

  get all(): IterableIterator<DataGroup> {
    return this.#groups.values()
  }

  /** Goes on with every group that the log on disk has. */
  recover(): void {
    for (const [id, log] of this.#options.logs) if (isData(id)) this.#begin(id, log)
  }

  /** Begins every group that this node is to begin with. */
  onRoster(roster: Roster): void {
    for (const id of roster.groups.keys())
      if (isData(id) && !this.#groups.has(id))
        beginFromRoster(roster, id, this.#options, (log) => this.#begin(id, log).group)
  }

  /**
   * A message is for a group that this node is not in. If it has not heard yet that the group begins, it waits until it has: whoever is to
   * begin with it must know with whom, or nobody would when another one that knew has lost its disk.
   */
  onUnknown(id: number): void {
    const isBegun = this.#options.cluster.roster?.groups.has(id) === true
    if (isBegun) this.#begin(id, joiningLog(new EntryMemory(this.#options.slabs)))
  }

  /** Whether this node has every group that there is, and votes where it is to. */
  hasSettled(roster: Roster): boolean {
    const { member } = this.#options
    return [...roster.groups.keys()].filter(isData).every((id) => {
      const begun = this.#groups.get(id)
      return begun !== undefined && hasSettled(begun.group, member, roster, roster.votersOf(id))
    })
  }

  /** How far every origin has its places on the streams that are, or were, in leader mode. */
  *placed(): Generator<{ readonly stream: string; readonly origin: Origin; readonly to: number }> {
    for (const { machine } of this.all)
      for (const [id, { definition }] of machine.ledger.streams)
        for (const [origin, to] of machine.ledger.fenceOf(id)) yield { stream: definition.name, origin, to }
  }

  /** The number of a stream's group; undefined while there is no cluster. */
  numberOf(stream: StreamId): number | undefined {
    return this.#options.cluster.roster?.groupOf(stream)
  }

  /** What the group of a stream has agreed on; undefined where it has not begun here. */
  ledgerOf(stream: StreamId): Ledger | undefined {
    return this.#groups.get(this.numberOf(stream) ?? anyGroup)?.machine.ledger
  }

  /** The group of a stream; undefined where it has not begun here, and then it is asked for. */
  of(stream: StreamId): DataGroup | undefined {
    const number = this.numberOf(stream)
    const found = number === undefined ? undefined : this.#groups.get(number)
    if (found !== undefined) return found
    this.#beLeaderless(number ?? anyGroup)
    if (number !== undefined) this.#options.cluster.want(number)
    return undefined
  }

  /** Calls back once this node has everything of a stream that had its place by now; or when nobody could say for too long. */
  whenCurrent(stream: StreamId, callback: (isCurrent: boolean) => void): void {
    const waiting = { stream, since: this.#options.now(), callback }
    const group = this.of(stream)
    if (group === undefined) this.#waiting.push(waiting)
    else group.reads.ask(callback, waiting.since)
  }

  /** Why a stream takes nothing: nobody has led its group for too long, as far as this node knows. */
  leaderProblem({ stream, name }: Pick<Replica, 'stream' | 'name'>): Refusal<'NO_LEADER'> | undefined {
    const { now, limits } = this.#options
    const since = this.#leaderlessSince.get(this.numberOf(stream) ?? anyGroup)
    if (since === undefined || now() - since < limits.refusesAfterMs) return undefined
    const forMs = Math.round(now() - since)
    return { refused: 'NO_LEADER', reason: `stream ${name} has had no leader for ${forMs} ms` }
  }

  tick(): void {
    const { cluster, votersFor } = this.#options
    const { roster } = cluster
    if (roster !== undefined) this.#leaderlessSince.delete(anyGroup)
    const members = roster === undefined ? [] : roster.staying.map(({ id }) => id)
    for (const [id, { group, reads, machine, reshaping }] of this.#groups) {
      reads.tick()
      machine.switching?.tick()
      if (group.isLeading) cluster.wantVoters(id, votersFor(id))
      if (roster !== undefined) reshaping.look({ voters: roster.votersOf(id), members })
      if (group.status.leader === nobody) this.#beLeaderless(id)
      else this.#leaderlessSince.delete(id)
    }
    this.#goOnWaiting()
  }

  #goOnWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) {
      const group = this.of(each.stream)
      const isLate = this.#options.now() - each.since > waitsMs
      if (group !== undefined) group.reads.ask(each.callback, each.since)
      else if (isLate) each.callback(false)
      else this.#waiting.push(each)
    }
  }

  #beLeaderless(group: number): void {
    if (!this.#leaderlessSince.has(group)) this.#leaderlessSince.set(group, this.#options.now())
  }

  #begin(id: number, log: GroupLog): DataGroup {
    const { boot, member, random, limits, groups, now, createMachine } = this.#options
    const reads = new Reads(boot, now, (request) => {
      this.#groups.get(id)?.group.read(request)
    })
    const propose = (data: Uint8Array): void => this.#groups.get(id)?.group.propose(data)
    const machine = createMachine(id, { log, reads, propose })
    const raft = raftOptions(member, random, dataPace, limits)
    const group = new Group({ id, log, raft, machine, ports: groups })
    const begun = { group, machine, reads, reshaping: new Reshaping(group) }
    this.#groups.set(id, begun)
    groups.add(group)
    return begun
  }
}
