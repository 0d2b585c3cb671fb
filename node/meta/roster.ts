// Who is in the cluster, and which groups it has: what the META group agrees on. It follows from that group's entries alone, so that every
// member has the same behind the same entry.

import type { NodeId, StreamId } from '../core/common/ids.ts'
import type { ConfigurationRecord } from '../core/raft/configuration.ts'
import { emptyConfiguration } from '../core/raft/configuration.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import { nameGroup } from '../groups/group-numbers.ts'
import { byWeight } from './placement.ts'

/** More groups than this would cost heartbeats and spread nothing any more. */
const groupsMax = 10
/** Who decides in a group where nothing else was asked for; everybody else learns. */
const votersAtFirst = 3
/** META's voters: it is to live where data groups do, so it has more of them where there are enough nodes. */
const metaVoters = 5
/** Those that were members and are not any more, remembered to say so. */
const formerMax = 64

/** A node with its data directory: whoever loses that comes back as another member. */
export interface RosterMember {
  readonly id: MemberId
  readonly node: NodeId
  /** `HOST:PORT` of its peers. */
  readonly address: string
}

/** What an entry of META asks for. */
export type RosterCommand =
  /** A node is a member from now on, in place of what it was before under this name. */
  | { readonly op: 'join'; readonly member: RosterMember }
  /** A node is to leave: it gets no place in any group any more, and stays until all have let it go. */
  | { readonly op: 'leave'; readonly node: NodeId }
  /** All groups have let go of a member that is leaving. */
  | { readonly op: 'left'; readonly id: MemberId }
  /** A data group begins, with those that are members now; or is to have so many voters from now on. */
  | { readonly op: 'group'; readonly group: number; readonly voters?: number | undefined }

export class Roster {
  readonly groupCount: number
  readonly #members = new Map<MemberId, RosterMember>()
  /** Members that are leaving. */
  readonly #leaving = new Set<MemberId>()
  readonly #former = new Map<MemberId, NodeId>()
  /** Data groups that have begun, and whom each began with. */
  readonly groups: Map<number, ConfigurationRecord> = new Map()
  /** How many are to vote in a group, where that was ever asked for. */
  readonly #voterCounts = new Map<number, number>()
  /** Who is to vote, by group, META's as 0: asked for at every tick, and hashed anew only when something has changed. */
  readonly #voters = new Map<number, readonly MemberId[]>()

  constructor(groupCount: number, members: Iterable<RosterMember>) {
    this.groupCount = groupCount
    for (const member of members) this.#members.set(member.id, member)
  }

  /** The roster of a cluster that begins. */
  static found(nodeCount: number, members: Iterable<RosterMember>): Roster {
    return new Roster(Math.min(nodeCount, groupsMax), members)
  }

  /** Everybody, those that are leaving as well. */
  get members(): Iterable<RosterMember> {
    return this.#members.values()
  }

