// Members of a queue on a cluster: each message to one of them, those of a key in their order, whoever comes, goes, dies or is cut off.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClusterNode } from '../leader/cluster-node.ts'
import { orders } from '../leader/leader-batches.ts'
import { LeaderCluster } from '../leader/leader-cluster.ts'
import { QueueCluster, type TestMember } from './queue-cluster.ts'

function begun(
  seed: string,
  bytes = 1_000_000,
): {
  queues: QueueCluster
  a: ClusterNode
  b: ClusterNode
  c: ClusterNode
} {
  const definition = { ...orders, retention: { bytes, ageMs: 3_600_000 } }
  const cluster = new LeaderCluster(seed, 'ABC', [definition])
  cluster.elect()
  const [a, b, c] = cluster.all as [ClusterNode, ClusterNode, ClusterNode]
  return { queues: new QueueCluster(cluster), a, b, c }
}

/** Publishes `KEY N` for each key and number. */
function publish(node: ClusterNode, keys: number, from: number, to: number): void {
  for (let number = from; number <= to; number++)
    for (let key = 0; key < keys; key++) node.publishUnder(`orders.${key}`, `${key} ${number}`)
}

function allTexts(keys: number, to: number): string[] {
  return Array.from({ length: keys }, (_, key) => Array.from({ length: to }, (_, at) => `${key} ${at + 1}`))
    .flat()
    .toSorted()
}

/** Asserts that the messages of every key were worked on in their order and without a hole, among those that came for the first time. */
function assertOrder(texts: readonly string[]): void {
  const last = new Map<string, number>()
  for (const text of new Set(texts)) {
    const [key = '', number = ''] = text.split(' ')
    assert.equal(Number(number), (last.get(key) ?? 0) + 1, text)
    last.set(key, Number(number))
  }
}

const keys = 30

test('one member gets everything, two share, and what moves is neither lost nor doubled', () => {
  const { queues, a, b } = begun('share')
  const one = queues.join(a)
  queues.advance(2500)
  assert.ok(one.isJoined)
  publish(b, keys, 1, 5)
  queues.advance(500)
  assert.deepEqual(one.waiting.toSorted(), allTexts(keys, 5))
  const two = queues.join(b)
  queues.advance(1000)
  assert.ok(two.isJoined)
  publish(a, keys, 6, 10)
  queues.advance(500)
  assert.deepEqual(two.waiting, [], 'nothing moves before it was worked on')
  one.work()
  queues.advance(500)
  one.work()
  assert.ok(two.waiting.length > keys, `${two.waiting.length}`)
  two.work()
  assert.deepEqual([...one.worked, ...two.worked].toSorted(), allTexts(keys, 10))
  assertOrder(queues.worked)
})

test('retries of named producers come to nobody twice, and hold nobody up', () => {
  const { queues, a, b } = begun('named')
  const one = queues.join(a)
  queues.advance(2500)
  for (let sequence = 1; sequence <= 5; sequence++) {
    a.publishAs('till', sequence, `${sequence}`)
    // The same over another node: it passes by without a message, and has no place.
    b.publishAs('till', sequence, `${sequence}`)
    queues.advance(300)
  }
  assert.deepEqual(one.waiting, ['1', '2', '3', '4', '5'])
  one.work(3)
  queues.advance(500)
  queues.leave(one)
  const two = queues.join(b)
  queues.advance(2500)
  assert.deepEqual(two.waiting, ['4', '5'])
  two.work()
  assert.deepEqual(queues.worked, ['1', '2', '3', '4', '5'])
})

test('what a member that goes had not worked on comes to another one, from there on', () => {
  const { queues, a, b, c } = begun('leave')
  const one = queues.join(a)
  const two = queues.join(b)
  queues.advance(3000)
  publish(c, keys, 1, 4)
  queues.advance(500)
  one.work(one.waiting.length - 7)
  const lost = [...one.waiting]
  queues.leave(one)
  queues.advance(1000)
  for (const text of lost) assert.ok(two.waiting.includes(text), text)
  two.work()
  assert.deepEqual([...one.worked, ...two.worked].toSorted(), allTexts(keys, 4))
})

