// Who is in the cluster and in which group: the same on every node, spread over all of them, and stable where members come and go.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import { Roster, type RosterMember } from '../../node/meta/roster.ts'
import { decodeRoster, encodeRoster } from '../../node/meta/roster-bytes.ts'

const memberOf = (id: number): RosterMember => ({ id, node: `node-${id}` as NodeId, address: `h${id}:1` })
const members = (count: number): RosterMember[] => Array.from({ length: count }, (_, at) => memberOf(at + 1))
const rosterOf = (count: number): Roster => Roster.found(count, members(count))
const groupsOf = (roster: Roster): number[] => Array.from({ length: roster.groupCount }, (_, at) => at + 1)
const idsOf = (roster: Roster): number[] => Array.from(roster.members, ({ id }) => id)

test('every node works out the same, in whatever order the members have come', () => {
  const [one, other] = [Roster.found(7, members(7)), Roster.found(7, members(7).reverse())]
  for (const group of groupsOf(one)) assert.deepEqual(one.votersOf(group), other.votersOf(group))
  assert.deepEqual(one.metaVoters, other.metaVoters)
  assert.equal(one.groupOf(toStreamId('orders')), other.groupOf(toStreamId('orders')))
})

test('there is a group for each node that a cluster begins with, ten at the most, and no more when it grows', () => {
  assert.deepEqual(
    [1, 3, 10, 11, 50].map((count) => rosterOf(count).groupCount),
    [1, 3, 10, 10, 10],
  )
  const roster = rosterOf(3)
  const before = roster.groupOf(toStreamId('orders'))
  for (const member of members(9)) roster.apply({ op: 'join', member })
  assert.deepEqual([roster.groupCount, roster.groupOf(toStreamId('orders'))], [3, before])
})

test('three members vote in a data group, and five in META where there are five, and the others learn', () => {
  for (const count of [1, 2, 3, 4, 5, 7]) {
    const roster = rosterOf(count)
    assert.equal(roster.metaVoters.length, count < 5 ? Math.min(3, count) : 5)
    for (const group of groupsOf(roster)) {
      assert.ok(roster.apply({ op: 'group', group }))
      const begun = roster.groups.get(group)
      assert.deepEqual(
        begun?.voters,
        roster.votersOf(group).toSorted((a, b) => a - b),
      )
      assert.equal(begun?.voters.length, Math.min(3, count))
      assert.deepEqual(
        [...(begun?.voters ?? []), ...(begun?.learners ?? [])].toSorted((a, b) => a - b),
        idsOf(roster),
      )
    }
  }
})

test('a data group begins once, and only one that there is', () => {
  const roster = rosterOf(3)
  assert.deepEqual(
    [0, 4, 1, 1].map((group) => roster.apply({ op: 'group', group })),
    [false, false, true, false],
  )
})

test('a node over another directory takes the place of what it was, which never comes back', () => {
  const roster = rosterOf(3)
  const before = roster.votersOf(1)
  assert.ok(roster.apply({ op: 'join', member: { ...memberOf(2), id: 9 } }))
  assert.deepEqual(idsOf(roster), [1, 3, 9])
  assert.deepEqual(
    roster.votersOf(1),
    before.map((id) => (id === 2 ? 9 : id)),
  )
  assert.ok(roster.isFormer(2))
  assert.deepEqual([roster.nodeOf(2), roster.nodeOf(9)], ['node-2', 'node-2'])
})

test('joining again changes nothing but the address', () => {
  const roster = rosterOf(3)
  assert.ok(!roster.apply({ op: 'join', member: memberOf(2) }))
  assert.ok(roster.apply({ op: 'join', member: { ...memberOf(2), address: 'elsewhere:1' } }))
  assert.equal(roster.memberOf('node-2' as NodeId)?.address, 'elsewhere:1')
})

test('a node leaves; one that is no member cannot, and neither can the last one', () => {
  const roster = rosterOf(2)
  assert.ok(!roster.apply({ op: 'leave', node: 'node-7' as NodeId }))
  assert.ok(!roster.apply({ op: 'left', id: 1 }))
  assert.ok(roster.apply({ op: 'leave', node: 'node-1' as NodeId }))
  assert.ok(!roster.apply({ op: 'leave', node: 'node-1' as NodeId }))
  assert.ok(!roster.apply({ op: 'leave', node: 'node-2' as NodeId }))
  assert.ok(roster.apply({ op: 'left', id: 1 }))
  assert.deepEqual([roster.nodes, roster.isFormer(1)], [['node-2'], true])
})