  /** Those that are to be in groups. */
  get staying(): RosterMember[] {
    return [...this.members].filter(({ id }) => !this.#leaving.has(id))
  }

  get leaving(): ReadonlySet<MemberId> {
    return this.#leaving
  }

  get nodes(): NodeId[] {
    return Array.from(this.members, ({ node }) => node).sort()
  }

  /** Nodes that were members, some of which may be members again. */
  get formerNodes(): NodeId[] {
    return [...this.#former.values()]
  }

  has(id: MemberId): boolean {
    return this.#members.has(id)
  }

  /** Whether it was a member, and is none any more. */
  isFormer(id: MemberId): boolean {
    return this.#former.has(id)
  }

  /** The node of a member, also of one that is none any more. */
  nodeOf(id: MemberId): NodeId | undefined {
    return this.#members.get(id)?.node ?? this.#former.get(id)
  }

  memberOf(node: NodeId): RosterMember | undefined {
    for (const member of this.members) if (member.node === node) return member
    return undefined
  }

  /** The group of a stream, 1..groupCount: it stays the same for the life of the cluster. */
  groupOf(stream: StreamId): number {
    return 1 + (stream % this.groupCount)
  }

  /** How many are to vote in a group, where there are as many members. */
  voterCountOf(group: number): number {
    return this.#voterCounts.get(group) ?? votersAtFirst
  }

  /** Who is to vote in a data group, the one that is to lead it first. */
  votersOf(group: number): readonly MemberId[] {
    return this.#voters.get(group) ?? this.#choose(group, this.voterCountOf(group))
  }

  /** Who is to vote in META. */
  get metaVoters(): readonly MemberId[] {
    return (
      this.#voters.get(0) ?? this.#choose(0, this.staying.length < metaVoters ? votersAtFirst : metaVoters)
    )
  }

  #choose(group: number, count: number): readonly MemberId[] {
    const chosen = byWeight(group, this.staying)
      .slice(0, count)
      .map(({ id }) => id)
    this.#voters.set(group, chosen)
    return chosen
  }

  /** Takes the next command; false where it changes nothing. */
  apply(command: RosterCommand): boolean {
    this.#voters.clear()
    switch (command.op) {
      case 'join':
        return this.#join(command.member)
      case 'leave':
        return this.#leave(command.node)
      case 'left':
        return this.#endLeaving(command.id)
      case 'group':
        return this.#setGroup(command.group, command.voters)
    }
  }

  /** What somebody begins with who puts the roster together again: see `fromFields`. */
  toFields(): RosterFields {
    return {
      groupCount: this.groupCount,
      members: [...this.members],
      leaving: [...this.#leaving],
      former: [...this.#former],
      groups: [...this.groups],
      voterCounts: [...this.#voterCounts],
    }
  }

  static fromFields({ groupCount, members, leaving, former, groups, voterCounts }: RosterFields): Roster {
    const roster = new Roster(groupCount, members)
    for (const id of leaving) roster.#leaving.add(id)
    for (const [id, node] of former) roster.#former.set(id, node)
    for (const [group, configuration] of groups) roster.groups.set(group, configuration)
    for (const [group, count] of voterCounts) roster.#voterCounts.set(group, count)
    return roster
  }

  /** A node joins, under another address, or over another data directory than before. */
  #join(member: RosterMember): boolean {
    const known = this.memberOf(member.node)
    if (known?.id === member.id && known.address === member.address) return false
    if (known !== undefined && known.id !== member.id) this.#drop(known)
    this.#members.set(member.id, member)
    return true
  }

  #leave(node: NodeId): boolean {
    const known = this.memberOf(node)
    // One after the other; and who is alone has nobody to leave to.
    if (known === undefined || this.#members.size === 1 || this.#leaving.size > 0) return false
    this.#leaving.add(known.id)
    return true
  }

  #endLeaving(id: MemberId): boolean {
    const known = this.#members.get(id)
    if (known === undefined || !this.#leaving.has(id)) return false
    this.#drop(known)
    return true
  }

  #setGroup(group: number, voters = this.voterCountOf(group)): boolean {
    const exists = (group >= 1 && group <= this.groupCount) || group === nameGroup
    if (!exists || (this.groups.has(group) && voters === this.voterCountOf(group))) return false
    if (voters !== this.voterCountOf(group)) this.#voterCounts.set(group, voters)
    if (!this.groups.has(group)) this.#begin(group)
    return true
  }

  #begin(group: number): void {
    const voters = this.votersOf(group)
    const learners = this.staying.map(({ id }) => id).filter((id) => !voters.includes(id))
    const ascending = (ids: readonly number[]): number[] => ids.toSorted((a, b) => a - b)
    this.groups.set(group, {
      ...emptyConfiguration,
      voters: ascending(voters),
      learners: ascending(learners),
    })
  }

  #drop({ id, node }: RosterMember): void {
    this.#members.delete(id)
    this.#leaving.delete(id)
    this.#former.set(id, node)
    for (const oldest of this.#former.keys()) {
      if (this.#former.size <= formerMax) return
      this.#former.delete(oldest)
    }
  }
}

/** A roster as plain values. */
export interface RosterFields {
  readonly groupCount: number
  readonly members: readonly RosterMember[]
  readonly leaving: readonly MemberId[]
  readonly former: readonly (readonly [MemberId, NodeId])[]
  readonly groups: readonly (readonly [number, ConfigurationRecord])[]
  readonly voterCounts: readonly (readonly [number, number])[]
}
