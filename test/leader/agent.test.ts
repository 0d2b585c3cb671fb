// What publishers, subscribers and operators see of an agent: what is refused, what is sent again, what is known.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leaderLimits } from '../../node/leader/limits.ts'
import { batchFlag, batchOffset, batchSequence } from '../../node/wire/batch-header.ts'
import { raftFrameType } from '../../node/wire/raft-frames.ts'
import type { ClusterNode } from './cluster-node.ts'
import { batchOf, orders, ordersId } from './leader-batches.ts'
import { LeaderCluster } from './leader-cluster.ts'

interface Roles {
  readonly cluster: LeaderCluster
  readonly leader: ClusterNode
  readonly one: ClusterNode
  readonly other: ClusterNode
}

function elected(seed: string, ageMs: number = orders.retention.ageMs): Roles {
  const cluster = new LeaderCluster(seed, 'ABC', [{ ...orders, retention: { bytes: 1_000_000, ageMs } }])
  const leader = cluster.elect()
  // Ticks have seen who leads.
  cluster.advance(200)
  const [one, other] = cluster.others(leader) as [ClusterNode, ClusterNode]
  return { cluster, leader, one, other }
}

function isSubmission(frame: Uint8Array): boolean {
  return frame[0] !== raftFrameType && ((frame[batchOffset.flags] ?? 0) & batchFlag.submitted) !== 0
}

test('what nobody can give a place is refused with NO_LEADER after two seconds, until there is a leader', () => {
  const { cluster, one } = elected('no leader')
  const problem = (): unknown => one.agent.publishProblem(one.replica())
  assert.equal(problem(), undefined)
  for (const node of cluster.all) if (node !== one) cluster.crash(node.id)
  cluster.advance(leaderLimits.refusesAfterMs - 500)
  assert.equal(problem(), undefined)
  one.publish('a')
  cluster.advance(1500)
  assert.match(JSON.stringify(problem()), /"NO_LEADER","reason":"stream orders has had no leader for \d+ ms"/)
  for (const node of cluster.all) if (!node.isUp) node.start()
  cluster.elect()
  cluster.advance(100)
  assert.equal(problem(), undefined)
  assert.deepEqual(one.outcomes.get('a'), { epoch: 1, offset: 1 })
})

test('what waits for its place is bounded, and refused beyond that', () => {
  const { cluster, one } = elected('bounded')
  cluster.isolate(one.id)
  const text = 'x'.repeat(900_000)
  for (let count = 0; one.agent.waitingBytes(one.replica()) <= leaderLimits.submittedBytesMax; count++) {
    assert.equal(one.agent.publishProblem(one.replica()), undefined)
    one.publish(`${count}${text}`)
  }
  assert.equal(one.agent.publishProblem(one.replica())?.refused, 'PUBLISH_RATE_LIMITED')
  cluster.rejoin(one.id)
  cluster.advance(3000)
  assert.equal(one.agent.waitingBytes(one.replica()), 0)
  assert.equal(one.agent.publishProblem(one.replica()), undefined)
})

test('what has no place after its time is unknown, and gets one, once, when there is a leader again', () => {
  const { cluster, leader, one } = elected('unknown')
  cluster.isolate(one.id)
  one.publish('a', 'b')
  cluster.advance(4900)
  assert.deepEqual([...one.outcomes.values()], ['waiting', 'waiting'])
  cluster.advance(200)
  assert.deepEqual([...one.outcomes.values()], ['unknown', 'unknown'])
  one.publish('c')
  cluster.rejoin(one.id)
  cluster.advance(1000)
  assert.deepEqual(leader.delivered(), ['a', 'b', 'c'])
  assert.deepEqual([...one.outcomes.values()], ['unknown', 'unknown', { epoch: 1, offset: 3 }])
})

test('a batch that is lost without a word is sent again after two seconds, with what follows it', () => {
  const { cluster, one, leader } = elected('lost')
  leader.publish('begun')
  cluster.settle()
  let lost = 0
  cluster.loses = (_from, _to, frame) => isSubmission(frame) && lost++ === 0
  one.publish('a', 'b')
  cluster.advance(1900)
  assert.deepEqual([...one.outcomes.values()], ['waiting', 'waiting'])
  cluster.advance(300)
  assert.deepEqual(leader.delivered(), ['begun', 'a', 'b'])
  const places = [2, 3].map((offset) => ({ epoch: 1, offset }))
  assert.deepEqual([...one.outcomes.values()], places)
})