test('a member that hangs keeps its slots, and is sent no more than its credit', () => {
  const { queues, a, b } = begun('hang')
  const hung = queues.join(a, { credit: 10 })
  queues.advance(2500)
  const other = queues.join(b)
  queues.advance(500)
  publish(b, keys, 1, 10)
  queues.advance(10_000)
  assert.equal(hung.waiting.length, 10)
  other.work()
  const before = other.worked.length
  hung.work()
  queues.advance(500)
  other.work()
  assert.ok(other.worked.length > before || hung.waiting.length === 10)
})

test('a node that is cut off hands out nothing more, and what it had goes to others after its time', () => {
  const { queues, a, b } = begun('cut off')
  const away = queues.join(a, { credit: 5 })
  const here = queues.join(b)
  queues.advance(3000)
  publish(b, keys, 1, 4)
  queues.advance(300)
  queues.cluster.isolate(a.id)
  queues.advance(2000)
  away.work()
  const before = away.worked.length + away.waiting.length
  queues.advance(8000)
  away.work()
  queues.pump()
  assert.equal(away.worked.length + away.waiting.length, before, 'others have its slots by now')
  here.work()
  assert.deepEqual([...new Set([...here.worked, ...away.worked])].toSorted(), allTexts(keys, 4))
  queues.cluster.rejoin(a.id)
  queues.advance(4000)
  here.work()
  queues.advance(500)
  publish(b, keys, 5, 8)
  queues.advance(1000)
  for (let round = 0; round < 60; round++) {
    for (const member of [away, here]) member.work()
    queues.advance(50)
  }
  assert.ok(away.worked.length > before, 'it is a member again')
  assert.deepEqual([...new Set([...here.worked, ...away.worked])].toSorted(), allTexts(keys, 8))
  const lines = queues.linesOf(a).filter(({ t }) => t === 'sub' || t === 'lost' || t === 'end')
  assert.deepEqual(
    lines.map(({ t }) => t),
    ['sub', 'lost', 'end', 'sub'],
  )
})

test('what retention drops before the queue has come by is told as a gap, and the rest comes', () => {
  const { queues, a, b } = begun('gap', 65_536)
  const one = queues.join(a)
  queues.advance(2500)
  publish(b, keys, 1, 2)
  queues.advance(500)
  one.work()
  queues.advance(6000)
  queues.leave(one)
  publish(b, keys, 3, 30)
  queues.advance(2000)
  const two = queues.join(a)
  queues.advance(2000)
  assert.equal(two.gaps.length, 1)
  const [, range = ''] = two.gaps[0]?.split(' ') ?? []
  const [from, to] = range.split('-').map(Number)
  assert.equal(from, keys * 2 + 1)
  assert.equal(two.waiting.length, keys * 30 - (to ?? 0))
})

test('a queue that begins behind the end waits for its offset, and the journal owes it nothing of what passes by before', () => {
  const { queues, a, b } = begun('behind the end')
  publish(a, 1, 1, 3)
  queues.advance(2500)
  const one = queues.join(a, { from: { offset: 7 } })
  queues.advance(2500)
  assert.ok(one.isJoined)
  publish(a, 1, 4, 5)
  queues.advance(500)
  queues.onSecond()
  assert.deepEqual([one.waiting, queues.linesOf(a)], [[], []])
  // It has no say in where the queue begins, which is not new any more.
  const two = queues.join(b, { from: { offset: 1 } })
  queues.advance(1000)
  publish(a, 1, 6, 9)
  queues.advance(500)
  assert.deepEqual([...one.waiting, ...two.waiting].toSorted(), ['0 7', '0 8', '0 9'])
  const late = queues.join(a)
  queues.advance(1000)
  assert.ok(late.isJoined)
  for (const node of [a, b]) {
    const lines = queues.linesOf(node).filter(({ t }) => t === 'sub' || t === 'base')
    assert.deepEqual([lines[0]?.t, lines.length], ['sub', node === a ? 4 : 2])
    for (const line of lines) if (line.t === 'base') assert.equal(line.seq, 6)
  }
})

