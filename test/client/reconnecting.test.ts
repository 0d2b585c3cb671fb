// Connections that fail, break, go silent or are told to leave: what the client does about it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { connect, type Delivery } from '../../client/index.ts'
import { decodeCursor } from '../../node/wire/cursor.ts'
import { FakeNode, numbered, origin } from './fake-node.ts'

const quick = { reconnect: { minMs: 1, maxMs: 5 } } as const

const texts = (deliveries: Delivery[]): string[] =>
  deliveries.map((delivery) => (delivery.kind === 'gap' ? 'gap' : delivery.text()))

/** Collects so many deliveries through a handler. */
function collector(): { handler: (delivery: Delivery) => void; until: (count: number) => Promise<string[]> } {
  const got: Delivery[] = []
  let wake = (): void => {}
  return {
    handler: (delivery) => {
      got.push(delivery)
      wake()
    },
    until: async (count) => {
      while (got.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return texts(got)
    },
  }
}

test('a subscription resumes behind what was received, in the middle of a batch', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, quick)
  const { handler, until } = collector()
  await client.subscribe('a.b', handler)
  node.last.sendFrame(numbered(1, 3))
  await until(3)
  node.last.cut()
  await node.until(() => node.connections.length === 2 && node.last.controls.length === 1)
  const [control] = node.last.controls
  assert.ok(control?.op === 'subscribe' && typeof control.from === 'object' && 'cursor' in control.from)
  assert.deepEqual(decodeCursor(control.from.cursor), new Map([['default', new Map([[origin, 3]])]]))
  node.last.sendFrame(numbered(2, 4))
  assert.deepEqual(await until(5), ['m1', 'm2', 'm3', 'm4', 'm5'])
  await client.flush()
  assert.equal(client.stats.reconnects, 1)
  assert.equal(client.stats.subscriptions, 1)
})

test('a subscription to which nothing has come yet asks for its offset again, and once something has, it goes on behind that', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, quick)
  const { handler, until } = collector()
  await client.subscribe('a.b', { from: { offset: 7 } }, handler)
  const asked = async (connections: number): Promise<unknown> => {
    await node.until(() => node.connections.length === connections && node.last.controls.length === 1)
    const [control] = node.last.controls
    return control?.op === 'subscribe' ? control.from : undefined
  }
  node.last.cut()
  assert.deepEqual(await asked(2), { offset: 7 })
  node.last.sendFrame(numbered(1, 3))
  await until(3)
  node.last.cut()
  assert.ok('cursor' in Object(await asked(3)))
})

test('what waits here when the connection breaks is worked off before the node is asked again', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, quick)
  const gate = Promise.withResolvers<void>()
  const { handler, until } = collector()
  await client.subscribe('a.b', { credit: { messages: 4 } }, async (delivery) => {
    await gate.promise
    handler(delivery)
  })
  node.last.sendFrame(numbered(1, 3))
  await client.publish('round', 'trip')
  node.last.cut()
  await node.until(() => node.connections.length === 2)
  await client.publish('round', 'trip')
  await client.publish('round', 'trip')
  assert.deepEqual(node.last.controls, [])
  gate.resolve()
  await node.until(() => node.last.controls.length === 1)
  node.last.sendFrame(numbered(3, 2))
  assert.deepEqual(await until(4), ['m1', 'm2', 'm3', 'm4'])
  await node.until(() => (node.last.credits.at(-1)?.bytes ?? 0) > 0)
  const bytes = numbered(3, 2).length
  assert.deepEqual(node.last.credits.at(-1), { subscription: 1, messages: 2, bytes })
})

test('a subscription that waits for its handler can be ended while the node was not asked again', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, quick)
  const subscription = await client.subscribe('a.b')
  node.last.sendFrame(numbered(1, 2))
  await subscription[Symbol.asyncIterator]().next()
  const back = new Promise((resolve) => client.on('reconnected', resolve))
  node.last.cut()
  await back
  await subscription.unsubscribe()
  await client.publish('round', 'trip')
  assert.deepEqual(node.last.controls, [])
})

test('a subscribe in flight when the connection breaks is asked again', async () => {
  await using node = await FakeNode.listen()
  node.confirms = false
  await using client = await connect(node.url, quick)
  const { handler, until } = collector()
  const subscribing = client.subscribe('a.b', { from: 'earliest' }, handler)
  await node.until(() => node.last.controls.length === 1)
  node.last.cut()
  node.confirms = true
  await subscribing
  assert.equal(node.connections.length, 2)
  assert.equal(node.last.controls[0]?.op === 'subscribe' && node.last.controls[0].from, 'earliest')
  node.last.sendFrame(numbered(1, 1))
  assert.deepEqual(await until(1), ['m1'])
})

test('handlers are not doubled by many reconnects', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, quick)
  const { handler, until } = collector()
  await client.subscribe('a.b', handler)
  for (let round = 1; round <= 5; round++) {
    node.last.sendFrame(numbered(round, 1))
    await until(round)
    node.last.cut()
    await node.until(() => node.connections.length === round + 1 && node.last.controls.length === 1)
  }
  node.last.sendFrame(numbered(6, 1))
  assert.deepEqual(await until(6), ['m1', 'm2', 'm3', 'm4', 'm5', 'm6'])
})

