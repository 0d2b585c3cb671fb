// Three agents in one process: one order everywhere, whatever happens to one of them or to all.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toOrigin } from '../../node/core/common/ids.ts'
import { TakeWish } from '../../node/leader/names/wishes.ts'
import type { ClusterNode } from './cluster-node.ts'
import { orders } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

const texts = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`)

/** All nodes that are up deliver the same; returns that. */
function sameEverywhere(cluster: LeaderCluster): string[] {
  const [first = [], ...rest] = cluster.up.map((node) => node.delivered())
  for (const other of rest) assert.deepEqual(other, first)
  assert.equal(new Set(first).size, first.length, 'nothing is there twice')
  return first
}

/** Whoever was told a place has it there. */
function assertPlaced(order: readonly string[], outcomes: ClusterNode['outcomes']): void {
  for (const [text, outcome] of outcomes) {
    if (typeof outcome === 'string') continue
    assert.deepEqual(outcome, { epoch: 1, offset: order.indexOf(text) + 1 }, text)
  }
}

test('what all nodes publish at the same time gets one order, the same everywhere, with offsets from 1', () => {
  const cluster = new LeaderCluster('one order')
  cluster.elect()
  for (let round = 0; round < 10; round++) {
    for (const node of cluster.all) node.publish(...texts(`${node.id}${round}-`, 3))
    cluster.step()
  }
  cluster.settle()
  const order = sameEverywhere(cluster)
  assert.equal(order.length, 90)
  for (const node of cluster.all) {
    assertPlaced(order, node.outcomes)
    assert.ok([...node.outcomes.values()].every((outcome) => typeof outcome === 'object'))
  }
})

test('what a node publishes keeps its order', () => {
  const cluster = new LeaderCluster('own order')
  cluster.elect()
  for (const node of cluster.all) node.publish(...texts(node.id, 20))
  cluster.settle()
  const order = sameEverywhere(cluster)
  for (const { id } of cluster.all)
    assert.deepEqual(
      order.filter((text) => text.startsWith(id)),
      texts(id, 20),
    )
})

test('nothing has its place before a majority has it on disk', () => {
  const cluster = new LeaderCluster('majority')
  const leader = cluster.elect()
  const [one, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  one.isDiskHeld = true
  leader.isDiskHeld = true
  other.publish('a')
  cluster.settle()
  assert.equal(other.outcomes.get('a'), 'waiting')
  assert.deepEqual(
    cluster.all.flatMap((node) => node.delivered()),
    [],
  )
  one.isDiskHeld = false
  cluster.settle()
  assert.deepEqual(other.outcomes.get('a'), { epoch: 1, offset: 1 })
  assert.deepEqual(leader.delivered(), ['a'])
})

test('the leader is lost while all publish: the others go on, and nothing is lost, doubled or moved', () => {
  const cluster = new LeaderCluster('leader lost')
  const leader = cluster.elect()
  for (const node of cluster.all) node.publish(...texts(`${node.id}-before`, 5))
  cluster.step()
  cluster.step()
  const told = leader.outcomes
  cluster.crash(leader.id)
  for (const node of cluster.up) node.publish(...texts(`${node.id}-after`, 5))
  const next = cluster.elect()
  assert.notEqual(next, leader)
  cluster.advance(1000)
  const order = sameEverywhere(cluster)
  for (const node of cluster.up) {
    assertPlaced(order, node.outcomes)
    assert.deepEqual(
      order.filter((text) => text.startsWith(node.id)),
      [...texts(`${node.id}-before`, 5), ...texts(`${node.id}-after`, 5)],
    )
  }
  assertPlaced(order, told)
})

test('a node that is started again has what it had, and gets what it lacks', () => {
  const cluster = new LeaderCluster('one again')
  const leader = cluster.elect()
  const [one, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  one.publish(...texts('a', 10))
  cluster.settle()
  cluster.crash(one.id)
  other.publish(...texts('b', 10))
  cluster.settle()
  one.start()
  assert.deepEqual(one.delivered().length <= 10, true)
  cluster.advance(1000)
  one.publish('c')
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), [...texts('a', 10), ...texts('b', 10), 'c'])
})

test('all nodes end at once, and go on with the bytes on their disks', () => {
  const cluster = new LeaderCluster('all again')
  cluster.elect()
  for (const node of cluster.all) node.publish(...texts(node.id, 10))
  cluster.settle()
  const before = sameEverywhere(cluster)
  assert.equal(before.length, 30)
  for (const node of cluster.all) cluster.crash(node.id)
  for (const node of cluster.all) node.start()
  cluster.elect()
  cluster.advance(500)
  assert.deepEqual(sameEverywhere(cluster), before)
  cluster.node('A').publish('more')
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), [...before, 'more'])
  assert.deepEqual(cluster.node('A').outcomes.get('more'), { epoch: 1, offset: 31 })
})

test('all nodes end again and again behind a floor of META, and keep what the groups have', () => {
  const cluster = new LeaderCluster('floor of META', 'ABC', undefined, { metaFloorEntries: 2 })
  cluster.elect()
  for (const node of cluster.all) node.publish(...texts(node.id, 10))
  cluster.settle()
  const names = cluster.all.map(({ id }) => `of ${id}`)
  for (const [at, { id, boot, agent }] of cluster.all.entries()) {
    const options = { stream: orders.name, name: names[at] ?? '', holder: `${toOrigin(id, boot)}/1` }
    const deaf = { onTaken: () => undefined, onFull: () => assert.fail('there is room') }
    agent.names.wish(new TakeWish({ ...options, ...deaf, now: () => cluster.now }))
    cluster.advance(2000)
  }
  const before = sameEverywhere(cluster)
  assert.equal(before.length, 30)
  for (let round = 1; round <= 3; round++) {
    const { group } = cluster.node('A').agent.cluster
    assert.ok((group?.log.floor.index ?? 0) > 2, 'META has a floor')
    for (const node of cluster.all) cluster.crash(node.id)
    for (const node of cluster.all) node.start()
    cluster.elect()
    cluster.advance(500)
    assert.deepEqual(sameEverywhere(cluster), [...before, ...texts('round ', round - 1)])
    cluster.node('A').publish(`round ${round}`)
    cluster.settle()
    assert.deepEqual(cluster.node('A').outcomes.get(`round ${round}`), { epoch: 1, offset: 30 + round })
    for (const node of cluster.all)
      assert.deepEqual(
        Array.from(node.agent.names.ledger.cursors, ({ name }) => name),
        names,
      )
  }
})

test('a write that was torn by a crash is cut off, at whatever byte, and the node goes on', () => {
  for (let moreBytes = 0; moreBytes < 400; moreBytes += 23) {
    const cluster = new LeaderCluster(`torn ${moreBytes}`)
    const leader = cluster.elect()
    leader.publish('kept')
    cluster.settle()
    for (const node of cluster.all) node.isDiskHeld = true
    leader.publish('torn')
    cluster.settle()
    assert.equal(leader.outcomes.get('torn'), 'waiting')
    for (const node of cluster.all) {
      cluster.crash(node.id, moreBytes)
      node.isDiskHeld = false
    }
    for (const node of cluster.all) node.start()
    cluster.elect()
    cluster.advance(500)
    const order = sameEverywhere(cluster)
    assert.deepEqual(order.slice(0, 1), ['kept'])
    assert.ok(order.length === 1 || order[1] === 'torn')
  }
})

const small = { ...orders, retention: { bytes: 65_536, ageMs: 2000 } }

test('a follower that was away for longer than retention gets the floor, and an honest gap', () => {
  const cluster = new LeaderCluster('away', 'ABC', [small])
  const leader = cluster.elect()
  const [away, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  other.publish(...texts('early', 3))
  cluster.settle()
  cluster.isolate(away.id)
  cluster.advance(500)
  other.publish(...texts('missed', 4))
  cluster.advance(5000)
  other.publish(...texts('late', 2))
  cluster.settle()
  const origin = `${other.id}#${other.boot.toString(36)}`
  assert.deepEqual(away.delivered(), [`gap ${origin} 1-3`])
  cluster.rejoin(away.id)
  cluster.advance(1000)
  for (const node of [away, other, leader])
    assert.deepEqual(node.delivered(), [`gap ${origin} 1-7`, 'late1', 'late2'], node.id)
  away.publish('again')
  cluster.settle()
  assert.deepEqual(away.outcomes.get('again'), { epoch: 1, offset: 10 })
})