test('when the link to the leader is back, everything without a place is sent at once', () => {
  const { cluster, one, leader, other } = elected('back')
  one.publish('a')
  cluster.cut(one.id, leader.id)
  cluster.cut(one.id, other.id)
  one.publish('b')
  cluster.mend(one.id, leader.id)
  cluster.mend(one.id, other.id)
  cluster.elect()
  cluster.advance(200)
  assert.deepEqual(one.delivered(), ['a', 'b'])
})

test('to another leader everything is sent again, and what the last one gave a place is not doubled', () => {
  const { cluster, one, leader, other } = elected('another')
  one.publish('a', 'b', 'c')
  // The leader has given places, and one of the others has them.
  cluster.step()
  cluster.step()
  other.isDiskHeld = true
  cluster.step()
  cluster.crash(leader.id)
  other.isDiskHeld = false
  one.publish('d')
  cluster.elect()
  cluster.advance(500)
  assert.deepEqual(one.delivered(), ['a', 'b', 'c', 'd'])
  assert.deepEqual(other.delivered(), one.delivered())
})

test('a link is handed no more than it may have waiting, and more when it takes more', () => {
  const { cluster, one } = elected('room')
  cluster.queuedBytes = leaderLimits.linkBytesMax
  one.publish('a', 'b')
  cluster.settle()
  assert.deepEqual([...one.outcomes.values()], ['waiting', 'waiting'])
  cluster.queuedBytes = 0
  one.agent.onPeerWritable()
  cluster.settle()
  assert.deepEqual(one.delivered(), ['a', 'b'])
})

test('a batch that comes to a node that does not lead gets no place from it', () => {
  const { cluster, one, other } = elected('not the leader')
  one.agent.onSubmitted(other.id, other.boot, batchOf({ boot: other.boot, from: 1 }))
  cluster.advance(500)
  assert.deepEqual(one.delivered(), [])
})

test('a node that was told the state by a floor knows whom to send to, though nobody else publishes', () => {
  const { cluster, one, other, leader } = elected('by a floor', 2000)
  other.publish('a')
  cluster.settle()
  cluster.isolate(one.id)
  cluster.crash(leader.id)
  leader.start()
  cluster.advance(2000)
  other.publish('b')
  cluster.advance(5000)
  cluster.rejoin(one.id)
  cluster.elect()
  cluster.advance(1000)
  one.publish('c')
  cluster.settle()
  assert.deepEqual(one.outcomes.get('c'), { epoch: 1, offset: 3 })
})

test('whoever wants what is current hears when this node has everything that had its place by then', () => {
  const { cluster, one, other, leader } = elected('current')
  let isCurrent = false
  other.publish('a')
  // The place is given, and this node has not heard of it.
  const isHeard = (): boolean => one.delivered().length > 0
  while (leader.delivered().length === 0) cluster.step()
  assert.equal(isHeard(), false)
  one.agent.whenCurrent(one.replica(), () => {
    isCurrent = true
    assert.ok(isHeard())
  })
  cluster.settle()
  assert.ok(isCurrent)
})

test('whoever wants what is current where nobody can say that goes on after two seconds', () => {
  const { cluster, one } = elected('not current')
  cluster.isolate(one.id)
  let calls = 0
  one.agent.whenCurrent(one.replica(), () => calls++)
  cluster.advance(1950)
  assert.equal(calls, 0)
  cluster.advance(150)
  assert.equal(calls, 1)
  cluster.rejoin(one.id)
  cluster.advance(2000)
  assert.equal(calls, 1)
})

test('a stream that was removed takes nothing; defined again it goes on behind what it had, which is gone', () => {
  const { cluster, one, other } = elected('removed')
  one.publish('a')
  cluster.settle()
  for (const node of cluster.all) node.agent.undefine(ordersId, 0)
  assert.deepEqual([...one.agent.replicas.keys()], [])
  for (const node of cluster.all) node.agent.define(orders)
  other.publish('b')
  cluster.settle()
  assert.deepEqual(one.delivered(), [`gap ${one.id}#${one.boot.toString(36)} 1-1`, 'b'])
  assert.deepEqual(other.outcomes.get('b'), { epoch: 1, offset: 2 })
})