test('a member that goes while its queue waits for its offset was never there, and the next one waits on', () => {
  const { queues, a } = begun('waits on')
  const one = queues.join(a, { from: { offset: 3 } })
  queues.advance(2500)
  queues.leave(one)
  queues.advance(1000)
  assert.deepEqual(queues.linesOf(a), [])
  const two = queues.join(a)
  queues.advance(1000)
  publish(a, 1, 1, 3)
  queues.advance(500)
  assert.deepEqual(two.waiting, ['0 3'])
})

test('members with other terms are refused, and so are those of a stream without an order', () => {
  const { queues, a, b } = begun('terms')
  queues.join(a)
  queues.advance(2500)
  const other = queues.join(b, { key: 'customer' })
  queues.advance(500)
  assert.equal(other.endedWith, 'QUEUE_DIFFERS')
  const wide = queues.join(b, { patterns: '>' })
  queues.advance(500)
  assert.equal(wide.endedWith, 'QUEUE_DIFFERS')
})

test('members of a queue whose stream was removed are told', () => {
  const { queues, a } = begun('removed')
  const one = queues.join(a)
  queues.advance(2500)
  queues.onSecond()
  assert.equal(one.endedWith, undefined)
  assert.equal(queues.linesOf(a).at(-1)?.t, 'passed')
  queues.isStreamRemoved = true
  queues.onSecond()
  assert.equal(one.endedWith, 'QUEUE_NEEDS_ORDER')
  assert.match(one.endedFor ?? '', /^stream orders was removed/)
})

/** Everything that happens is drawn from the seed. */
function runRandomly(seed: string, withCrashes: boolean): void {
  const { queues } = begun(seed)
  const { cluster } = queues
  const draw = (below: number): number => Math.floor(cluster.random() * below)
  const pick = <Item>(items: readonly Item[]): Item | undefined => items[draw(items.length)]
  const boots = new Map<TestMember, number>()
  const join = (node: ClusterNode): void => {
    boots.set(queues.join(node, { credit: 1 + draw(40) }), node.boot)
  }
  const present = (): TestMember[] =>
    [...boots].filter(([{ node }, boot]) => node.isUp && node.boot === boot).map(([member]) => member)
  let published = 0
  for (let round = 0; round < 40; round++) {
    const node = pick(cluster.up)
    if (node !== undefined && present().length < 5) join(node)
    if (cluster.up.length === 3) publish(cluster.node('A'), keys, published + 1, ++published)
    const leaving = draw(4) === 0 ? pick(present()) : undefined
    if (leaving !== undefined) {
      boots.delete(leaving)
      queues.leave(leaving)
    }
    if (withCrashes && draw(6) === 0 && cluster.up.length === 3) cluster.crash(pick(['B', 'C']) ?? 'B')
    else for (const down of cluster.all) if (!down.isUp && draw(2) === 0) down.start()
    for (const member of present()) member.work(draw(member.waiting.length + 1))
    queues.advance(50 * draw(20))
  }
  for (const down of cluster.all) if (!down.isUp) down.start()
  join(cluster.node('A'))
  for (let round = 0; round < 300; round++) {
    for (const member of present()) member.work()
    queues.advance(50)
  }
  assert.deepEqual([...new Set(queues.worked)].toSorted(), allTexts(keys, published), seed)
  assertOrder(queues.worked)
  if (!withCrashes) assert.equal(queues.worked.length, keys * published, `${seed}: none was worked on twice`)
}

test('random members that come, work and go get every message once, those of a key in their order', () => {
  for (let number = 0; number < 8; number++) runRandomly(`queue ${number}`, false)
})

test('random members on nodes that crash get every message, those of a key in their order', () => {
  for (let number = 0; number < 8; number++) runRandomly(`queue crashes ${number}`, true)
})