test('what retention drops leaves memory and log, on every node', () => {
  const cluster = new LeaderCluster('dropped', 'ABC', [small])
  cluster.elect()
  // What META has said of the cluster stays.
  const begun = cluster.all.map((node) => node.slabs.bytesOut)
  for (let round = 0; round < 20; round++) {
    for (const node of cluster.all) node.publish(...texts(`${node.id}${round}-`, 10))
    cluster.advance(500)
  }
  const held = cluster.all.map((node) => node.slabs.bytesOut)
  assert.ok(held.every((bytes, at) => bytes > 10 * (begun[at] ?? 0)))
  cluster.advance(8000)
  assert.deepEqual(
    cluster.all.map((node) => node.slabs.bytesOut),
    begun,
  )
  for (const node of cluster.all) assert.equal(node.replica().messages, 0)
  for (const node of cluster.all) cluster.crash(node.id)
  for (const node of cluster.all) node.start()
  cluster.elect()
  cluster.node('B').publish('on')
  cluster.settle()
  assert.deepEqual(cluster.node('B').outcomes.get('on'), { epoch: 1, offset: 601 })
})

test('streams of several groups share the disk of a node, and each has its own order', () => {
  const names = ['one', 'two', 'three', 'four', 'five']
  const definitions = names.map((name) => ({ ...orders, name, topics: [`${name}.>`] }))
  const cluster = new LeaderCluster('groups', 'ABC', [orders, ...definitions])
  cluster.elect()
  const groups = new Set(
    names.map((name) => cluster.node('A').agent.statusOf(cluster.node('A').replica(name)).group),
  )
  assert.ok(groups.size > 1)
  for (const name of names) cluster.elect(name)
  for (const node of cluster.all)
    for (const name of names) node.publishTo(name, ...texts(`${node.id} ${name} `, 5))
  cluster.settle()
  for (const node of cluster.all) cluster.crash(node.id)
  for (const node of cluster.all) node.start()
  for (const name of names) cluster.elect(name)
  cluster.advance(500)
  for (const name of names) {
    const [first, ...rest] = cluster.all.map((node) => node.delivered(name))
    assert.equal(first?.length, 15)
    for (const other of rest) assert.deepEqual(other, first)
  }
})

