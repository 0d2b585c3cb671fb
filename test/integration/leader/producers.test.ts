// Named producers whose node or leader is killed in mid-flight: they go on over another node, publish again what they do not know, and every
// message is stored once.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Client, connect } from '../../../client/index.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { RawClient } from '../raw-client.ts'
import { rounds, Trial } from './trial.ts'

const topic = 'orders.new'
/** Shorter than an election: what is under way then ends as unknown, and is published again by the application. */
const impatient = { deadlineMs: 100 } as const

test('kill -9 of the leader, and of the node that they publish to, leaves every message of named producers stored once', async (context) => {
  await using trial = await Trial.start()
  for (let round = 0; round < rounds; round++) {
    for (const pick of [leaderOf, followerOf])
      await trial.killUnderLoad(await pick(trial), { count: 30, isNamed: true, client: impatient })
  }
  await assertStoredOnce(trial)
  // Whether any was is luck; the next test makes sure of one.
  context.diagnostic(`${await countVoids(trial)} retries of what was stored have passed by`)
})

test('a retry over another node is told the place of the first time, which its publisher never heard of', async () => {
  await using trial = await Trial.start({ proxied: true })
  const leader = await trial.untilLed()
  const [entry, other] = trial.cluster.nodes.filter((node) => node !== leader)
  assert(entry !== undefined && other !== undefined)
  await using far = await trial.cluster.connect(entry.id)
  await using near = await trial.cluster.connect(other.id)
  const before = await far.producer('billing').publish(topic, 'before')
  assert.equal(before.status, 'acknowledged')
  // What is published there reaches the leader, and no answer comes back.
  trial.cluster.mute(leader.id, entry.id)
  const first = far.producer('billing', { next: 7 }).publish(topic, 'once', { deadlineMs: 500 })
  const doubt = await first
  assert.equal(doubt.status, 'unknown', JSON.stringify(doubt))
  const retry = near.producer('billing', { next: 7 })
  const again = await retry.publish(topic, 'once')
  assert.deepEqual(
    again.status === 'acknowledged' && [
      again.duplicate,
      again.epoch,
      again.offset,
      again.origin?.slice(0, 2),
    ],
    [true, 1, 2, `${entry.id}#`],
  )
  assert.equal(await other.counter('duplicatesPassed'), 1)
  const next = await retry.publish(topic, 'next')
  assert.deepEqual(next.status === 'acknowledged' && [next.duplicate, next.offset], [undefined, 3])
  trial.cluster.heal(leader.id, entry.id)
  for (const node of trial.cluster.nodes) {
    const texts = await textsOn(node, 3)
    assert.deepEqual(texts, ['before', 'once', 'next'])
  }
  const { findings, ok } = await trial.cluster.check()
  assert.ok(ok, JSON.stringify(findings))
})

test('what was stored in leader mode is known in its next epoch, and what was stored in gossip mode is not', async () => {
  await using trial = await Trial.start()
  const [a, b] = trial.cluster.nodes
  assert(a !== undefined && b !== undefined)
  await using first = await connect(a.url)
  await using other = await connect(b.url)
  const publish = async (client: Client, sequence: number): Promise<unknown> => {
    const result = await client.producer('billing', { next: sequence }).publish(topic, `${sequence}`)
    assert.equal(result.status, 'acknowledged')
    return result.status === 'acknowledged' && [result.epoch, result.offset, result.duplicate]
  }
  assert.deepEqual(await publish(first, 1), [1, 1, undefined])
  await a.admin.setMode('orders', 'gossip')
  assert.deepEqual(await publish(first, 2), [undefined, undefined, undefined])
  assert.deepEqual(await publish(other, 2), [undefined, undefined, undefined])
  await a.admin.setMode('orders', 'leader')
  assert.deepEqual(await publish(other, 1), [1, 1, true])
  assert.deepEqual(await publish(other, 2), [3, 2, undefined])
  assert.deepEqual(await publish(first, 2), [3, 2, true])
  assert.deepEqual(await publish(other, 3), [3, 3, undefined])
  const texts = await textsOn(b, 5)
  assert.deepEqual(texts.toSorted(), ['1', '2', '2', '2', '3'])
  assert.deepEqual([texts[0], texts.at(-1)], ['1', '3'])
})

test('in the JSON protocol a retry is told as a duplicate, with what names the first one', async () => {
  await using trial = await Trial.start()
  const [a, b] = trial.cluster.nodes
  assert(a !== undefined && b !== undefined)
  using first = await RawClient.open(a)
  using other = await RawClient.open(b)
  const publish = { op: 'publish', topic, text: 'once', id: 1, producer: 'billing', producerSequence: 7 }
  first.say(publish)
  const { origin } = await a.status()
  const place = { op: 'published', id: 1, status: 'acknowledged', stream: 'orders', origin, sequence: 1 }
  assert.deepEqual(await first.hear('published'), place)
  other.say(publish)
  assert.deepEqual(await other.hear('published'), { ...place, duplicate: true })
  other.say({ ...publish, id: 2, producerSequence: 8 })
  const next = await other.hear('published', { id: 2 })
  assert.deepEqual([next['status'], next['duplicate'], next['sequence']], ['acknowledged', undefined, 2])
  for (const [id, wrong] of [
    { producer: 'a b' },
    { producerSequence: 0 },
    { producer: undefined },
  ].entries()) {
    other.say({ ...publish, ...wrong, id: `wrong ${id}` })
    const refused = await other.hear('published', { id: `wrong ${id}` })
    assert.deepEqual([refused['status'], refused['code']], ['refused', 'PRODUCER_INVALID'])
  }
  assert.deepEqual(await textsOn(a, 2), ['once', 'once'])
})

/** The first messages that a node has. */
async function textsOn(node: ClusterNode, count: number): Promise<readonly string[]> {
  await using client = await connect(node.url)
  await using subscription = await client.subscribe('orders.>', { from: 'earliest' })
  const texts: string[] = []
  for await (const delivery of subscription) {
    texts.push(delivery.kind === 'message' ? delivery.text() : `gap of ${delivery.origin}`)
    if (texts.length === count) break
  }
  return texts
}

/** Lines of all journals that say that a retry has passed by. */
async function countVoids(trial: Trial): Promise<number> {
  const journals = await Promise.all(trial.cluster.nodes.map((node) => node.journal()))
  const lines = journals.flatMap(({ files }) => files.flatMap(({ text }) => text.split('\n')))
  return lines.filter((line) => line.includes('"t":"void"')).length
}

async function leaderOf(trial: Trial): Promise<ClusterNode> {
  return await trial.untilLed()
}

async function followerOf(trial: Trial): Promise<ClusterNode> {
  const leader = await trial.untilLed()
  const follower = trial.cluster.nodes.find((node) => node !== leader)
  assert(follower !== undefined)
  return follower
}

/** Every node gives what was published, each message once: nothing is in doubt any more. */
async function assertStoredOnce(trial: Trial): Promise<void> {
  const { sessions } = await trial.judge()
  const published = trial.recorder.receipts.map(({ append }) => append.value).sort()
  const refused = trial.recorder.receipts.filter(({ result }) => result.status === 'refused')
  assert.deepEqual(refused, [])
  for (const { isDrain, events } of sessions) {
    if (!isDrain) continue
    const values = events.flatMap((event) => (event.kind === 'entry' ? event.value : []))
    assert.deepEqual(values.sort(), published)
  }
}
