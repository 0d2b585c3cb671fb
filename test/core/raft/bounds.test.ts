// Everything that waits in a member is bounded, and goes on when there is room again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noData } from '../../../node/core/raft/entry.ts'
import { electionTicks, Group, ofKind } from './group.ts'

const removeThird = { changes: [{ kind: 'remove', id: 3 }], transition: 'auto' } as const

test('reads that a leader cannot answer are bounded', () => {
  const group = new Group(3, { readsMax: 10 })
  group.elect(1)
  group.isolate(1)
  let taken = 0
  while (group.raft(1).read(taken + 1) === undefined) {
    taken++
    group.drain(1)
  }
  assert.deepEqual([taken, group.raft(1).read(99)], [10, 'too many reads'])
})

test('so are those that wait for its first entry', () => {
  const group = new Group(3, { readsMax: 10 })
  group.raft(1).campaign()
  for (const message of group.drain(1)) group.deliver(message)
  for (const message of [...group.drain(2), ...group.drain(3)]) group.deliver(message)
  for (let request = 1; request <= 10; request++) assert.equal(group.raft(1).read(request), undefined)
  assert.equal(group.raft(1).read(11), 'too many reads')
  assert.equal(new Group(3).raft(1).read(1), 'no leader')
})

test('reads that come while a round is under way are answered with the next one', () => {
  const group = new Group(3)
  group.elect(1)
  const reads: number[] = []
  const drain = (): void => {
    while (group.raft(1).hasReady) {
      const ready = group.raft(1).takeReady()
      reads.push(...ready.reads.map(({ request }) => request))
      group.queue.push(...ready.messages, ...group.finish(1, ready))
    }
  }
  group.raft(1).read(1)
  drain()
  const first = ofKind(group.queue.splice(0), 'heartbeat')
  group.raft(1).read(2)
  group.raft(1).read(3)
  drain()
  assert.deepEqual(group.queue, [])
  for (const message of first) group.deliver(message)
  for (const answer of [...group.drain(2), ...group.drain(3)]) group.deliver(answer)
  drain()
  assert.deepEqual(reads, [1])
  for (const message of group.queue.splice(0)) group.deliver(message)
  for (const answer of group.drain(2)) group.deliver(answer)
  drain()
  assert.deepEqual(reads, [1, 2, 3])
})

test('entries without data are bounded too', () => {
  const group = new Group(3, { uncommittedBytesMax: 640 })
  group.elect(1)
  group.isolate(1)
  let taken = 0
  while (group.raft(1).propose([{ data: noData, change: removeThird }]) === undefined) taken++
  assert.equal(taken, 10)
})

test('a change that was not taken holds up none that comes later', () => {
  const group = new Group(3, { uncommittedBytesMax: 10 })
  group.elect(1)
  group.propose(1, 'fills it')
  const change = [{ data: noData, change: removeThird }]
  assert.equal(group.raft(1).propose(change), 'too much is uncommitted')
  assert.equal(group.raft(1).changeProblem(removeThird), undefined)
  group.settle()
  assert.equal(group.raft(1).propose(change), undefined)
  group.settle()
  assert.deepEqual([...group.status(1).configuration.voters], [1, 2])
})

test('what a leader of before has not committed does not count against it when it leads again', () => {
  const group = new Group(3, { uncommittedBytesMax: 100 })
  group.elect(1)
  group.isolate(1)
  group.propose(1, 'a'.repeat(100))
  group.settle()
  group.elect(2)
  group.heal()
  group.tick(2)
  group.settle()
  group.elect(1)
  group.isolate(1)
  assert.equal(group.raft(1).propose([{ data: Buffer.alloc(30) }]), undefined)
})

test('a hundred thousand entries at once are proposed, sent and taken', () => {
  const group = new Group(2, { uncommittedBytesMax: 1e9, appendBytesMax: 1e9 })
  group.elect(1)
  const proposals = Array.from({ length: 150_000 }, () => ({ data: noData }))
  assert.equal(group.raft(1).propose(proposals), undefined)
  for (const message of group.drain(1)) group.deliver(message)
  assert.equal(group.status(2).lastIndex, 150_001)
})

test('entries are handed out to be applied up to a bound, and the next ones when these are', () => {
  const group = new Group(1, { applyingBytesMax: 200 })
  group.elect(1)
  group.propose(1, ...Array.from({ length: 10 }, (_, at) => `${at}`))
  group.finish(1, group.raft(1).takeReady())
  const sizes: number[] = []
  for (;;) {
    const { committed } = group.raft(1).takeReady()
    assert.equal(group.raft(1).takeReady().committed.length, 0)
    if (committed.length === 0) break
    sizes.push(committed.length)
    group.raft(1).onApplied(committed)
  }
  assert.deepEqual(sizes, [3, 3, 3, 1])
})

test('a joint configuration is left as soon as a transfer that held that up has failed', () => {
  const group = new Group(5)
  group.elect(1)
  const changes = [4, 5].map((id) => ({ kind: 'remove', id }) as const)
  group.isCut = (_from, to) => to === 2
  assert.equal(
    group.raft(1).propose([{ data: noData, change: { changes, transition: 'implicit' } }]),
    undefined,
  )
  group.raft(1).transfer(2)
  group.settle()
  assert.ok(group.status(1).configuration.isJoint)
  group.tick(1, electionTicks)
  group.settle()
  assert.equal(group.status(1).configuration.isJoint, false)
})

test('a read that waits is answered when a change makes the leader the only voter', () => {
  const group = new Group(2)
  group.elect(1)
  const change = { changes: [{ kind: 'remove', id: 2 }], transition: 'auto' } as const
  assert.equal(group.raft(1).propose([{ data: noData, change }]), undefined)
  for (const message of group.drain(1)) group.deliver(message)
  const [answer] = group.drain(2)
  assert.equal(group.raft(1).read(1), undefined)
  group.drain(1)
  if (answer !== undefined) group.deliver(answer)
  const reads: number[] = []
  while (group.raft(1).hasReady) {
    const ready = group.raft(1).takeReady()
    reads.push(...ready.reads.map(({ request }) => request))
    group.finish(1, ready)
  }
  assert.deepEqual(reads, [1])
})

test('a member votes again for somebody else when its leader has been silent for the time of an election', () => {
  const group = new Group(3, { checkQuorum: true, random: () => 0.9 })
  group.elect(1)
  group.tick(2, electionTicks)
  group.deliver({ kind: 'vote', from: 3, to: 2, term: 2, last: { term: 1, index: 1 }, isTransfer: false })
  assert.equal(ofKind(group.drain(2), 'vote-answer')[0]?.isGranted, true)
})

test('a leader that is the only voter answers a read at once', () => {
  const group = new Group(1)
  group.elect(1)
  assert.equal(group.raft(1).read(4), undefined)
  assert.deepEqual(group.raft(1).takeReady().reads, [{ request: 4, index: 1 }])
})