test('a leader that goes hands over at once, and nothing that was published meanwhile is unknown', () => {
  const cluster = new LeaderCluster('hand over')
  const leader = cluster.elect()
  const [one] = cluster.others(leader) as [ClusterNode]
  one.publish('a')
  leader.publish('b')
  leader.agent.handOver()
  cluster.settle()
  assert.notEqual(cluster.elect(), leader)
  one.publish('c')
  leader.publish('d')
  cluster.settle()
  assert.equal(sameEverywhere(cluster).length, 4)
  for (const node of cluster.all)
    for (const outcome of node.outcomes.values()) assert.equal(typeof outcome, 'object')
})

test('a disk that fails is told, and what its node promised before is still true', () => {
  const cluster = new LeaderCluster('failed disk')
  const leader = cluster.elect()
  const [one] = cluster.others(leader) as [ClusterNode]
  one.publish('a')
  cluster.settle()
  const cause = new Error('no space')
  one.nextFailure = cause
  one.publish('b')
  cluster.settle()
  assert.deepEqual(one.failures, [cause])
  const { writes } = one.disk
  leader.publish('c')
  cluster.advance(1000)
  assert.deepEqual([one.disk.writes, one.failures.length], [writes, 1])
  assert.deepEqual(leader.delivered(), ['a', 'b', 'c'])
})
