// Members that come, go, and lose their disks, while the others work.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { raftFrameType } from '../../node/wire/raft-frames.ts'
import type { ClusterNode } from './cluster-node.ts'
import { LeaderCluster } from './leader-cluster.ts'
import { begun, leave, metaOf, ordersOf, rosterOf, votersOf } from './member-views.ts'

test('the first of peers.json founds the cluster once all say that they are new', () => {
  const cluster = new LeaderCluster('found', 'ABC')
  cluster.crash('C')
  cluster.advance(5000)
  assert.equal(cluster.node('A').agent.cluster.group, undefined)
  cluster.node('C').start()
  cluster.advance(1000)
  assert.deepEqual(cluster.all.map(rosterOf), ['ABC', 'ABC', 'ABC'])
  assert.equal(votersOf(cluster.node('A'), metaOf(cluster.node('A'))), 'ABC')
})

test('nobody else founds it, however many there are', () => {
  const cluster = new LeaderCluster('founder', 'ABCDE')
  cluster.crash('A')
  cluster.advance(5000)
  assert.ok(cluster.up.every((node) => node.agent.cluster.group === undefined))
  cluster.node('A').start()
  cluster.advance(1000)
  assert.deepEqual(cluster.all.map(rosterOf), Array(5).fill('ABCDE'))
})

test('a founder that crashes before its disk has the cluster founds another, and nobody has heard of the first', () => {
  const cluster = new LeaderCluster('founds twice', 'ABC')
  cluster.node('A').isDiskHeld = true
  cluster.advance(1000)
  assert.ok(cluster.up.every((node) => node.agent.cluster.group === undefined))
  cluster.crash('A')
  const founder = cluster.node('A')
  founder.isDiskHeld = false
  founder.start()
  cluster.advance(1000)
  const numbers = new Set(cluster.all.map((node) => metaOf(node).id))
  assert.equal(numbers.size, 1)
})

test('a founder that was wiped founds no second cluster, but joins', () => {
  const cluster = begun('wiped founder', 'ABC')
  const { id } = metaOf(cluster.node('B'))
  cluster.crash('A')
  cluster.node('A').wipe()
  cluster.node('A').start()
  // Alone with one other, it would have a majority of those that are new if that one were new.
  cluster.advance(2000)
  assert.deepEqual(
    cluster.all.map((node) => metaOf(node).id),
    [id, id, id],
  )
  assert.deepEqual(cluster.node('A').delivered(), ['before'])
})

test('no second cluster is founded while anybody has the first, however many were wiped', () => {
  const cluster = begun('no second', 'ABC')
  for (const id of 'AB') {
    cluster.crash(id)
    cluster.node(id).wipe()
  }
  cluster.crash('C')
  for (const id of 'AB') cluster.node(id).start()
  cluster.advance(10_000)
  assert.ok(cluster.up.every((node) => node.agent.cluster.group === undefined))
  cluster.node('C').start()
  cluster.advance(10_000)
  for (const id of 'AB') assert.equal(cluster.node(id).agent.standing, 'outside')
})

test('a node that was wiped learns first, then votes again in every group, as another member', () => {
  const cluster = begun('wiped', 'ABC')
  const node = cluster.node('B')
  const before = node.member
  cluster.crash('B')
  node.wipe()
  cluster.node('A').publish('meanwhile')
  cluster.advance(500)
  node.start()
  cluster.advance(3000)
  assert.notEqual(node.member, before)
  for (const each of cluster.all) {
    assert.deepEqual(
      [rosterOf(each), votersOf(each, metaOf(each)), votersOf(each, ordersOf(each))],
      ['ABC', 'ABC', 'ABC'],
    )
    assert.ok(each.agent.cluster.roster?.isFormer(before))
    assert.deepEqual(each.delivered(), ['before', 'meanwhile'])
  }
})

