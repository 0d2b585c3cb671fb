// The data groups of this node: they begin when META says so, and with the log that they had before; each is brought to the members that the
// roster wants by whoever leads it.

import { Arena } from '../core/common/arena.ts'
import type { Boot, StreamId } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import { type MemberId, nobody } from '../core/raft/quorum.ts'
import { beginLog, beginningRecords, joiningLog } from '../groups/beginning.ts'
import { Group } from '../groups/group.ts'
import type { GroupLog } from '../groups/group-log.ts'
import type { Groups } from '../groups/groups.ts'
import { raftOptions } from '../groups/raft-options.ts'
import { type Cluster, isMeta } from '../meta/cluster.ts'
import { Reshaping } from '../meta/reshaping.ts'
import type { Roster } from '../meta/roster.ts'
import type { DataMachine, DataMachineOptions } from './data-machine.ts'
import { dataPace, type LeaderLimits } from './limits.ts'
import { Reads } from './reads.ts'

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
  readonly callback: (group: DataGroup | undefined) => void
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
    for (const [id, log] of this.#options.logs) if (!isMeta(id)) this.#begin(id, log)
  }

  /** Begins every group that this node is to begin with. */
  onRoster(roster: Roster): void {
    const { member, groups, slabs } = this.#options
    for (const [id, configuration] of roster.groups) {
      const isFirst = configuration.voters.includes(member) || configuration.learners.includes(member)
      if (!isFirst || this.#groups.has(id)) continue
      const log = beginLog(configuration, new Uint8Array(0), new Arena(slabs))
      groups.write(beginningRecords(id, log), () => undefined)
      const { group } = this.#begin(id, log)
      // One need not wait for the others' time to run out.
      if (roster.votersOf(id)[0] === member) group.campaign()
    }
  }

  /**
   * A message is for a group that this node is not in. If it has not heard yet that the group begins, it waits until it has: whoever is to
   * begin with it must know with whom, or nobody would when another one that knew has lost its disk.
   */
  onUnknown(id: number): void {
    const isBegun = this.#options.cluster.roster?.groups.has(id) === true
    if (isBegun) this.#begin(id, joiningLog(new Arena(this.#options.slabs)))
  }

  /** Whether this node has every group that there is, and votes where it is to. */
  hasSettled(roster: Roster): boolean {
    const { member } = this.#options
    return [...roster.groups.keys()].every((id) => {
      const begun = this.#groups.get(id)
      return begun !== undefined && hasSettled(begun.group, member, roster, roster.votersOf(id))
    })
  }

  /** The number of a stream's group; undefined while there is no cluster. */
  numberOf(stream: StreamId): number | undefined {
    return this.#options.cluster.roster?.groupOf(stream)
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

  /** Calls back with the group of a stream once it has begun here; without one if that takes too long. */
  whenBegun(stream: StreamId, callback: (group: DataGroup | undefined) => void): void {
    const group = this.of(stream)
    if (group !== undefined) callback(group)
    else this.#waiting.push({ stream, since: this.#options.now(), callback })
  }

  /** Since when nobody leads the group of a stream, milliseconds; undefined while somebody does. */
  leaderlessSince(stream: StreamId): number | undefined {
    return this.#leaderlessSince.get(this.numberOf(stream) ?? anyGroup)
  }

  tick(): void {
    const { roster } = this.#options.cluster
    if (roster !== undefined) this.#leaderlessSince.delete(anyGroup)
    const members = roster === undefined ? [] : Array.from(roster.members, ({ id }) => id)
    for (const [id, { group, reads, machine, reshaping }] of this.#groups) {
      reads.tick()
      machine.switching?.tick()
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
      if (group === undefined && !isLate) this.#waiting.push(each)
      else each.callback(group)
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

/** Whether a member votes in a group if, and only if, it is to, and the group has nobody who is no member of the cluster any more. */
export function hasSettled(
  { status: { configuration } }: Group,
  member: MemberId,
  roster: Roster,
  voters: readonly MemberId[],
): boolean {
  return (
    configuration.voters.has(member) === voters.includes(member) &&
    configuration.members.every((id) => roster.has(id))
  )
}
