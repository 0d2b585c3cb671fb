// Queues on a stream in leader mode: every message goes to one member, those of a key in their order, whoever comes, goes or dies.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holderGraceMs } from '../../../node/leader/names/name-group.ts'
import type { NameAnswer } from '../../../scripts/admin/answers.ts'
import { NodeRefusal } from '../../../scripts/admin/request.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { RawClient } from '../raw-client.ts'
import { until } from '../until.ts'
import { patterns, QueueTrial, queue, stream } from './queue-trial.ts'

function nodesOf({ cluster }: QueueTrial): readonly [ClusterNode, ClusterNode, ClusterNode] {
  const [a, b, c] = cluster.nodes
  assert(a !== undefined && b !== undefined && c !== undefined)
  return [a, b, c]
}

/** Members of the queue as a node knows them. */
async function membersOn({ admin }: ClusterNode): Promise<readonly NameAnswer[]> {
  return (await admin.names()).filter(({ name, heldBy }) => name === queue && heldBy !== undefined)
}

test('members share the messages out, and none comes twice while members come and go in order', async () => {
  await using trial = await QueueTrial.start()
  const [a, b, c] = nodesOf(trial)
  const first = await trial.join(a)
  for (const node of trial.cluster.nodes) await trial.publishOn(node)
  await trial.untilPublished(300)
  const second = await trial.join(b)
  await trial.untilPublished(300)
  const third = await trial.join(c)
  await trial.untilPublished(300)
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  assert.equal(trial.repeated, 0)
  trial.assertOrder()
  for (const { texts } of [first, second, third]) assert(texts.length > 20, `${texts.length} only`)
  const members = await membersOn(b)
  assert.deepEqual(members.map(({ slots }) => slots).toSorted(), [21, 21, 22])
  await trial.assertCheck()
})

test('what a killed client had not acknowledged goes to another member, and nothing is lost', async () => {
  await using trial = await QueueTrial.start()
  const [a, b, c] = nodesOf(trial)
  for (const node of [a, b, c]) await trial.join(node)
  for (const node of trial.cluster.nodes) await trial.publishOn(node)
  for (const node of [a, b, c]) {
    await trial.untilPublished(150)
    const victim = trial.members.at(-3)
    await victim?.kill()
    await trial.untilPublished(150)
    await trial.join(node)
  }
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  trial.assertOrder()
  await trial.assertCheck()
})

test('kill -9 of each node in turn, with its members and its leadership, loses no message and no order', async () => {
  await using trial = await QueueTrial.start()
  for (const node of trial.cluster.nodes) await trial.join(node)
  for (const node of trial.cluster.nodes) await trial.publishOn(node)
  for (const node of trial.cluster.nodes) {
    await trial.untilPublished(150)
    await node.kill()
    await trial.untilPublished(150)
    await node.start()
    await trial.cluster.untilLinked()
  }
  await trial.untilPublished(150)
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  trial.assertOrder()
  await trial.assertCheck()
})

test('a node that stays away gives its slots up after five seconds, and others work on them', async () => {
  await using trial = await QueueTrial.start()
  const [a, b, c] = nodesOf(trial)
  const lost = await trial.join(c)
  await trial.join(a)
  await trial.publishOn(a)
  await trial.untilPublished(200)
  // Its client goes with it, so nobody else can say that it is gone.
  await Promise.all([c.kill(), lost.kill()])
  await trial.untilPublished(100)
  await until('one member is left', async () => (await membersOn(b)).length === 1, 30_000)
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  trial.assertOrder()
  await c.start()
  await trial.cluster.untilLinked()
  await trial.assertCheck()
})