test('a gap after resuming is handed on', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, quick)
  const { handler, until } = collector()
  await client.subscribe('a.b', handler)
  node.last.sendFrame(numbered(1, 1))
  await until(1)
  node.last.cut()
  await node.until(() => node.connections.length === 2 && node.last.controls.length === 1)
  node.last.send({ op: 'gap', id: 1, stream: 'default', origin, from: 2, to: 4, reason: 'retention' })
  node.last.sendFrame(numbered(5, 1))
  assert.deepEqual(await until(3), ['m1', 'gap', 'm5'])
})

test('a node that closes is left for another one that it named, without an unknown outcome', async () => {
  await using first = await FakeNode.listen()
  await using second = await FakeNode.listen()
  first.urls = [second.url, 'not an address', 'wss://elsewhere:1/']
  first.acknowledges = false
  await using client = await connect(first.url, quick)
  const pending = client.publish('a', 'before')
  await first.until(() => first.last.frames.length === 1)
  const moved = new Promise<{ url: string }>((resolve) => client.on('reconnected', resolve))
  first.last.send({ op: 'closing', code: 'NODE_DRAINING', message: 'draining', retryMs: 100 })
  const closing = await new Promise<{ code: string }>((resolve) => client.on('closing', resolve))
  assert.equal(closing.code, 'NODE_DRAINING')
  const later = client.publish('a', 'after')
  first.last.acknowledge([{ status: 'stored', publish: 1, runs: [] }])
  assert.equal((await pending).status, 'acknowledged')
  assert.equal((await moved).url, second.url)
  assert.equal((await later).status, 'acknowledged')
  assert.equal(first.last.frames.length, 1)
  assert.equal(second.last.frames.length, 1)
})

test('connect tries all addresses, and rejects in time when none answers', async () => {
  await using node = await FakeNode.listen()
  const gone = await FakeNode.listen()
  await gone[Symbol.asyncDispose]()
  await using client = await connect([gone.url, gone.url, node.url], quick)
  assert.equal(client.state, 'connected')
  await assert.rejects(connect(gone.url, { connectTimeoutMs: 50, ...quick }), (error: Error) => {
    assert.match(error.message, /no connection within 50 ms; the last attempt: ws:.*ECONNREFUSED/)
    return 'code' in error && error.code === 'CLIENT_DISCONNECTED'
  })
})

test('a node that accepts and says nothing does not hold connect up', async () => {
  await using silent = await FakeNode.listen()
  silent.welcomes = false
  await assert.rejects(connect(silent.url, { connectTimeoutMs: 30 }), { code: 'CLIENT_DISCONNECTED' })
})

test('options and addresses that are not valid are named', async () => {
  await assert.rejects(connect('http://127.0.0.1:1'), { code: 'CONFIG_INVALID', message: /urls\[0\]/ })
  await assert.rejects(connect([]), { code: 'CONFIG_INVALID' })
  await assert.rejects(connect('ws://127.0.0.1:1', { deadlineMs: 0 }), {
    message: /deadlineMs: 0 is not 1\.\./,
  })
  const reconnect = { minMs: 10, maxMs: 5 }
  await assert.rejects(connect('ws://127.0.0.1:1', { reconnect }), {
    message: /reconnect\.maxMs: 5 is not 10\.\./,
  })
  for (const giveUpMs of [2 ** 31, Number.NaN]) {
    await assert.rejects(connect('ws://127.0.0.1:1', { reconnect: { giveUpMs } }), {
      code: 'CONFIG_INVALID',
      message: /reconnect\.giveUpMs: \S+ is not 1\.\.2147483647/,
    })
  }
})

test('a signal calls connecting off, and closes a connected client', async () => {
  await using node = await FakeNode.listen()
  await assert.rejects(connect(node.url, { signal: AbortSignal.abort(new Error('early')) }), /early/)
  node.welcomes = false
  const waiting = new AbortController()
  const connecting = connect(node.url, { signal: waiting.signal })
  await node.until(() => node.connections.length === 1)
  waiting.abort(new Error('too slow'))
  await assert.rejects(connecting, /too slow/)
  node.welcomes = true
  const running = new AbortController()
  const client = await connect(node.url, { signal: running.signal })
  const closed = new Promise((resolve) => client.on('closed', resolve))
  running.abort()
  await closed
  assert.equal(client.state, 'closed')
})

test('a client that cannot reconnect gives up when told to, and says so everywhere', async () => {
  const node = await FakeNode.listen()
  const client = await connect(node.url, { reconnect: { minMs: 1, maxMs: 2, giveUpMs: 30 } })
  const subscription = await client.subscribe('a')
  const closed = new Promise<{ error: unknown }>((resolve) => client.on('closed', resolve))
  const disconnected = new Promise((resolve) => client.on('disconnected', resolve))
  await node[Symbol.asyncDispose]()
  await disconnected
  const receipt = client.publish('a', '')
  const { error } = await closed
  assert.ok(error instanceof Error && 'code' in error && error.code === 'CLIENT_DISCONNECTED')
  const result = await receipt
  assert.equal(result.status === 'refused' && result.code, 'CLIENT_DISCONNECTED')
  await assert.rejects(subscription[Symbol.asyncIterator]().next(), { code: 'CLIENT_DISCONNECTED' })
  await assert.rejects(client.subscribe('a'), { code: 'CLIENT_CLOSED' })
})

test('a listener that was taken off hears nothing', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, quick)
  const heard: string[] = []
  const remove = client.on('disconnected', () => heard.push('removed'))
  client.on('disconnected', () => heard.push('kept'))
  remove()
  remove()
  const back = new Promise((resolve) => client.on('reconnected', resolve))
  node.last.cut()
  await back
  assert.deepEqual(heard, ['kept'])
})
