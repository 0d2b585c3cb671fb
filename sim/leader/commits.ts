// What is committed in every group, by the rule of the paper (Raft §5.4.2) and nothing else: an entry of a leader's own term that a
// majority has acknowledged in that term, and everything before it. Acknowledgements count where the disk has what they say.

import type { NodeId } from '../../node/core/common/ids.ts'
import { majority } from '../../node/core/raft/quorum.ts'
import type { Placement } from '../../node/leader/placement.ts'
import type { RaftMessage } from '../../node/wire/raft-frames.ts'
import { Violation } from '../run.ts'
import type { DurableEntry, DurableGroup } from './durable-log.ts'

/** A group, as everybody together has it. */
export class GroupCommits {
  /** Committed entries; the entry of index i stands at i - 1. */
  readonly entries: DurableEntry[] = []
  /** Who leads in each term. */
  readonly leaders: Map<number, NodeId> = new Map()
  /** By term and node: the last index of that term that it acknowledged. */
  readonly acknowledged: Map<number, Map<NodeId, number>> = new Map()

  /** Index of the last committed entry; 0 while there is none. */
  get last(): number {
    return this.entries.length
  }
}

export class Commits {
  readonly #placement: Placement
  readonly #onCommitted: (group: number, entry: DurableEntry) => void
  readonly groups: Map<number, GroupCommits> = new Map()

  /** `onCommitted` hears of every entry once, in order. */
  constructor(placement: Placement, onCommitted: (group: number, entry: DurableEntry) => void) {
    this.#placement = placement
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

  /** A node sends a message while its disk has this. */
  onMessage(node: NodeId, id: number, message: RaftMessage, disk: DurableGroup): void {
    const group = this.group(id)
    if (message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot') {
      if (!group.leaders.has(message.term)) group.leaders.set(message.term, node)
      this.#acknowledgeOwn(node, id, disk, message.term)
    } else if (message.kind === 'append-answer' && message.hint === undefined)
      this.#acknowledge(node, id, disk, message.term, message.index)
  }

  /** A node's disk has more of a group: what it leads counts as acknowledged by itself. */
  onDurable(node: NodeId, id: number, disk: DurableGroup): void {
    const { leaders } = this.group(id)
    // Who is alone says nothing to anybody: it leads when its own vote is durable.
    const isAlone = this.#placement.configurationOf(id).voters.length === 1
    if (isAlone && disk.hardState.vote > 0) leaders.set(disk.hardState.term, node)
    const term = disk.termAt(disk.last)
    if (term !== undefined && leaders.get(term) === node) this.#acknowledgeOwn(node, id, disk, term)
  }

  #acknowledgeOwn(node: NodeId, id: number, disk: DurableGroup, term: number): void {
    if (disk.termAt(disk.last) === term) this.#acknowledge(node, id, disk, term, disk.last)
  }

  #acknowledge(node: NodeId, id: number, disk: DurableGroup, term: number, index: number): void {
    // Entries of earlier terms become committed with one of this term, never by being counted (Raft figure 8).
    if (index === 0 || disk.termAt(index) !== term) return
    const group = this.group(id)
    const inTerm = group.acknowledged.get(term) ?? new Map<NodeId, number>()
    group.acknowledged.set(term, inTerm)
    if ((inTerm.get(node) ?? 0) >= index) return
    inTerm.set(node, index)
    const { voters } = this.#placement.configurationOf(id)
    const matches = voters
      .map((member) => inTerm.get(this.#placement.nodeOf(member) as NodeId) ?? 0)
      .sort((a, b) => b - a)
    const committed = Math.min(matches[majority(voters.length) - 1] ?? 0, index)
    if (committed > 0) this.#commit(id, group, committed, disk)
  }

  #commit(id: number, group: GroupCommits, index: number, disk: DurableGroup): void {
    const known = group.entries[index - 1]
    if (known !== undefined && disk.floorIndex <= index && known.term !== disk.termAt(index))
      throw new Violation('leader completeness', `group ${id}: two entries ${index} are committed`)
    for (let next = group.last + 1; next <= index; next++) {
      const entry = disk.entries.get(next)
      if (entry === undefined)
        throw new Violation('leader completeness', `group ${id}: ${next} is committed now, and compacted`)
      group.entries.push(entry)
      this.#onCommitted(id, entry)
    }
  }
}