test('a node that is stopped in order gives its slots up at once, and does not have to be missed first', async () => {
  await using trial = await QueueTrial.start()
  const [a, b, c] = nodesOf(trial)
  for (const node of [a, b, c]) await trial.join(node)
  await trial.publishOn(a)
  for (const node of [b, c]) {
    await trial.untilPublished(100)
    const began = performance.now()
    await node.stop()
    const isGone = async (): Promise<boolean> =>
      (await membersOn(a)).every(({ heldBy }) => heldBy?.startsWith(`${node.id}#`) === false)
    await until(`members of ${node.id} have gone`, isGone)
    const tookMs = performance.now() - began
    assert(tookMs < holderGraceMs - 1000, `it took ${tookMs} ms`)
    await trial.untilPublished(100)
    await node.start()
    await trial.cluster.untilLinked()
  }
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  trial.assertOrder()
  await trial.assertCheck()
})

test('kill -9 of all nodes at once loses nothing that was acknowledged, and the queue goes on where it was', async () => {
  await using trial = await QueueTrial.start()
  const [a, b] = nodesOf(trial)
  for (const node of [a, b]) await trial.join(node)
  await trial.publishOn(a)
  await trial.untilPublished(200)
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  await until('everything is acknowledged', async () => {
    const members = await membersOn(a)
    return members.length === 2 && members.every(({ lag }) => lag === 0)
  })
  // Writes the journals.
  await trial.cluster.check()
  await Promise.all(trial.cluster.nodes.map((node) => node.kill()))
  await trial.cluster.startAll()
  await until('both are members again', async () => (await membersOn(b)).length === 2, 30_000)
  await trial.publishOn(b)
  await trial.untilPublished(200)
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  assert.equal(trial.repeated, 0)
  trial.assertOrder()
  await trial.assertCheck()
})

test('a slot that is to be anothers waits for its member, and a member that hangs keeps what it has', async () => {
  await using trial = await QueueTrial.start()
  const [a, b] = nodesOf(trial)
  await using client = await trial.cluster.connect('A')
  const hanging = Promise.withResolvers<void>()
  const options = { queue, from: 'earliest', credit: { messages: 10 } } as const
  const taken: string[] = []
  const subscription = await client.subscribe(patterns, options, (delivery) => {
    if (delivery.kind === 'message') taken.push(delivery.text())
    return hanging.promise
  })
  await trial.publishOn(b)
  await trial.untilPublished(200)
  const other = await trial.join(b)
  await until('the other one gets what the first has not been sent', () => other.texts.length > 50)
  await trial.stopLoad()
  const before = trial.missing().length
  assert(before > 10, 'what the first one has is with nobody else')
  const lag = (await membersOn(a)).map((row) => row.lag ?? 0)
  assert(Math.max(...lag) > 10, `the lag shows it: ${lag}`)
  hanging.resolve()
  await subscription.unsubscribe()
  await until('the other one gets the rest', () => trial.missing().length <= taken.length, 30_000)
  trial.assertOrder()
})

test('a queue ends with its order: in gossip mode its members are told, and in leader mode it goes on where it was', async () => {
  await using trial = await QueueTrial.start()
  const [a] = nodesOf(trial)
  const first = await trial.join(a)
  await trial.publishOn(a)
  await trial.untilPublished(100)
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  await until('it is acknowledged', async () => (await membersOn(a)).every(({ lag }) => lag === 0))
  await a.admin.setMode(stream, 'gossip')
  assert.equal(await first.ended, 'QUEUE_NEEDS_ORDER')
  await using client = await trial.cluster.connect('A')
  await assert.rejects(client.subscribe(patterns, { queue }), { code: 'QUEUE_NEEDS_ORDER' })
  await client.publish('orders.between', 'in gossip mode')
  await a.admin.setMode(stream, 'leader')
  await trial.join(a)
  await trial.publishOn(a)
  await trial.untilPublished(100)
  await trial.stopLoad()
  await trial.untilAllWorkedOn()
  assert.equal(trial.repeated, 0)
  assert(!trial.members.some(({ texts }) => texts.includes('in gossip mode')))
})

