// Named producers on three agents: a retry over another node, whatever happened to the first try, is stored once and answered.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Boot } from '../../node/core/common/ids.ts'
import type { ClusterNode, Outcome } from './cluster-node.ts'
import { orders } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

/** All nodes that are up deliver the same; returns that. */
function sameEverywhere(cluster: LeaderCluster): string[] {
  const [first = [], ...rest] = cluster.up.map((node) => node.delivered())
  for (const other of rest) assert.deepEqual(other, first)
  return first
}

/** The answer to a retry of a whole batch, whose first try got this place. */
function copyOf(records: number, offset: number, boot: Boot, first: number): Outcome {
  const part = { kind: 'copy', records, epoch: 1, offset, original: { boot, first } } as const
  return { epoch: 1, offset, parts: [part] }
}

test('a retry over another node is stored once, and told where the first one is', () => {
  const cluster = new LeaderCluster('retry')
  const [a, b] = cluster.all as [ClusterNode, ClusterNode, ClusterNode]
  cluster.elect()
  a.publish('before')
  a.publishAs('p', 1, 'x', 'y')
  cluster.settle()
  b.publishAs('p', 1, 'x', 'y')
  b.publish('after')
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), ['before', 'x', 'y', 'after'])
  assert.deepEqual(a.outcomes.get('p 1'), { epoch: 1, offset: 2 })
  assert.deepEqual(b.outcomes.get('p 1'), copyOf(2, 2, a.boot, 2))
  assert.deepEqual(b.outcomes.get('after'), { epoch: 1, offset: 4 })
})

test('a retry that arrives while the first copy is uncommitted is answered when that is committed', () => {
  const cluster = new LeaderCluster('uncommitted')
  const leader = cluster.elect()
  const [one, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  for (const node of cluster.all) node.isDiskHeld = true
  one.publishAs('p', 1, 'x')
  cluster.settle()
  other.publishAs('p', 1, 'x')
  cluster.settle()
  assert.deepEqual([one.outcomes.get('p 1'), other.outcomes.get('p 1')], ['waiting', 'waiting'])
  for (const node of cluster.all) node.isDiskHeld = false
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), ['x'])
  assert.deepEqual(one.outcomes.get('p 1'), { epoch: 1, offset: 1 })
  assert.deepEqual(other.outcomes.get('p 1'), copyOf(1, 1, one.boot, 1))
})

test('a leader that dies between the first try and the retry leaves it stored once', () => {
  for (const isCommitted of [true, false]) {
    const cluster = new LeaderCluster(`leader change ${isCommitted}`)
    const leader = cluster.elect()
    const [one, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
    if (!isCommitted) for (const node of [one, other]) node.isDiskHeld = true
    leader.publishAs('p', 1, 'x', 'y')
    cluster.settle()
    cluster.crash(leader.id)
    for (const node of [one, other]) node.isDiskHeld = false
    cluster.elect()
    one.publishAs('p', 1, 'x', 'y')
    other.publishAs('p', 3, 'z')
    cluster.settle()
    leader.start()
    cluster.advance(2000)
    leader.publishAs('p', 1, 'x', 'y')
    cluster.settle()
    assert.deepEqual(sameEverywhere(cluster).toSorted(), ['x', 'y', 'z'])
    for (const node of cluster.all)
      for (const outcome of node.outcomes.values()) assert.equal(typeof outcome, 'object')
  }
})

test('the first try may come behind its retry, when the node that had it is back', () => {
  const cluster = new LeaderCluster('late first try')
  const leader = cluster.elect()
  const [late, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  cluster.isolate(late.id)
  late.publishAs('p', 1, 'x')
  late.publishAs('p', 2, 'y')
  other.publishAs('p', 1, 'x')
  other.publishAs('p', 2, 'y')
  other.publishAs('p', 3, 'z')
  cluster.advance(1000)
  assert.deepEqual(late.outcomes.get('p 1'), 'waiting')
  cluster.rejoin(late.id)
  cluster.advance(2000)
  assert.deepEqual(sameEverywhere(cluster), ['x', 'y', 'z'])
  assert.deepEqual(late.outcomes.get('p 1'), copyOf(1, 1, other.boot, 1))
  assert.deepEqual(late.outcomes.get('p 2'), copyOf(1, 2, other.boot, 2))
  late.publishAs('p', 4, 'on')
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), ['x', 'y', 'z', 'on'])
})

test('a publication that was given up is stored once when it is retried behind later ones', () => {
  const cluster = new LeaderCluster('behind later ones')
  const leader = cluster.elect()
  const [lost, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  cluster.isolate(lost.id)
  lost.publishAs('p', 1, 'x')
  cluster.advance(500)
  cluster.crash(lost.id)
  other.publishAs('p', 2, 'y')
  cluster.settle()
  other.publishAs('p', 1, 'x')
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), ['y', 'x'])
  assert.deepEqual(other.outcomes.get('p 1'), { epoch: 1, offset: 2 })
})

test('of a batch that is grouped otherwise than before, what is stored passes by', () => {
  const cluster = new LeaderCluster('overlap')
  const [a, b] = cluster.all as [ClusterNode, ClusterNode, ClusterNode]
  cluster.elect()
  a.publishAs('p', 2, 'b', 'c')
  cluster.settle()
  b.publishAs('p', 1, 'a', 'b', 'c', 'd')
  b.publish('after')
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), ['b', 'c', 'a', 'd', 'after'])
  assert.deepEqual(b.outcomes.get('p 1'), {
    epoch: 1,
    offset: 3,
    parts: [
      { kind: 'new', records: 1, epoch: 1, offset: 3 },
      // Something else of the producer was stored last.
      { kind: 'copy', records: 2, epoch: 0, offset: 0, original: {} },
      { kind: 'new', records: 1, epoch: 1, offset: 4 },
    ],
  })
  assert.deepEqual(b.outcomes.get('after'), { epoch: 1, offset: 5 })
})

