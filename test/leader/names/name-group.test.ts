// Names in a cluster of agents: whoever takes one hears where it stands, whatever is lost on the way and whoever dies meanwhile.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Boot, type Origin, toOrigin } from '../../../node/core/common/ids.ts'
import { protocolLimits } from '../../../node/core/common/limits.ts'
import { nameGroup } from '../../../node/groups/group-numbers.ts'
import type { Vector } from '../../../node/leader/names/command.ts'
import { encodeNameFrame, type NameCommand, nameFrameType } from '../../../node/leader/names/command.ts'
import { holderGraceMs } from '../../../node/leader/names/name-group.ts'
import { originsMax, positionsMax } from '../../../node/leader/names/vectors.ts'
import { ForgetWish, SaveWish, TakeWish } from '../../../node/leader/names/wishes.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { LeaderCluster } from '../leader-cluster.ts'

const key = { stream: 'orders', name: 'billing' } as const
const origin = toOrigin('A' as never, 7 as Boot)

interface Taking {
  readonly holder: string
  /** What it heard, once it has the name. */
  taken: { readonly vector: Vector | undefined } | undefined
}

let subs = 0

function take(cluster: LeaderCluster, { id, boot, agent }: ClusterNode): Taking {
  const holder = `${toOrigin(id, boot)}/${++subs}`
  const taking: Taking = { holder, taken: undefined }
  const wish = new TakeWish({
    ...{ ...key, holder, now: () => cluster.now, onFull: () => assert.fail('there is room') },
    onTaken: (vector) => {
      taking.taken = { vector: vector && new Map(vector) }
    },
  })
  agent.names.wish(wish)
  return taking
}

function save(
  { agent }: ClusterNode,
  { holder }: Taking,
  sequence: number,
  purpose: 'go on' | 'free',
): () => boolean {
  let isDone = false
  const vector = new Map<Origin, number>([[origin, sequence]])
  const onDone = (): void => {
    isDone = true
  }
  const onFull = (): void => assert.fail('there is room')
  agent.names.wish(new SaveWish({ ...key, holder, vector, purpose, onDone, onFull }))
  return () => isDone
}

/** A node that leads nothing, and the two others. */
function begun(seed: string): { cluster: LeaderCluster; a: ClusterNode; b: ClusterNode; c: ClusterNode } {
  const cluster = new LeaderCluster(seed)
  cluster.advance(2000)
  const [a, b, c] = cluster.all as [ClusterNode, ClusterNode, ClusterNode]
  return { cluster, a, b, c }
}

const standsAt = (sequence: number): Vector => new Map([[origin, sequence]])

test('the group begins with the first wish, and every node knows who has a name and where it stands', () => {
  const { cluster, a, b } = begun('first wish')
  const one = take(cluster, a)
  cluster.advance(2000)
  assert.deepEqual(one.taken, { vector: undefined })
  const isSaved = save(a, one, 5, 'go on')
  cluster.advance(100)
  assert.ok(isSaved())
  for (const { agent } of cluster.all)
    assert.deepEqual(
      [...agent.names.ledger.cursors],
      [{ ...key, holder: one.holder, next: undefined, vector: standsAt(5) }],
    )
  assert.ok(b.agent.names.isLed)
})

test('whoever takes a name hears where its holder stood when it let it go', () => {
  const { cluster, a, b } = begun('hand over')
  const one = take(cluster, a)
  cluster.advance(2000)
  const two = take(cluster, b)
  cluster.advance(300)
  assert.equal(two.taken, undefined, 'its holder is waited for')
  assert.equal(a.agent.names.ledger.cursor(key.stream, key.name)?.next, two.holder)
  save(a, one, 9, 'free')
  cluster.advance(100)
  assert.deepEqual(two.taken, { vector: standsAt(9) })
})

test('a holder that does not let go is waited for a second, and says nothing more afterwards', () => {
  const { cluster, a, b } = begun('by force')
  const one = take(cluster, a)
  cluster.advance(2000)
  save(a, one, 4, 'go on')
  const two = take(cluster, b)
  cluster.advance(900)
  assert.equal(two.taken, undefined)
  cluster.advance(400)
  assert.deepEqual(two.taken, { vector: standsAt(4) })
  assert.ok(save(a, one, 8, 'go on')(), 'a wish that cannot come true is over')
  cluster.advance(500)
  assert.deepEqual(a.agent.names.ledger.cursor(key.stream, key.name)?.vector, standsAt(4))
})

test('of three that want a name each gets it in turn, and none pushes away who is next', () => {
  const { cluster, a, b, c } = begun('three')
  const takings = [take(cluster, a)]
  cluster.advance(2000)
  takings.push(take(cluster, b), take(cluster, c))
  const next = new Set<string | undefined>()
  for (let ticks = 0; ticks < 16; ticks++) {
    cluster.advance(50)
    next.add(a.agent.names.ledger.cursor(key.stream, key.name)?.next)
  }
  next.delete(undefined)
  assert.equal(next.size, 1)
  cluster.advance(6000)
  assert.ok(takings.every(({ taken }) => taken !== undefined))
})

