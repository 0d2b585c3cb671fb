// Replays files that ask what a quorum has committed, or how it votes.

import { everything, jointCommittedIndex, jointVoteResult, type MemberId } from '../node/core/raft/quorum.ts'
import { type Argument, type Step, valuesOf } from './datadriven.ts'

const results = { won: 'VoteWon', lost: 'VoteLost', pending: 'VotePending' } as const

/** The answer to one step; undefined where it is no question of this kind. */
export function answerQuorum(step: Step): string | undefined {
  const voters = idsOf(step.args, 'cfg')
  const outgoing = idsOf(step.args, 'cfgj')
  const members = [...new Set([...voters, ...outgoing])]
  if (step.name === 'committed') {
    const matches = numbered(members, valuesOf(step.args, 'idx'), Number)
    const index = jointCommittedIndex(new Set(voters), new Set(outgoing), (id) => matches.get(id) ?? 0)
    return index === everything ? '∞' : String(index)
  }
  if (step.name !== 'vote') return undefined
  const votes = numbered(members, valuesOf(step.args, 'votes'), (vote) => vote === 'y')
  return results[jointVoteResult(new Set(voters), new Set(outgoing), votes)]
}

/** Only the last line counts: those before it draw a picture. Without voters it names that before the answer. */
export function isQuorumAnswer(expected: readonly string[], answer: string): boolean {
  return expected.at(-1)?.replace(/^<[^>]*>/, '') === answer
}

/** Members in the order in which they are named, each with its value; `_` stands for none. */
function numbered<Value>(
  members: readonly MemberId[],
  values: readonly string[],
  read: (text: string) => Value,
): Map<MemberId, Value> {
  const found = new Map<MemberId, Value>()
  members.forEach((id, at) => {
    const value = values[at]
    if (value !== undefined && value !== '_') found.set(id, read(value))
  })
  return found
}

function idsOf(args: readonly Argument[], key: string): MemberId[] {
  return valuesOf(args, key)
    .filter((value) => value !== 'zero')
    .map(Number)
}