test('a restart of all nodes keeps what producers have stored', () => {
  const cluster = new LeaderCluster('restart')
  cluster.elect()
  const [a, b] = cluster.all as [ClusterNode, ClusterNode, ClusterNode]
  a.publishAs('p', 1, 'x')
  cluster.settle()
  b.publishAs('p', 1, 'x')
  cluster.settle()
  const { boot } = a
  for (const node of cluster.all) cluster.crash(node.id)
  for (const node of cluster.all) node.start()
  cluster.elect()
  b.publishAs('p', 1, 'x')
  b.publishAs('p', 2, 'y')
  cluster.settle()
  assert.deepEqual(sameEverywhere(cluster), ['x', 'y'])
  assert.deepEqual(b.outcomes.get('p 1'), copyOf(1, 1, boot, 1))
})

const small = { ...orders, retention: { bytes: 65_536, ageMs: 2000 } }

test('a floor carries what producers have stored to a node that was away, which then leads', () => {
  const cluster = new LeaderCluster('floor', 'ABC', [small])
  const leader = cluster.elect()
  const [away, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  cluster.isolate(away.id)
  cluster.advance(500)
  other.publishAs('p', 1, 'x', 'y')
  cluster.advance(500)
  leader.publishAs('p', 1, 'x', 'y')
  cluster.advance(6000)
  other.publish('late')
  cluster.advance(500)
  cluster.rejoin(away.id)
  cluster.advance(1000)
  const { boot } = other
  for (const node of [leader, other]) cluster.crash(node.id)
  for (const node of [leader, other]) node.start()
  cluster.advance(1000)
  away.publishAs('p', 1, 'x', 'y')
  away.publish('on')
  cluster.advance(1000)
  for (const node of cluster.all) assert.deepEqual(node.delivered().slice(-1), ['on'], node.id)
  for (const node of cluster.all) assert.equal(node.delivered().includes('x'), false, node.id)
  assert.deepEqual(away.outcomes.get('p 1'), copyOf(2, 1, boot, 1))
  assert.deepEqual(away.outcomes.get('on'), { epoch: 1, offset: 4 })
})

test('what retention drops takes voids along, from memory and from the log', () => {
  const cluster = new LeaderCluster('dropped', 'ABC', [small])
  cluster.elect()
  // What META has said of the cluster stays.
  const begun = cluster.all.map((node) => node.slabs.bytesOut)
  for (let round = 1; round <= 10; round++) {
    for (const node of cluster.all) node.publishAs('p', round, `${round}`)
    cluster.advance(500)
  }
  cluster.advance(8000)
  assert.deepEqual(
    cluster.all.map((node) => [node.slabs.bytesOut, node.replica().messages]),
    begun.map((bytes) => [bytes, 0]),
  )
})

test('producers that retry over any node while nodes and links fail have everything stored once', () => {
  for (let nth = 0; nth < 12; nth++) runRandom(`random producers ${nth}`)
})

/** Three producers, each with batches that it tries anywhere until it knows that they are stored. */
function runRandom(seed: string): void {
  const cluster = new LeaderCluster(seed, 'ABC')
  const draw = (below: number): number => Math.floor(cluster.random() * below)
  const pending = ['p', 'q', 'r'].map((name) => ({ name, next: 1, count: 1 + draw(3) }))
  const expected = (): string[] =>
    pending.flatMap(({ name, next }) => Array.from({ length: next - 1 }, (_, at) => `${name}${at + 1}`))
  const textsOf = ({ name, next, count }: (typeof pending)[number]): string[] =>
    Array.from({ length: count }, (_, at) => `${name}${next + at}`)
  const attempt = (producer: (typeof pending)[number]): void => {
    const { name, next } = producer
    const isStored = cluster.up.some((node) => typeof node.outcomes.get(`${name} ${next}`) === 'object')
    if (isStored) Object.assign(producer, { next: next + producer.count, count: 1 + draw(3) })
    cluster.up[draw(cluster.up.length)]?.publishAs(name, producer.next, ...textsOf(producer))
  }
  for (let round = 0; round < 60; round++) {
    for (const producer of pending) if (cluster.up.length > 0 && draw(2) === 0) attempt(producer)
    breakSomething(cluster, draw)
    for (let steps = draw(6); steps > 0; steps--) cluster.step()
    if (draw(3) === 0) cluster.advance(draw(800))
  }
  for (const node of cluster.all) if (!node.isUp) node.start()
  for (const { id } of cluster.all) cluster.rejoin(id)
  cluster.elect()
  cluster.advance(6000)
  for (const producer of pending) {
    cluster.up[0]?.publishAs(producer.name, producer.next, ...textsOf(producer))
    cluster.advance(200)
    assert.equal(typeof cluster.up[0]?.outcomes.get(`${producer.name} ${producer.next}`), 'object', seed)
    producer.next += producer.count
  }
  assert.deepEqual(sameEverywhere(cluster).toSorted(), expected().toSorted(), seed)
}

function breakSomething(cluster: LeaderCluster, draw: (below: number) => number): void {
  const node = cluster.all[draw(3)]
  if (node === undefined) return
  const what = draw(10)
  if (what === 0 && node.isUp) cluster.crash(node.id, draw(200))
  else if (what <= 2 && !node.isUp) node.start()
  else if (what === 3) cluster.isolate(node.id)
  else if (what <= 5) cluster.rejoin(node.id)
}
