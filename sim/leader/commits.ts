// What is committed in every group, by the rule of the paper (Raft §5.4.2) and nothing else: an entry of a leader's own term that a
// majority has acknowledged in that term, and everything before it. Acknowledgements count where the disk has what they say.

import type { NodeId } from '../../node/core/common/ids.ts'
import { applyChange, restoreMembership } from '../../node/core/raft/change.ts'
import { Configuration } from '../../node/core/raft/configuration.ts'
import type { Snapshot } from '../../node/core/raft/entry.ts'
import type { MemberId } from '../../node/core/raft/quorum.ts'
import type { RaftMessage } from '../../node/wire/raft-frames.ts'
import { Violation } from '../run.ts'
import type { DurableEntry, DurableGroup } from './durable-log.ts'

const context = { lastIndex: 1, limits: { messages: 1, bytes: 1 } } as const

interface Acknowledged {
  readonly index: number
  /** The disk that has it. */
  readonly disk: DurableGroup
}

/** A group, as everybody together has it. */
export class GroupCommits {
  /** Committed entries; the entry of index i stands at i - 1. The first one stands for the floor that the group began with. */
  readonly entries: DurableEntry[] = []
  /** Who leads in each term. */
  readonly leaders: Map<number, NodeId> = new Map()
  /** By term and member: the last index of that term that it acknowledged. */
  readonly acknowledged: Map<number, Map<MemberId, Acknowledged>> = new Map()
  /** Members behind every committed change, in the order of the log. */
  readonly #changes: {
    readonly index: number
    readonly term: number
    readonly configuration: Configuration
  }[] = []

  /** Index of the last committed entry; 0 while there is none. */
  get last(): number {
    return this.entries.length
  }

  /** Members as of the last committed change. */
  get configuration(): Configuration | undefined {
    return this.#changes.at(-1)?.configuration
  }

  /**
   * What a majority has acknowledged in a term: of the members of the last change that its leader can have in its log, or of those before, since it
   * may not have applied the last.
   */
  committedIn(term: number): number {
    const matches = this.acknowledged.get(term)
    const known = this.#changes.filter((change) => change.term <= term).slice(-2)
    const indexes = known.map(({ configuration: { voters, outgoing } }) => {
      return Math.min(...[voters, outgoing].map((half) => majorityHas(half, matches)))
    })
    return Math.max(0, ...indexes)
  }

  change(entry: DurableEntry): void {
    const now = this.configuration
    if (entry.change === undefined || now === undefined) return
    const { configuration } = applyChange(restoreMembership(now.toRecord(), context), entry.change, context)
    this.#changes.push({ index: entry.index, term: entry.term, configuration })
  }

  begin(index: number, term: number, configuration: Configuration): void {
    this.#changes.push({ index, term, configuration })
  }

  /** Members behind a committed entry. */
  configurationAt(index: number): Configuration | undefined {
    return this.#changes.findLast((change) => change.index <= index)?.configuration
  }
}

/** What more than half of some voters have; anything, where there are none. */
function majorityHas(
  voters: ReadonlySet<MemberId>,
  matches: ReadonlyMap<MemberId, Acknowledged> | undefined,
): number {
  if (voters.size === 0) return Number.POSITIVE_INFINITY
  const indexes = Array.from(voters, (id) => matches?.get(id)?.index ?? 0)
  const had = indexes.filter((index) => indexes.filter((each) => each >= index).length * 2 > voters.size)
  return Math.max(0, ...had)
}

export class Commits {
  readonly #onCommitted: (group: number, entry: DurableEntry) => void
  readonly groups: Map<number, GroupCommits> = new Map()

  /** `onCommitted` hears of every entry once, in order. */
  constructor(onCommitted: (group: number, entry: DurableEntry) => void) {
    this.#onCommitted = onCommitted
  }

  group(id: number): GroupCommits {
    let group = this.groups.get(id)
    if (group === undefined) {
      group = new GroupCommits()
      this.groups.set(id, group)
    }
    return group
  }

  /** Whether somebody was in a group, and is in none any more by what is committed. */
  isFormer(member: MemberId): boolean {
    const groups = [...this.groups.values()]
    return groups.every(({ configuration }) => configuration?.members.includes(member) !== true)
  }

  /** Somebody has begun a group with this floor. */
  onBegun(id: number, { configuration, index, term, data }: Snapshot): void {
    const group = this.group(id)
    if (group.last > 0) return
    group.begin(index, term, new Configuration(configuration))
    for (let at = 1; at <= index; at++)
      this.#add(id, group, { index: at, term, data, checksum: 0, change: undefined })
  }

  /** A node sends a message while its disk has this. */
  onMessage(node: NodeId, id: number, message: RaftMessage, disk: DurableGroup): void {
    const group = this.group(id)
    if (message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot') {
      if (!group.leaders.has(message.term)) group.leaders.set(message.term, node)
      this.#acknowledgeOwn(message.from, id, disk, message.term)
    } else if (message.kind === 'append-answer' && message.hint === undefined)
      this.#acknowledge(message.from, id, disk, message.term, message.index)
  }

  /** A node's disk has more of a group: what it leads counts as acknowledged by itself. */
  onDurable(node: NodeId, member: MemberId, id: number, disk: DurableGroup): void {
    const { leaders, configuration } = this.group(id)
    // Who is alone says nothing to anybody: it leads when its own vote is durable.
    const isAlone = configuration?.electors.length === 1 && configuration.electors[0] === member
    if (isAlone && disk.hardState.vote === member) leaders.set(disk.hardState.term, node)
    const term = disk.termAt(disk.last)
    if (term !== undefined && leaders.get(term) === node) this.#acknowledgeOwn(member, id, disk, term)
  }

  #acknowledgeOwn(member: MemberId, id: number, disk: DurableGroup, term: number): void {
    if (disk.termAt(disk.last) === term) this.#acknowledge(member, id, disk, term, disk.last)
  }

  #acknowledge(member: MemberId, id: number, disk: DurableGroup, term: number, index: number): void {
    // Entries of earlier terms become committed with one of this term, never by being counted (Raft figure 8).
    if (index === 0 || disk.termAt(index) !== term) return
    const group = this.group(id)
    const inTerm = group.acknowledged.get(term) ?? new Map<MemberId, Acknowledged>()
    group.acknowledged.set(term, inTerm)
    if ((inTerm.get(member)?.index ?? 0) >= index) return
    inTerm.set(member, { index, disk })
    // A change of members that becomes committed may make what the new ones acknowledged before enough for more.
    for (let committed = 0; committed < group.committedIn(term); ) {
      committed = group.committedIn(term)
      const { disk: having = disk } = [...inTerm.values()].find((each) => each.index >= committed) ?? {}
      this.#commit(id, group, committed, having)
    }
  }

  #commit(id: number, group: GroupCommits, index: number, disk: DurableGroup): void {
    const known = group.entries[index - 1]
    if (known !== undefined && disk.floorIndex <= index && known.term !== disk.termAt(index))
      throw new Violation('leader completeness', `group ${id}: two entries ${index} are committed`)
    for (let next = group.last + 1; next <= index; next++) {
      const entry = disk.entries.get(next)
      if (entry === undefined)
        throw new Violation('leader completeness', `group ${id}: ${next} is committed now, and compacted`)
      this.#add(id, group, entry)
    }
  }

  #add(id: number, group: GroupCommits, entry: DurableEntry): void {
    group.entries.push(entry)
    group.change(entry)
    this.#onCommitted(id, entry)
  }
}
