// Members that leave while the others work.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../node/core/common/ids.ts'
import type { ClusterNode } from './cluster-node.ts'
import { begun, leave, metaOf, ordersOf, rosterOf, votersOf } from './member-views.ts'

test('the leader can be removed, of META and of the data group, and another one leads first', () => {
  const cluster = begun('removes the leader', 'ABCD')
  for (let count = 0; count < 2; count++) {
    const leader = cluster.elect()
    const [other] = cluster.up.filter((node) => node !== leader) as [ClusterNode]
    assert.equal(leave(cluster, other.id, leader.id), undefined)
    cluster.advance(3000)
    assert.ok(!rosterOf(other).includes(leader.id))
    assert.ok(!votersOf(other, ordersOf(other)).includes(leader.id))
    other.publish(`after ${count}`)
    cluster.advance(500)
    assert.deepEqual(other.outcomes.get(`after ${count}`), { epoch: 1, offset: 2 + count })
    cluster.crash(leader.id)
  }
})

test('a dead node can be removed, and one whose loss would leave no majority cannot', () => {
  const cluster = begun('majority', 'ABC')
  cluster.crash('C')
  cluster.advance(1500)
  assert.equal(leave(cluster, 'A', 'B'), 'without B only 1 of the 2 remaining voters of META would be up')
  assert.equal(leave(cluster, 'A', 'C'), undefined)
  cluster.advance(2000)
  assert.equal(votersOf(cluster.node('B'), metaOf(cluster.node('B'))), 'AB')
  assert.equal(leave(cluster, 'A', 'C'), 'C is not a member of the cluster')
  cluster.node('A').publish('two')
  cluster.advance(500)
  assert.deepEqual(cluster.node('B').delivered(), ['before', 'two'])
})

test('a node that was removed does not come back by itself, and disturbs nobody', () => {
  const cluster = begun('removed', 'ABCD')
  cluster.crash('D')
  cluster.advance(1500)
  assert.equal(leave(cluster, 'A', 'D'), undefined)
  cluster.advance(2000)
  const leader = cluster.elect()
  const { term } = ordersOf(leader).status
  cluster.node('D').start()
  cluster.advance(20_000)
  assert.equal(rosterOf(cluster.node('A')), 'ABC')
  assert.equal(ordersOf(leader).status.term, term)
  assert.ok(leader.agent.statusOf(leader.replica()).leader === leader.id)
})

test('while nobody leads META, nobody is removed, and who asks is told so', () => {
  const cluster = begun('no leader', 'ABC')
  cluster.crash('B')
  cluster.crash('C')
  cluster.advance(10_000)
  assert.equal(leave(cluster, 'A', 'B'), 'nobody leads the cluster at this moment')
})

test('a node that leaves votes until the others have let it go: of two that are to go at once, one waits', () => {
  const cluster = begun('two leave', 'ABCDE')
  const leader = cluster.elect()
  const orders = ordersOf(leader)
  const [first, second] = [...votersOf(leader, orders)].filter((id) => id !== leader.id)
  const asked = cluster.all.find(({ id }) => !votersOf(leader, orders).includes(id)) as ClusterNode
  for (const id of [first, second]) asked.agent.cluster.leave(id as NodeId, () => undefined)
  // As a process does: it ends once it is no member any more.
  for (let step = 0; step < 60; step++) {
    cluster.advance(50)
    for (const node of cluster.up) {
      const isFormer = asked.agent.cluster.roster?.isFormer(node.member) === true
      if (isFormer && cluster.node(node.id).isUp) cluster.crash(node.id)
    }
  }
  assert.equal(rosterOf(asked), 'ABCDE'.replace(first as string, ''))
  asked.publish('after')
  cluster.advance(1000)
  assert.deepEqual(asked.outcomes.get('after'), { epoch: 1, offset: 2 })
})

test('a node may leave while another one that was wiped still learns, and everything goes on', () => {
  const cluster = begun('leaves while another learns', 'ABC')
  const wiped = cluster.node('C')
  cluster.crash('C')
  wiped.wipe()
  wiped.start()
  wiped.isDiskHeld = true
  cluster.advance(1000)
  assert.equal(wiped.agent.standing, 'outside')
  assert.equal(leave(cluster, 'A', 'B'), undefined)
  cluster.advance(2000)
  assert.equal(rosterOf(cluster.node('A')), 'AC')
  cluster.crash('B')
  wiped.isDiskHeld = false
  cluster.node('A').publish('after')
  cluster.advance(3000)
  assert.deepEqual(wiped.delivered(), ['before', 'after'])
})

test('who has left does not come back under its old number, whoever asks for that', () => {
  const cluster = begun('comes back', 'ABC')
  const { member } = cluster.node('C')
  assert.equal(leave(cluster, 'A', 'C'), undefined)
  cluster.advance(2000)
  for (const id of 'AB')
    cluster.node(id).agent.cluster.onMessage('C' as NodeId, {
      op: 'enter',
      member: { id: member, node: 'C' as NodeId, address: 'C:1' },
    })
  cluster.advance(2000)
  assert.equal(rosterOf(cluster.node('A')), 'AB')
})
