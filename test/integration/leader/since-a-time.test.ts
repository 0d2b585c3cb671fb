// Subscriptions that begin at a time, on a stream that has changed its mode since: they get what was sent from then on, in whichever
// epoch that lies, over every node, also over one that was started again.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Client } from '../../../client/index.ts'
import { Cluster } from '../cluster.ts'
import { until } from '../until.ts'

const modes = ['leader', 'gossip', 'leader', 'gossip', 'leader'] as const

const topic = 'orders.new'

let cluster: Cluster
let publishers: readonly Client[]
const subscribers: Client[] = []
/** Messages that a subscriber has got, by node. */
const got = { A: 0, B: 0, C: 0 }
/** When the second half of each epoch began, and when each was over; milliseconds since 1970. */
const halves: number[] = []
const ends: number[] = []

before(async () => {
  cluster = await Cluster.start()
  await cluster.node('A').admin.putStream('orders', { topics: ['orders.>'], mode: 'leader' })
  for (const id of ['A', 'B', 'C'] as const) {
    const client = await cluster.connect(id)
    await client.subscribe(topic, {}, () => void got[id]++)
    subscribers.push(client)
  }
  publishers = [await cluster.connect('A'), await cluster.connect('B')]
  for (const [at, mode] of modes.entries()) {
    if (at > 0) await cluster.node('A').admin.withTimeout(20_000).setMode('orders', mode)
    await until(`all are in epoch ${at + 1}`, async () => (await epochs()).every((epoch) => epoch === at + 1))
    await publish('early', at)
    halves.push(await nextMillisecond())
    await publish('late', at)
    ends.push(await nextMillisecond())
  }
})

after(async () => {
  for (const client of [...subscribers, ...publishers]) await client.close()
  await cluster[Symbol.asyncDispose]()
})

test('a subscription from a time gets nothing of the epochs that were over, and the rest of the one in which it lies', async () => {
  for (const at of modes.keys())
    for (const id of ['A', 'C'])
      assert.deepEqual(await since(id, halves[at]), sent(at, 'late'), `${id} ${at}`)
})

test('a subscription from a time behind everything of an epoch gets what comes behind that', async () => {
  for (const at of modes.keys())
    assert.deepEqual(await since('C', ends[at]), sent(at + 1, 'early'), `epoch ${at + 1}`)
})

test('a node that was started again begins in the epoch in which the time lies', async () => {
  await cluster.node('B').kill()
  await cluster.node('B').start()
  await until('B is in the last epoch', async () => (await epochs())[1] === modes.length)
  // It knows to a second when a batch had its place: of this epoch, what came just before may come as well.
  const assertFrom = async (
    time: number | undefined,
    at: number,
    wanted: readonly string[],
  ): Promise<void> => {
    const texts = await since('B', time)
    const isOf = (text: string): boolean => wanted.includes(text)
    assert.deepEqual(texts.filter(isOf), wanted)
    const more = texts.filter((text) => !isOf(text) && !text.includes(`in epoch ${at + 1} `))
    assert.deepEqual(more, [])
  }
  await assertFrom(halves[4], 4, sent(4, 'late'))
  await assertFrom(ends[4], 4, [])
  await assertFrom(halves[2], 2, sent(2, 'late'))
  // Of an epoch in gossip mode it has nothing any more, so it asks for all that others hold of that, behind the end of the one before.
  await assertFrom(ends[1], 0, sent(1, 'early'))
})

/** Both publish a message. Resolves when subscribers of every node have them. */
async function publish(half: string, at: number): Promise<void> {
  const wanted = got.A + publishers.length
  const receipts = publishers.map((client, by) => client.publish(topic, textOf(at, half, by)))
  for (const receipt of receipts) assert.equal((await receipt).status, 'acknowledged')
  await until('all have it', () => Object.values(got).every((count) => count === wanted))
}

/** What a subscription from a time gets over a node, sorted, up to a message that is published then. */
async function since(id: string, time: number | undefined): Promise<readonly string[]> {
  assert.ok(time !== undefined)
  await using client = await cluster.connect(id)
  await using subscription = await client.subscribe('orders.>', { from: { time } })
  const { sequence } = await client.publish('orders.end', '').then((result) => {
    assert.ok(result.status === 'acknowledged')
    return result
  })
  const texts: string[] = []
  for await (const delivery of subscription) {
    if (delivery.kind === 'gap') texts.push(`gap ${delivery.origin} ${delivery.from}-${delivery.to}`)
    else if (delivery.topic === topic) texts.push(delivery.text())
    else if (delivery.origin.startsWith(id) && delivery.sequence === sequence) break
  }
  return texts.toSorted()
}

/** What was sent from a half of an epoch on. */
function sent(from: number, half: 'early' | 'late'): readonly string[] {
  const texts = [...modes.keys()].slice(from).flatMap((at) => {
    const wanted = at === from && half === 'late' ? ['late'] : ['early', 'late']
    return wanted.flatMap((each) => [0, 1].map((by) => textOf(at, each, by)))
  })
  return texts.toSorted()
}

function textOf(at: number, half: string, by: number): string {
  return `${half} in epoch ${at + 1} by ${by}`
}

async function epochs(): Promise<readonly (number | undefined)[]> {
  const statuses = await Promise.all(cluster.nodes.map((node) => node.status()))
  return statuses.map(({ streams }) => streams.find(({ name }) => name === 'orders')?.epoch)
}

/** The time, once it is later than everything until now. */
async function nextMillisecond(): Promise<number> {
  const now = Date.now()
  await until('the clock goes on', () => Date.now() > now + 1)
  return now + 1
}
