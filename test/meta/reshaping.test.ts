// What the leader of a group does next, so that its members become those that the roster wants.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MemberChange } from '../../node/core/raft/change.ts'
import { Configuration, emptyConfiguration } from '../../node/core/raft/configuration.ts'
import { Progress } from '../../node/core/raft/progress.ts'
import type { RaftStatus } from '../../node/core/raft/raft.ts'
import { nextStep, type Step } from '../../node/meta/reshaping.ts'

interface Members {
  readonly voters: readonly number[]
  readonly learners?: readonly number[]
  /** Of those that do not have what was committed at the last look, or are silent. */
  readonly behind?: readonly number[]
}

const commit = 10

/** Member 1 leads. */
function statusOf({ voters, learners = [], behind = [] }: Members): RaftStatus {
  const configuration = new Configuration({ ...emptyConfiguration, voters, learners })
  const progress = new Map(
    configuration.members.map((id) => {
      const member = new Progress(commit + 1, learners.includes(id), true, { messages: 1, bytes: 1 })
      member.onMatch(behind.includes(id) ? commit - 1 : commit)
      member.becomeReplicate()
      return [id, member]
    }),
  )
  const position = { term: 2, commit, applied: commit, lastIndex: commit }
  return { id: 1, leader: 1, role: 'leader', isLearner: false, ...position, configuration, progress }
}

function stepOf(now: Members, voters: readonly number[], members: readonly number[]): Step | undefined {
  return nextStep(statusOf(now), { voters, members }, commit)
}

function changesOf(step: Step | undefined): readonly string[] {
  const name = ({ kind, id }: MemberChange): string => `${kind} ${id}`
  return step?.kind === 'change' ? step.change.changes.map(name) : []
}

test('where everybody is what he is to be, there is nothing to do', () => {
  assert.equal(stepOf({ voters: [1, 2, 3], learners: [4] }, [1, 2, 3], [1, 2, 3, 4]), undefined)
})

test('who is new learns, and votes only when it has what was committed at the last look', () => {
  assert.deepEqual(changesOf(stepOf({ voters: [1, 2] }, [1, 2, 3], [1, 2, 3])), ['learner 3'])
  const learning = { voters: [1, 2], learners: [3] }
  assert.equal(stepOf({ ...learning, behind: [3] }, [1, 2, 3], [1, 2, 3]), undefined)
  assert.deepEqual(changesOf(stepOf(learning, [1, 2, 3], [1, 2, 3])), ['voter 3'])
})

test('who has left goes at once, in the step in which a learner takes the place', () => {
  const now = { voters: [1, 2, 3], learners: [4] }
  assert.deepEqual(changesOf(stepOf(now, [1, 2, 4], [1, 2, 4])), ['voter 4', 'remove 3'])
  assert.deepEqual(changesOf(stepOf({ ...now, behind: [4] }, [1, 2, 4], [1, 2, 4])), ['remove 3'])
})

test('a wiped node leaves as what it was and comes as somebody who learns', () => {
  assert.deepEqual(changesOf(stepOf({ voters: [1, 2, 3] }, [1, 2, 9], [1, 2, 9])), ['learner 9', 'remove 3'])
})

test('a voter that is not wanted stays until whoever is wanted instead has caught up', () => {
  const now = { voters: [1, 2, 3], learners: [4] }
  const all = [1, 2, 3, 4]
  assert.equal(stepOf({ ...now, behind: [4] }, [1, 2, 4], all), undefined)
  assert.deepEqual(changesOf(stepOf(now, [1, 2, 4], all)), ['voter 4', 'learner 3'])
})

test('of several that have caught up, no more vote than are to while others still learn', () => {
  const now = { voters: [1, 2], learners: [3, 4, 5], behind: [5] }
  assert.deepEqual(changesOf(stepOf(now, [3, 4, 5], [1, 2, 3, 4, 5])), ['voter 3'])
})

test('a leader that is not to vote hands over to somebody who can lead at once, or waits', () => {
  const now = { voters: [1, 2, 3], learners: [] }
  assert.deepEqual(stepOf(now, [2, 3], [1, 2, 3]), { kind: 'hand over', to: 2 })
  assert.deepEqual(stepOf({ ...now, behind: [2] }, [2, 3], [2, 3]), { kind: 'hand over', to: 3 })
  assert.equal(stepOf({ ...now, behind: [2, 3] }, [2, 3], [2, 3]), undefined)
})

test('a leader that is not to vote makes all other changes first', () => {
  const now = { voters: [1, 2, 3], learners: [4] }
  assert.deepEqual(changesOf(stepOf(now, [2, 4], [2, 4])), ['voter 4', 'remove 3'])
})

test('learners that have left go as well', () => {
  assert.deepEqual(changesOf(stepOf({ voters: [1], learners: [2, 3] }, [1], [1, 3])), ['remove 2'])
})
