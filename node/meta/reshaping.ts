// Brings the members of a group to what the roster wants, one change after the other (Raft thesis §4): those who are new learn first and
// vote once they have caught up, in the same step in which others stop to; those who have left go at once.

import type { MemberChange, MembershipChange } from '../core/raft/change.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import type { RaftStatus } from '../core/raft/raft.ts'
import type { Group } from '../groups/group.ts'

/** Who is to be in a group. */
export interface Wanted {
  readonly voters: readonly MemberId[]
  /** Everybody, voters and learners. */
  readonly members: readonly MemberId[]
}

/** What the leader of a group is to do next. */
export type Step =
  | { readonly kind: 'change'; readonly change: MembershipChange }
  /** It is to vote no longer itself: another one leads first. */
  | { readonly kind: 'hand over'; readonly to: MemberId }

/** While leadership is handed over nothing is taken: if that comes to nothing, it is tried again after so many looks. */
const looksBetweenHandOvers = 100

/** Looks at one group from time to time. */
export class Reshaping {
  readonly #group: Group
  #looksUntilHandOver = 0
  /** What was committed at the last look: who has it has caught up. */
  #commitBefore = 0

  constructor(group: Group) {
    this.#group = group
  }

  look(wanted: Wanted): void {
    const { status } = this.#group
    const commitBefore = this.#commitBefore
    this.#commitBefore = status.commit
    if (!this.#group.isLeading || status.configuration.isJoint) return
    const step = nextStep(status, wanted, commitBefore)
    if (step?.kind === 'change') this.#group.changeMembers(step.change)
    else if (step !== undefined) this.#handOver(step.to)
  }

  #handOver(to: MemberId): void {
    if (this.#looksUntilHandOver-- > 0) return
    this.#looksUntilHandOver = looksBetweenHandOvers
    this.#group.transfer(to)
  }
}

/** The next step of a leader whose configuration is not joint; undefined where everything is as it should be, or cannot be helped now. */
export function nextStep(status: RaftStatus, wanted: Wanted, commitBefore: number): Step | undefined {
  const { configuration, progress, id: self } = status
  const { voters, learners } = configuration
  const hasCaughtUp = (id: MemberId): boolean => {
    const member = progress.get(id)
    return member?.state === 'replicate' && member.isActive && member.match >= commitBefore
  }
  const changes: MemberChange[] = []
  for (const id of wanted.members)
    if (!voters.has(id) && !learners.has(id)) changes.push({ kind: 'learner', id })
  for (const id of learners) if (!wanted.members.includes(id)) changes.push({ kind: 'remove', id })
  // While somebody who is to vote has not caught up, nobody who can vote instead is let go.
  const ready = wanted.voters.filter((id) => voters.has(id) || (learners.has(id) && hasCaughtUp(id)))
  const isReady = ready.length === wanted.voters.length
  const staying = [...voters].filter((id) => wanted.members.includes(id))
  const room = isReady ? wanted.voters.length : wanted.voters.length - staying.length
  for (const id of ready.filter((each) => !voters.has(each)).slice(0, Math.max(0, room)))
    changes.push({ kind: 'voter', id })
  for (const id of voters) {
    if (id === self) continue
    if (!wanted.members.includes(id)) changes.push({ kind: 'remove', id })
    else if (isReady && !wanted.voters.includes(id)) changes.push({ kind: 'learner', id })
  }
  if (changes.length > 0) return { kind: 'change', change: { changes, transition: 'auto' } }
  const isUnwanted = !wanted.members.includes(self) || (isReady && !wanted.voters.includes(self))
  const isHeir = (id: MemberId): boolean => id !== self && voters.has(id) && hasCaughtUp(id)
  const heir = isUnwanted ? wanted.voters.find(isHeir) : undefined
  return heir === undefined ? undefined : { kind: 'hand over', to: heir }
}