test('one that is made again has everything that is published on it, also on a node that hears of that last', () => {
  const { cluster, one, other } = elected('made again')
  one.publish('a')
  cluster.settle()
  for (const node of cluster.all) node.agent.undefine(ordersId, 0, 1)
  const again = { ...orders, behind: 1 }
  for (const node of cluster.all) if (node !== one) node.agent.define(again)
  other.publish('b')
  cluster.settle()
  assert.deepEqual([...one.agent.replicas.keys()], [])
  one.agent.define(again)
  assert.deepEqual(one.delivered(), [`gap ${one.id}#${one.boot.toString(36)} 1-1`, 'b'])
})

test('the status of a stream names its group and leader, and how far it is', () => {
  const { cluster, one, leader } = elected('status')
  one.publish('a', 'b')
  cluster.settle()
  const { group, commit } = one.agent.statusOf(one.replica())
  assert.equal(commit, leader.agent.groups.get(group ?? 0)?.log.lastIndex)
  for (const node of cluster.all) {
    assert.deepEqual(node.agent.statusOf(node.replica()), {
      ...{ group, leader: leader.id, voters: ['A', 'B', 'C'], last: 2, commit, lag: 0 },
      refuses: undefined,
    })
  }
  cluster.isolate(one.id)
  const { leader: none, refuses } = one.agent.statusOf(one.replica())
  assert.deepEqual([none, refuses], [undefined, undefined])
})

test('the status of a stream says that publications are refused, as long as they are', () => {
  const { cluster, one, leader } = elected('status refuses')
  cluster.isolate(one.id)
  for (let ticks = 0; ticks < 100; ticks++) {
    cluster.advance(leaderLimits.tickMs)
    const { refuses } = one.agent.statusOf(one.replica())
    assert.equal(refuses, one.agent.publishProblem(one.replica())?.refused)
  }
  assert.equal(one.agent.statusOf(one.replica()).refuses, 'NO_LEADER')
  assert.equal(leader.agent.statusOf(leader.replica()).refuses, undefined)
  cluster.rejoin(one.id)
  cluster.advance(1000)
  assert.equal(one.agent.statusOf(one.replica()).refuses, undefined)
})

test('a node that starts again numbers from 1, as another boot', () => {
  const { cluster, one } = elected('another boot')
  one.publish('a', 'b')
  cluster.settle()
  assert.equal(one.agent.nextSequence(one.replica()), 3)
  cluster.crash(one.id)
  one.start()
  assert.equal(one.agent.nextSequence(one.replica()), 1)
  cluster.advance(1000)
  one.publish('c')
  cluster.settle()
  assert.deepEqual(one.delivered(), ['a', 'b', 'c'])
})

test('one node alone gives places as soon as it leads', () => {
  const cluster = new LeaderCluster('alone', 'A')
  const node = cluster.elect()
  node.publish('a')
  cluster.settle()
  assert.deepEqual(node.outcomes.get('a'), { epoch: 1, offset: 1 })
})

test('of five nodes three decide, and the other two get everything', () => {
  const cluster = new LeaderCluster('five', 'ABCDE')
  cluster.elect()
  for (const node of cluster.all) node.publish(`from ${node.id}`)
  cluster.settle()
  const [first, ...rest] = cluster.all.map((node) => node.delivered())
  assert.equal(first?.length, 5)
  for (const other of rest) assert.deepEqual(other, first)
})

test('submissions carry their mark on the way only', () => {
  const { cluster, leader, one } = elected('mark')
  leader.publish('begun')
  cluster.settle()
  const marks: [number, boolean][] = []
  cluster.loses = (_from, _to, frame) => {
    if (frame[0] !== raftFrameType) marks.push([batchSequence(frame), isSubmission(frame)])
    return false
  }
  one.publish('a')
  cluster.settle()
  assert.deepEqual(marks, [[1, true]])
  const entry = one.replica().origins.get(one.boot)?.log.first
  assert.ok(entry?.frame)
  assert.equal(isSubmission(entry.frame), false)
})