test('a node that is leaving gets no place any more, and stays a member until all groups have let it go', () => {
  const roster = rosterOf(4)
  roster.apply({ op: 'leave', node: 'node-1' as NodeId })
  assert.deepEqual([roster.has(1), roster.isFormer(1), roster.nodes.length], [true, false, 4])
  for (const group of groupsOf(roster)) assert.deepEqual(roster.votersOf(group).toSorted(), [2, 3, 4])
  assert.deepEqual(roster.metaVoters.toSorted(), [2, 3, 4])
  roster.apply({ op: 'group', group: 1 })
  assert.deepEqual([roster.groups.get(1)?.voters, roster.groups.get(1)?.learners], [[2, 3, 4], []])
})

test('one more node, or one less, moves few voters', () => {
  const roster = rosterOf(9)
  const before = groupsOf(roster).map((group) => roster.votersOf(group))
  roster.apply({ op: 'join', member: memberOf(10) })
  const moved = groupsOf(roster).map((group, at) => {
    return roster.votersOf(group).filter((id) => before[at]?.includes(id) === false)
  })
  assert.ok(
    moved.flat().every((id) => id === 10),
    'only the new one takes a place',
  )
  assert.ok(moved.flat().length <= 6)
})

test('a group that is to have five voters gets two more, and those that it had stay', () => {
  const roster = rosterOf(7)
  const three = roster.votersOf(1)
  assert.ok(roster.apply({ op: 'group', group: 1, voters: 5 }))
  assert.equal(roster.votersOf(1).length, 5)
  assert.deepEqual(roster.votersOf(1).slice(0, 3), three)
  // It has begun by that, with five.
  assert.equal(roster.groups.get(1)?.voters.length, 5)
  assert.equal(roster.apply({ op: 'group', group: 1, voters: 5 }), false)
  assert.equal(roster.apply({ op: 'group', group: 1 }), false)
  assert.ok(roster.apply({ op: 'group', group: 1, voters: 3 }))
  assert.deepEqual(roster.votersOf(1), three)
})

test('groups spread over nodes, and streams over groups', () => {
  const roster = rosterOf(10)
  const groups = groupsOf(roster).map((group) => roster.votersOf(group))
  const votes = new Map<number, number>()
  for (const member of groups.flat()) votes.set(member, (votes.get(member) ?? 0) + 1)
  assert.ok(votes.size >= 8, 'hardly anybody has nothing to do')
  assert.ok(Math.max(...votes.values()) <= 7, 'nobody votes nearly everywhere')
  const streams = new Map<number, number>()
  for (let at = 0; at < 1000; at++) {
    const group = roster.groupOf(toStreamId(`stream-${at}`))
    streams.set(group, (streams.get(group) ?? 0) + 1)
  }
  assert.equal(streams.size, 10)
  assert.ok([...streams.values()].every((count) => count > 50 && count < 200))
})

test('is the same when it was bytes, with those that were members', () => {
  const roster = rosterOf(4)
  roster.apply({ op: 'group', group: 2 })
  roster.apply({ op: 'leave', node: 'node-3' as NodeId })
  roster.apply({ op: 'left', id: 3 })
  roster.apply({ op: 'leave', node: 'node-4' as NodeId })
  roster.apply({ op: 'group', group: 2, voters: 5 })
  const read = decodeRoster(encodeRoster(roster))
  assert.deepEqual(read?.toFields(), roster.toFields())
  assert.deepEqual([read?.voterCountOf(1), read?.voterCountOf(2)], [3, 5])
})

test('bytes that are no roster are none', () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
  const good = rosterOf(2).toFields()
  assert.ok(decodeRoster(bytes(good)))
  for (const change of [
    { groupCount: 0 },
    { members: [{ id: 0, node: 'A', address: '' }] },
    { members: [{ id: 1, node: 'a b', address: '' }] },
    { leaving: [0] },
    { former: [[1]] },
    { groups: [[1, { voters: ['A'] }]] },
    { voterCounts: [[1]] },
    { voterCounts: [[1, 0]] },
  ])
    assert.equal(decodeRoster(bytes({ ...good, ...change })), undefined, JSON.stringify(change))
  assert.equal(decodeRoster(Buffer.from('{')), undefined)
})

test('no more than 64 of those that were members are remembered', () => {
  const roster = rosterOf(3)
  for (let id = 10; id < 110; id++) roster.apply({ op: 'join', member: { ...memberOf(2), id } })
  assert.deepEqual([roster.isFormer(44), roster.isFormer(45), roster.isFormer(108)], [false, true, true])
})
