// Configurations and progress in the words of etcd's test data.

import type { MemberChange } from '../node/core/raft/change.ts'
import type { Configuration } from '../node/core/raft/configuration.ts'
import type { Progress, ProgressState } from '../node/core/raft/progress.ts'
import type { MemberId } from '../node/core/raft/quorum.ts'

const states: Record<ProgressState, string> = {
  probe: 'StateProbe',
  replicate: 'StateReplicate',
  snapshot: 'StateSnapshot',
}

export function describeConfiguration({
  voters,
  outgoing,
  learners,
  learnersNext,
  autoLeave,
}: Configuration): string {
  const words = [`voters=${list(voters)}${outgoing.size > 0 ? `&&${list(outgoing)}` : ''}`]
  if (learners.size > 0) words.push(`learners=${list(learners)}`)
  if (learnersNext.size > 0) words.push(`learners_next=${list(learnersNext)}`)
  if (autoLeave) words.push('autoleave')
  return words.join(' ')
}

function list(ids: Iterable<MemberId>): string {
  return `(${[...ids].sort((a, b) => a - b).join(' ')})`
}

export function describeProgress(progress: ReadonlyMap<MemberId, Progress>): string[] {
  return Array.from(progress, ([id, member]) => `${id}: ${describeMember(member)}`)
}

function describeMember(member: Progress): string {
  const words = [states[member.state], `match=${member.match}`, `next=${member.next}`]
  if (member.isLearner) words.push('learner')
  if (member.isPaused) words.push('paused')
  if (member.pendingSnapshot > 0) words.push(`pendingSnap=${member.pendingSnapshot}`)
  if (!member.isActive) words.push('inactive')
  const { count, isFull } = member.inflights
  if (count > 0) words.push(`inflight=${count}${isFull ? '[full]' : ''}`)
  return words.join(' ')
}

const letters = { voter: 'v', learner: 'l', remove: 'r' } as const

export function describeChanges(changes: readonly MemberChange[]): string {
  return changes.map(({ kind, id }) => `${letters[kind]}${id}`).join(' ')
}

/** `v1 l2 r3`; a `u` updates something that these groups do not have. Throws where it is something else. */
export function parseChanges(text: string): MemberChange[] {
  return (text.match(/\S+/g) ?? []).flatMap((word): MemberChange[] => {
    const [, letter = '', id = ''] = /^([vlru])(\d+)$/.exec(word) ?? []
    if (letter === 'u') return []
    const kind = (['voter', 'learner', 'remove'] as const).find((each) => letters[each] === letter)
    if (kind === undefined) throw new Error(`unknown change "${word}"`)
    return [{ kind, id: Number(id) }]
  })
}
