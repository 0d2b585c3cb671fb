// Groups that nobody leads, as far as the nodes that answer know, and who of their voters does not: what waits for such a group waits
// for those. A node that hangs is not believed, since it may have led when it answered last.

import { nameGroup } from '../../node/groups/group-numbers.ts'
import type { MembersAnswer, StatusAnswer } from './answers.ts'
import type { Look } from './repeated-rounds.ts'

/** What a node knows of itself, and of the cluster. */
export interface Standing {
  readonly status: StatusAnswer
  readonly members: MembersAnswer
}

export interface LeaderlessGroup {
  /** 0 is META. */
  readonly group: number
  /** Those of its streams that are in leader mode. */
  readonly streams: readonly string[]
  readonly voters: readonly string[]
  /** Those of its voters that do not answer. */
  readonly silent: readonly string[]
}

/** In the order of their numbers; none where nobody answers. */
export function findLeaderlessGroups({ answers, hanging }: Look<Standing>): readonly LeaderlessGroup[] {
  const live = answers.filter(({ node }) => !hanging.has(node))
  const members = live.flatMap(({ value }) => value.members.members)
  const led = new Set(members.flatMap(({ leads }) => leads))
  const leaderless = new Set(members.flatMap(({ votes }) => votes).filter((group) => !led.has(group)))
  const isLive = (voter: string): boolean => live.some(({ node }) => node === voter)
  return [...leaderless]
    .toSorted((a, b) => a - b)
    .map((group) => {
      const voters = votersOf(group, live)
      const orders = live.flatMap(({ value }) => value.status.streams)
      const streams = orders.filter(({ order }) => order?.group === group).map(({ name }) => name)
      const silent = voters.filter((voter) => !isLive(voter))
      return { group, streams: [...new Set(streams)].toSorted(), voters, silent }
    })
}

/** As the first one says that knows the group: what they know differs only while they follow a change. */
function votersOf(group: number, live: Look<Standing>['answers']): readonly string[] {
  for (const { value } of live) {
    const voters = value.members.members.filter(({ votes }) => votes.includes(group))
    if (voters.length > 0) return voters.map(({ node }) => node)
  }
  return []
}

/** `group 2 (streams a, b) has no leader: …`. */
export function describeLeaderless({ group, streams, voters, silent }: LeaderlessGroup): string {
  const who = group === 0 || group === nameGroup ? toGroupName(group) : `group ${group}`
  const plural = streams.length === 1 ? '' : 's'
  const what = streams.length === 0 ? '' : ` (stream${plural} ${streams.join(', ')})`
  const all = voters.join(', ')
  return silent.length === 0
    ? `${who}${what} has no leader, though its voters ${all} all answer`
    : `${who}${what} has no leader: of its voters ${all} these do not answer: ${silent.join(', ')}`
}

/** How a group is called in tables and messages. */
export function toGroupName(group: number): string {
  if (group === 0) return 'META'
  return group === nameGroup ? 'names' : String(group)
}