test('a crash of all nodes at once loses nothing of what was said to be saved', () => {
  const { cluster, a } = begun('all crash')
  const one = take(cluster, a)
  cluster.advance(2000)
  const isSaved = save(a, one, 31, 'go on')
  cluster.advance(100)
  assert.ok(isSaved())
  for (const { id } of cluster.all) cluster.crash(id)
  for (const node of cluster.all) node.start()
  cluster.advance(3000)
  const two = take(cluster, cluster.node('B'))
  cluster.advance(2000)
  assert.deepEqual(two.taken, { vector: standsAt(31) })
})

test('what the runs of a node have held is free when it runs again, and when it cannot be reached for too long', () => {
  const { cluster, a, b, c } = begun('gone')
  take(cluster, a)
  cluster.advance(2000)
  cluster.crash(a.id)
  a.start()
  cluster.advance(3000)
  assert.equal(b.agent.names.ledger.cursor(key.stream, key.name)?.holder, undefined)
  take(cluster, a)
  cluster.advance(2000)
  cluster.crash(a.id)
  cluster.advance(holderGraceMs - 1500)
  assert.notEqual(c.agent.names.ledger.cursor(key.stream, key.name)?.holder, undefined)
  cluster.advance(4000)
  assert.equal(c.agent.names.ledger.cursor(key.stream, key.name)?.holder, undefined)
})

test('a node without a majority takes nothing until it has one, and then hears what came meanwhile', () => {
  const { cluster, a, b } = begun('cut off')
  const one = take(cluster, b)
  cluster.advance(2000)
  cluster.isolate(a.id)
  const two = take(cluster, a)
  save(b, one, 3, 'free')
  cluster.advance(4000)
  assert.equal(two.taken, undefined)
  assert.equal(a.agent.names.isLed, false)
  cluster.rejoin(a.id)
  cluster.advance(3000)
  assert.deepEqual(two.taken, { vector: standsAt(3) })
})

test('frames that are lost are sent again', () => {
  const { cluster, a, b } = begun('lossy')
  cluster.loses = (_from, _to, frame) => frame[0] === nameFrameType && cluster.random() < 0.7
  for (const node of [a, b, a, b]) {
    const each = take(cluster, node)
    cluster.advance(8000)
    assert.ok(each.taken !== undefined)
    save(node, each, 1, 'free')
    cluster.advance(8000)
  }
})

test('a floor takes the place of many entries, and a node that was away gets it', () => {
  const { cluster, a, c } = begun('floor')
  const one = take(cluster, a)
  cluster.advance(2000)
  cluster.crash(c.id)
  for (let sequence = 1; sequence <= 1100; sequence++) {
    save(a, one, sequence, 'go on')
    cluster.settle()
  }
  cluster.advance(3000)
  c.start()
  cluster.advance(3000)
  assert.deepEqual(c.agent.names.ledger.cursor(key.stream, key.name)?.vector, standsAt(1100))
  assert.ok(c.disk.files.size > 0)
})

test('a name is forgotten on every node once nobody has it', () => {
  const { cluster, a, b } = begun('forget')
  const one = take(cluster, a)
  cluster.advance(2000)
  const forget = (): (() => boolean) => {
    let isDone = false
    const onDone = (): void => {
      isDone = true
    }
    b.agent.names.wish(new ForgetWish({ ...key, onDone }))
    return () => isDone
  }
  assert.ok(forget()(), 'one that somebody has stays')
  save(a, one, 1, 'free')
  cluster.advance(500)
  const isDone = forget()
  cluster.advance(500)
  assert.ok(isDone())
  for (const { agent } of cluster.all) assert.deepEqual([...agent.names.ledger.cursors], [])
})

test('a node without its disk gets a state that is larger than any frame', () => {
  const { cluster, b, c } = begun('large state')
  take(cluster, b)
  cluster.advance(2000)
  const leader = cluster.all.find(({ agent }) => agent.groups.get(nameGroup)?.isLeading)
  assert.ok(leader)
  const order = (command: NameCommand): void =>
    assert.ok(leader.agent.names.onFrame(encodeNameFrame(command)))
  const holder = `${toOrigin(b.id, b.boot)}/9`
  const origins = Array.from({ length: originsMax }, (_, at) =>
    toOrigin('N'.repeat(32) as never, (at + 1) as Boot),
  )
  const vector = new Map(origins.map((each) => [each, 2 ** 52]))
  for (let number = 0; number * originsMax < positionsMax; number++) {
    const of = { stream: 'orders', name: `n${number}`, holder } as const
    order({ op: 'take', ...of, replaces: undefined, force: false })
    order({ op: 'save', ...of, vector, frees: false })
    cluster.advance(50)
  }
  // Enough entries for a floor.
  for (let count = 0; count < 1100; count++) order({ op: 'forget', stream: 'orders', name: 'nobody' })
  cluster.advance(2000)
  const lost = leader === c ? b : c
  cluster.crash(lost.id)
  lost.wipe()
  cluster.advance(1000)
  lost.start()
  cluster.advance(2000)
  const state = leader.agent.names.ledger.encode()
  assert.ok(state.length > protocolLimits.frameBytesMax)
  // Millions of bytes are no message for people.
  assert.equal(Buffer.compare(lost.agent.names.ledger.encode(), state), 0)
})