test('members must agree on patterns and key, and a queue without members can be removed', async () => {
  await using trial = await QueueTrial.start()
  const [a, b] = nodesOf(trial)
  const member = await trial.join(a)
  await using client = await trial.cluster.connect('B')
  await assert.rejects(client.subscribe('orders.*', { queue }), { code: 'QUEUE_DIFFERS' })
  await assert.rejects(client.subscribe(patterns, { queue, key: 'customer' }), { code: 'QUEUE_DIFFERS' })
  await assert.rejects(client.subscribe(['orders.a', 'others.>'], { queue: 'wide', name: 'x' }), {
    code: 'CONFIG_INVALID',
  })
  const refusal = await b.admin.removeName(queue).catch((error: unknown) => error)
  assert(refusal instanceof NodeRefusal && refusal.code === 'NAME_IN_USE')
  await member.kill()
  await until('nobody is a member', async () => (await membersOn(b)).length === 0)
  const { entries } = await b.admin.removeName(queue)
  assert.deepEqual(entries, [{ kind: 'queue', stream: 'orders' }])
  await using again = await client.subscribe('orders.*', { queue, key: 'customer', from: 'earliest' })
  assert.equal((await membersOn(b)).length, 1)
  assert.deepEqual(again.patterns, ['orders.*'])
})

test('members that speak JSON share with the others, and what they take without credit is acknowledged', async () => {
  await using trial = await QueueTrial.start()
  const [a, b] = nodesOf(trial)
  using json = await RawClient.open(b)
  json.say({ op: 'subscribe', id: 1, patterns: [patterns], queue, from: 'earliest' })
  await json.hear('subscribed', { id: 1 })
  const other = await trial.join(a)
  await trial.publishOn(a)
  await trial.untilPublished(200)
  await trial.stopLoad()
  const taken = (): number => json.heard('message').length
  await until('both have everything', () => taken() + other.texts.length >= trial.published)
  assert.equal(taken() + other.texts.length, trial.published)
  assert(taken() > 20 && other.texts.length > 20)
  await until('all is acknowledged', async () => (await membersOn(a)).every(({ lag }) => lag === 0))
  json.say({ op: 'subscribe', id: 2, patterns: [patterns], queue: 'workers!' })
  await json.hear('refused', { id: 2, code: 'SUBSCRIPTION_NAME_INVALID' })
  json.say({ op: 'subscribe', id: 3, patterns: ['others.>'], queue: 'others' })
  await json.hear('refused', { id: 3, code: 'QUEUE_NEEDS_ORDER' })
})

test('what retention drops before a queue has come by is told as a gap', async () => {
  await using trial = await QueueTrial.start({ bytes: 65_536, ageMs: 3_600_000 })
  const [a] = nodesOf(trial)
  const first = await trial.join(a)
  await trial.publishOn(a)
  await trial.untilPublished(20)
  await trial.untilAllWorkedOn()
  await first.kill()
  await trial.untilPublished(3000)
  await trial.stopLoad()
  const second = await trial.join(a)
  await until('it was told', () => second.lines.some(({ kind }) => kind === 'gap'))
  await until('it has the rest', () => second.texts.length > 100)
  trial.assertOrder()
  const { findings } = await trial.cluster.check()
  const kinds = new Set(findings.map(({ kind }) => kind))
  assert(kinds.has('lost-told'), JSON.stringify(findings))
  assert(!kinds.has('lost-silent') && !kinds.has('duplicated'), JSON.stringify(findings))
})

test('a queue that begins behind the end of its stream gets nothing before that place, and is owed nothing there', async () => {
  await using trial = await QueueTrial.start()
  const [a, b] = nodesOf(trial)
  await using client = await trial.cluster.connect('C')
  const send = async (from: number, to: number): Promise<void> => {
    for (let number = from; number <= to; number++) {
      const { status } = await client.publish(`orders.${number}`, `${number}`)
      assert.equal(status, 'acknowledged')
    }
  }
  await send(1, 3)
  const first = await trial.join(a, { offset: 7 })
  await send(4, 5)
  const second = await trial.join(b)
  await send(6, 12)
  const texts = (): string[] => [...first.texts, ...second.texts].toSorted((x, y) => Number(x) - Number(y))
  await until('the last one came', () => texts().at(-1) === '12' && texts().length > 5)
  assert.deepEqual(texts(), ['7', '8', '9', '10', '11', '12'])
  await trial.assertCheck()
})
