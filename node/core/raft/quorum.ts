// Majorities, and joint majorities of two configurations (Raft thesis §4.3): what both agree on.

/** A member of a Raft group: a positive integer that no other member ever had, so that a wiped node comes back as somebody else. */
export type MemberId = number

/** No member: no leader is known, no vote was cast. */
export const nobody: MemberId = 0

/** What an election has come to. */
export type VoteResult = 'won' | 'lost' | 'pending'

export type Voters = ReadonlySet<MemberId>

/** Higher than every index: an empty configuration agrees to everything, so that joint rules need no special case. */
export const everything: number = Number.MAX_SAFE_INTEGER

/** Voters of a quorum of so many. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1
}

/** The highest index that a majority of the voters has; `everything` without voters. Who acknowledged nothing counts as 0. */
export function committedIndex(voters: Voters, matchOf: (id: MemberId) => number): number {
  if (voters.size === 0) return everything
  const needed = majority(voters.size)
  let highest = 0
  // Counted rather than sorted: this runs for every answer, and has nothing to be collected afterwards.
  for (const candidate of voters) {
    const match = matchOf(candidate)
    if (match <= highest) continue
    let having = 0
    for (const id of voters) if (matchOf(id) >= match) having++
    if (having >= needed) highest = match
  }
  return highest
}

/** The highest index that majorities of both have. */
export function jointCommittedIndex(
  incoming: Voters,
  outgoing: Voters,
  matchOf: (id: MemberId) => number,
): number {
  return Math.min(committedIndex(incoming, matchOf), committedIndex(outgoing, matchOf))
}

/** Whether a majority granted its vote, or cannot any more. Without voters it is won. */
export function voteResult(voters: Voters, votes: ReadonlyMap<MemberId, boolean>): VoteResult {
  if (voters.size === 0) return 'won'
  let granted = 0
  let missing = 0
  for (const id of voters) {
    const vote = votes.get(id)
    if (vote === undefined) missing++
    else if (vote) granted++
  }
  const needed = majority(voters.size)
  if (granted >= needed) return 'won'
  return granted + missing >= needed ? 'pending' : 'lost'
}

/** Won where both are won, lost where either is lost. */
export function jointVoteResult(
  incoming: Voters,
  outgoing: Voters,
  votes: ReadonlyMap<MemberId, boolean>,
): VoteResult {
  const results = [voteResult(incoming, votes), voteResult(outgoing, votes)]
  if (results.includes('lost')) return 'lost'
  return results.includes('pending') ? 'pending' : 'won'
}
