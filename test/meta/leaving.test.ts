// Whether a node may leave, and when all groups have let go of it: as the groups are, not as they should be.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../node/core/common/ids.ts'
import { Configuration, emptyConfiguration } from '../../node/core/raft/configuration.ts'
import type { Groups } from '../../node/groups/groups.ts'
import { leaveProblem, releasedMembers } from '../../node/meta/leaving.ts'
import { Roster } from '../../node/meta/roster.ts'

const meta = 2 ** 20
const A = 'A' as NodeId
const B = 'B' as NodeId
const C = 'C' as NodeId

interface Fields {
  readonly voters?: readonly number[]
  readonly outgoing?: readonly number[]
  readonly learners?: readonly number[]
  readonly leader?: number
  readonly applied?: number
}

/** META, and group 1, as META's leader has them: all three vote unless something else is said of group 1. */
function groupsOf({ leader = 1, applied = 9, ...fields }: Fields = {}): Groups {
  const voters = [1, 2, 3]
  const of = (id: number, record: object, status: object): unknown => {
    const configuration = new Configuration({ ...emptyConfiguration, voters, ...record })
    return { id, status: { leader: 1, commit: 9, applied: 9, ...status, configuration } }
  }
  const all = [of(meta, {}, {}), of(1, fields, { leader, applied })] as never[]
  return { all, get: (id: number) => all.find((group: { id: number }) => group.id === id) } as never
}

/** Nodes A, B and C with the numbers 1, 2 and 3, and group 1. */
function rosterOf(): Roster {
  const members = [A, B, C].map((node, at) => ({ id: at + 1, node, address: `${node}:1` }))
  const roster = Roster.found(3, members)
  roster.apply({ op: 'group', group: 1 })
  return roster
}

function problem(node: NodeId, up: string, fields?: Fields, roster: Roster = rosterOf()): string | undefined {
  const refusal = leaveProblem(roster, node, (each) => up.includes(each), groupsOf(fields))
  return refusal && `${refusal.refused}: ${refusal.reason}`
}

test('a node may leave, dead or alive, where the others have a majority without it', () => {
  assert.equal(problem(C, 'ABC'), undefined)
  assert.equal(problem(C, 'AB'), undefined)
  assert.match(problem(B, 'AB') ?? '', /^NODE_NEEDED: without B only 1 of the 2 remaining voters of META/)
  assert.match(problem('X' as NodeId, 'ABC') ?? '', /^NODE_UNKNOWN: X/)
})

test('what counts is who votes now: while another one still learns, a dead voter is needed', () => {
  assert.equal(problem(B, 'ABC', { voters: [1, 2], learners: [3] }), undefined)
  assert.equal(
    problem(B, 'AC', { voters: [1, 2], learners: [3] }),
    'NODE_NEEDED: to let B go only 1 of the 2 voters of group 1 would be up',
  )
  assert.match(problem(C, 'ABC', { voters: [1, 3], outgoing: [1, 2, 7] }) ?? 'none', /none/)
  assert.match(problem(B, 'ABC', { outgoing: [2, 7, 8] }) ?? '', /^NODE_NEEDED: without B only 0 of the 2/)
})

test('while nobody can say who votes in a group, nobody leaves', () => {
  assert.equal(problem(C, 'ABC', { leader: 0 }), 'NO_LEADER: nobody leads group 1')
  assert.equal(problem(C, 'ABC', { applied: 8 }), "NO_LEADER: META's leader is behind in group 1")
  const roster = rosterOf()
  roster.apply({ op: 'group', group: 2 })
  assert.equal(problem(C, 'ABC', {}, roster), "NO_LEADER: META's leader is not in group 2 yet")
})

test('one leaves after the other, and the last one does not', () => {
  const roster = rosterOf()
  roster.apply({ op: 'leave', node: C })
  assert.equal(problem(B, 'ABC', {}, roster), 'NODE_NEEDED: C is leaving: one node after the other')
  assert.equal(problem(C, 'ABC', {}, roster), undefined)
  const alone = Roster.found(1, [{ id: 1, node: A, address: 'A:1' }])
  assert.match(problem(A, 'A', {}, alone) ?? '', /^NODE_NEEDED: A is the only member/)
})

test('a member has left once no group names it, as voter, as one that is to go, or as learner', () => {
  const roster = rosterOf()
  const gone = { voters: [1, 2] }
  const released = (fields: Fields): number[] => {
    const groups = groupsOf(fields)
    const [ofMeta] = groups.all as never as [{ status: { configuration: Configuration } }]
    ofMeta.status.configuration = new Configuration({ ...emptyConfiguration, ...gone })
    return releasedMembers(roster, groups)
  }
  assert.deepEqual(released(gone), [])
  roster.apply({ op: 'leave', node: C })
  assert.deepEqual(released(gone), [3])
  assert.deepEqual(released({}), [])
  assert.deepEqual(released({ ...gone, outgoing: [1, 2, 3] }), [])
  assert.deepEqual(released({ ...gone, learners: [3] }), [])
  assert.deepEqual(released({ ...gone, leader: 0 }), [])
  assert.deepEqual(releasedMembers(roster, groupsOf(gone)), [])
})
