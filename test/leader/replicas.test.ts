// How many nodes decide on the order of a stream.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import { orders } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

/** Says on every node how many nodes are to decide on `orders`, as the catalog would. */
function ask(cluster: LeaderCluster, replicas: number): void {
  cluster.definitions = cluster.definitions.map((definition) => ({ ...definition, replicas }))
  for (const node of cluster.all) for (const definition of cluster.definitions) node.agent.define(definition)
  cluster.advance(2000)
}

/** What each node knows of who votes on `orders`. */
function votersOf(cluster: LeaderCluster): string[] {
  return cluster.up.map((node) => node.agent.statusOf(node.replica()).voters.join(''))
}

function begun(seed: string, ids: string): LeaderCluster {
  const cluster = new LeaderCluster(seed, ids)
  cluster.elect()
  cluster.node('A').publish('before')
  cluster.advance(500)
  return cluster
}

test('a stream that asks for five replicas is decided on by five nodes, and by three when it asks for three again', () => {
  const cluster = begun('five', 'ABCDEF')
  const atFirst = votersOf(cluster)
  assert.equal(new Set(atFirst).size, 1)
  assert.equal(atFirst[0]?.length, 3)
  ask(cluster, 5)
  const five = votersOf(cluster)
  assert.equal(new Set(five).size, 1)
  assert.equal(five[0]?.length, 5)
  // What three decided on is what five go on with.
  for (const voter of atFirst[0] as string) assert.ok(five[0]?.includes(voter), voter)
  ask(cluster, 3)
  assert.deepEqual(votersOf(cluster), atFirst)
})

test('streams of one group share its voters: as many as the one that asks for most', () => {
  const groupOf = (name: string): number => toStreamId(name) % 5
  const twin = Array.from({ length: 50 }, (_, nth) => `twin-${nth}`).find(
    (name) => groupOf(name) === groupOf(orders.name),
  )
  const greedy = { ...orders, name: twin as string, topics: ['twin.>'], replicas: 5 }
  for (const definitions of [
    [orders, greedy],
    [greedy, orders],
  ]) {
    const cluster = new LeaderCluster('twins', 'ABCDE', definitions)
    cluster.elect()
    cluster.advance(2000)
    assert.deepEqual(votersOf(cluster), Array(5).fill('ABCDE'))
    cluster.definitions = definitions.map((each) => ({ ...each, replicas: 3 }))
    for (const node of cluster.all) node.agent.undefine(toStreamId(greedy.name), 0)
    cluster.advance(2000)
    assert.equal(votersOf(cluster)[0]?.length, 3)
  }
})

test('with five replicas any two nodes may die, and what was acknowledged is there', () => {
  const cluster = begun('two of five die', 'ABCDE')
  ask(cluster, 5)
  const leader = cluster.elect()
  leader.publish('acknowledged')
  cluster.advance(500)
  assert.deepEqual(leader.outcomes.get('acknowledged'), { epoch: 1, offset: 2 })
  const [other] = cluster.others(leader)
  cluster.crash(leader.id)
  cluster.crash(other?.id ?? '')
  cluster.advance(5000)
  const [survivor] = cluster.up
  survivor?.publish('behind it')
  cluster.advance(1000)
  for (const node of cluster.up)
    assert.deepEqual(node.delivered(), ['before', 'acknowledged', 'behind it'], node.id)
})

test('where there are fewer nodes than replicas all decide, and those that come later as well', () => {
  const cluster = begun('fewer', 'ABC')
  ask(cluster, 5)
  assert.deepEqual(votersOf(cluster), ['ABC', 'ABC', 'ABC'])
  for (const id of 'DE') cluster.add(id)
  ask(cluster, 5)
  assert.deepEqual(votersOf(cluster), Array(5).fill('ABCDE'))
})

test('a node is not removed if that left no majority of the five that decide', () => {
  const cluster = begun('removed', 'ABCDEF')
  ask(cluster, 5)
  const { voters } = cluster.node('A').agent.statusOf(cluster.node('A').replica())
  const [first, second, third] = voters.filter((id) => id !== 'A')
  for (const id of [first, second]) cluster.crash(id as string)
  cluster.advance(2000)
  let reason: string | undefined
  cluster.node('A').agent.cluster.leave(third as NodeId, (problem) => {
    reason = problem?.reason
  })
  cluster.advance(500)
  assert.match(reason ?? 'it may go', /would be up/)
})

test('five decide as well after all nodes were down', () => {
  const cluster = begun('restart', 'ABCDE')
  ask(cluster, 5)
  for (const { id } of cluster.all) cluster.crash(id)
  for (const { id } of cluster.all) cluster.node(id).start()
  cluster.elect()
  cluster.node('A').publish('after')
  cluster.advance(2000)
  assert.deepEqual(votersOf(cluster), Array(5).fill('ABCDE'))
  assert.deepEqual(cluster.node('E').delivered(), ['before', 'after'])
})
