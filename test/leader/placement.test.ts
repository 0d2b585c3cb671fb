// Which groups there are, and who is in each: the same on every node, spread over all of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import { Placement } from '../../node/leader/placement.ts'

const nodes = (count: number): NodeId[] => Array.from({ length: count }, (_, at) => `node-${at}` as NodeId)
const groupsOf = (placement: Placement): number[] =>
  Array.from({ length: placement.groupCount }, (_, at) => at + 1)

test('every node works out the same, in whatever order peers.json has the nodes', () => {
  const ids = nodes(7)
  const [one, other] = [new Placement(ids), new Placement([...ids].reverse())]
  for (const group of groupsOf(one))
    assert.deepEqual(one.configurationOf(group), other.configurationOf(group))
  for (const id of ids) assert.equal(one.memberOf(id), other.memberOf(id))
  assert.equal(one.groupOf(toStreamId('orders')), other.groupOf(toStreamId('orders')))
})

test('there is a group for each node, ten at the most', () => {
  const counts = [1, 3, 10, 11, 50].map((count) => new Placement(nodes(count)).groupCount)
  assert.deepEqual(counts, [1, 3, 10, 10, 10])
  const placement = new Placement(nodes(3))
  assert.deepEqual([0, 1, 3, 4, 1.5].map((group) => placement.has(group)).slice(0, 4), [
    false,
    true,
    true,
    false,
  ])
})

test('three nodes of a group vote, or all where there are no three, and the others learn', () => {
  for (const count of [1, 2, 3, 7]) {
    const placement = new Placement(nodes(count))
    for (const group of groupsOf(placement)) {
      const { voters, learners, outgoing, learnersNext, autoLeave } = placement.configurationOf(group)
      assert.equal(voters.length, Math.min(3, count))
      assert.deepEqual(
        [...voters, ...learners].toSorted((a, b) => a - b),
        Array.from({ length: count }, (_, at) => at + 1),
      )
      assert.deepEqual(
        [voters, learners],
        [voters.toSorted((a, b) => a - b), learners.toSorted((a, b) => a - b)],
      )
      assert.deepEqual([outgoing, learnersNext, autoLeave], [[], [], false])
    }
  }
})

test('a member is a node, and the other way round', () => {
  const placement = new Placement(['C', 'A', 'B'] as NodeId[])
  assert.deepEqual(
    ['A', 'B', 'C', 'D'].map((id) => placement.memberOf(id as NodeId)),
    [1, 2, 3, 0],
  )
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((member) => placement.nodeOf(member)),
    [undefined, 'A', 'B', 'C', undefined],
  )
})

test('groups spread over nodes, and streams over groups', () => {
  const placement = new Placement(nodes(10))
  const groups = groupsOf(placement).map((group) => placement.configurationOf(group).voters)
  const votes = new Map<number, number>()
  for (const member of groups.flat()) votes.set(member, (votes.get(member) ?? 0) + 1)
  assert.ok(votes.size >= 8, 'hardly anybody has nothing to do')
  assert.ok(Math.max(...votes.values()) <= 7, 'nobody votes nearly everywhere')
  assert.ok(new Set(groups.map(String)).size >= 8)
  const streams = new Map<number, number>()
  for (let at = 0; at < 1000; at++) {
    const group = placement.groupOf(toStreamId(`stream-${at}`))
    streams.set(group, (streams.get(group) ?? 0) + 1)
  }
  assert.equal(streams.size, 10)
  assert.ok(
    [...streams.values()].every((count) => count > 50 && count < 200),
    String([...streams.values()]),
  )
})
