// Who belongs to a group. In a joint configuration (Raft thesis §4.3) decisions need a majority of the incoming voters and one of
// the outgoing; learners get every entry and decide nothing (§4.2.1).

import {
  jointCommittedIndex,
  jointVoteResult,
  type MemberId,
  type VoteResult,
  type Voters,
} from './quorum.ts'

/** A configuration as it is written to logs and snapshots. Lists ascend. */
export interface ConfigurationRecord {
  readonly voters: readonly MemberId[]
  /** Voters of the configuration that is being left; empty unless joint. */
  readonly outgoing: readonly MemberId[]
  readonly learners: readonly MemberId[]
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly MemberId[]
  /** Whether the leader leaves the joint configuration by itself. */
  readonly autoLeave: boolean
}

export const emptyConfiguration: ConfigurationRecord = {
  voters: [],
  outgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
}

export class Configuration {
  readonly voters: Set<MemberId>
  readonly outgoing: Set<MemberId>
  readonly learners: Set<MemberId>
  readonly learnersNext: Set<MemberId>
  autoLeave: boolean

  constructor(record: ConfigurationRecord = emptyConfiguration) {
    this.voters = new Set(record.voters)
    this.outgoing = new Set(record.outgoing)
    this.learners = new Set(record.learners)
    this.learnersNext = new Set(record.learnersNext)
    this.autoLeave = record.autoLeave
  }

  get isJoint(): boolean {
    return this.outgoing.size > 0
  }

  /** Everybody who gets entries, ascending. */
  get members(): MemberId[] {
    return ascending([...this.voters, ...this.outgoing, ...this.learners])
  }

  /** Everybody who votes, ascending. */
  get electors(): MemberId[] {
    return ascending([...this.voters, ...this.outgoing])
  }

  toRecord(): ConfigurationRecord {
    return {
      voters: ascending(this.voters),
      outgoing: ascending(this.outgoing),
      learners: ascending(this.learners),
      learnersNext: ascending(this.learnersNext),
      autoLeave: this.autoLeave,
    }
  }

  copy(): Configuration {
    return new Configuration(this.toRecord())
  }

  /** Whether the member votes, in either half. */
  isElector(id: MemberId): boolean {
    return this.voters.has(id) || this.outgoing.has(id)
  }

  committedIndex(matchOf: (id: MemberId) => number): number {
    return jointCommittedIndex(this.voters, this.outgoing, matchOf)
  }

  voteResult(votes: ReadonlyMap<MemberId, boolean>): VoteResult {
    return jointVoteResult(this.voters, this.outgoing, votes)
  }
}

function ascending(ids: Iterable<MemberId>): MemberId[] {
  return [...new Set(ids)].sort((a, b) => a - b)
}

/** How many voters are in one and not in the other. */
export function differenceOf(some: Voters, others: Voters): number {
  let common = 0
  for (const id of some) if (others.has(id)) common++
  return some.size + others.size - 2 * common
}