test('what a wiped node had acknowledged is not voted away: without the others that have it, nobody leads', () => {
  const cluster = begun('voted away', 'ABC')
  const leader = cluster.elect()
  const [behind, wiped] = cluster.others(leader) as [ClusterNode, ClusterNode]
  cluster.isolate(behind.id)
  leader.publish('acknowledged')
  cluster.advance(500)
  assert.deepEqual(leader.outcomes.get('acknowledged'), { epoch: 1, offset: 2 })
  // One of the two that have it loses it, and the other is away.
  cluster.crash(wiped.id)
  wiped.wipe()
  cluster.crash(leader.id)
  cluster.rejoin(behind.id)
  wiped.start()
  cluster.advance(20_000)
  for (const node of [behind, wiped]) {
    assert.equal(node.agent.statusOf(node.replica()).leader, undefined)
    node.publish(`${node.id} alone`)
  }
  cluster.advance(6000)
  assert.ok([behind, wiped].every((node) => node.outcomes.get(`${node.id} alone`) === 'unknown'))
  leader.start()
  cluster.advance(10_000)
  for (const node of cluster.all) assert.deepEqual(node.delivered().slice(0, 2), ['before', 'acknowledged'])
})

test('what is for the member that a node was before it was wiped is dropped', () => {
  const cluster = begun('for the former', 'ABC')
  const late: Uint8Array[] = []
  const leader = cluster.elect()
  const [node] = cluster.others(leader) as [ClusterNode]
  cluster.loses = (_from, to, frame) => {
    if (to === node.id && frame[0] === raftFrameType) late.push(new Uint8Array(frame))
    return false
  }
  leader.publish('one', 'two')
  cluster.advance(500)
  cluster.loses = () => false
  cluster.crash(node.id)
  node.wipe()
  node.start()
  for (const frame of late) assert.ok(node.agent.onFrame(leader.id, frame))
  cluster.advance(3000)
  assert.ok(late.length > 0)
  assert.deepEqual(node.delivered(), ['before', 'one', 'two'])
})

test('a node that is started with a peers.json of its own joins, learns everything, and votes where it is placed', () => {
  const cluster = begun('added', 'ABC')
  cluster.add('D')
  cluster.advance(3000)
  const wanted = cluster.node('A').agent.cluster.roster
  assert.deepEqual(cluster.all.map(rosterOf), Array(4).fill('ABCD'))
  assert.deepEqual(cluster.node('D').delivered(), ['before'])
  const number = ordersOf(cluster.node('D')).id
  const names = wanted
    ?.votersOf(number)
    .map((id) => wanted.nodeOf(id))
    .sort()
  for (const node of cluster.all) assert.equal(votersOf(node, ordersOf(node)), names?.join(''), node.id)
  cluster.node('D').publish('from D')
  cluster.advance(500)
  assert.deepEqual(cluster.node('B').delivered(), ['before', 'from D'])
})

test('a cluster of one grows to five and shrinks to one, and nothing is lost on the way', () => {
  const cluster = begun('grows', 'A')
  const texts = ['before']
  for (const id of 'BCDE') {
    cluster.add(id)
    cluster.advance(3000)
    cluster.node('A').publish(`with ${id}`)
    texts.push(`with ${id}`)
    cluster.advance(500)
  }
  assert.deepEqual(cluster.node('E').delivered(), texts)
  assert.equal(votersOf(cluster.node('E'), metaOf(cluster.node('E'))), 'ABCDE')
  for (const id of 'ABCD') {
    assert.equal(leave(cluster, 'E', id), undefined)
    cluster.advance(3000)
    cluster.crash(id)
    cluster.node('E').publish(`without ${id}`)
    texts.push(`without ${id}`)
    cluster.advance(1500)
  }
  assert.deepEqual(cluster.node('E').delivered(), texts)
  assert.deepEqual(
    [rosterOf(cluster.node('E')), votersOf(cluster.node('E'), ordersOf(cluster.node('E')))],
    ['E', 'E'],
  )
})
