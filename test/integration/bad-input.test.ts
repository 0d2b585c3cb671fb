// What strangers may send to a node, while a publisher and a subscriber work beside: each gets its documented close code or
// status and is counted, the pair does not feel it, the process lives, and memory returns.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import type { Client } from '../../client/index.ts'
import { toFrame, toHandshake } from '../net/fakes.ts'
import { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { Ledger } from './ledger.ts'
import { type Ending, RawClient } from './raw-client.ts'
import { until } from './until.ts'

const mebibyte = 2 ** 20

let cluster: Cluster
let a: ClusterNode
let publisher: Client
let subscriber: Client
const ledger = new Ledger()
let published = 0
let atRest = 0

before(async () => {
  cluster = await Cluster.start({ nodes: 2, environment: { HERALD_LIMITS_HANDSHAKE: '1s' } })
  a = cluster.node('A')
  publisher = await cluster.connect('A')
  subscriber = await cluster.connect('A')
  await subscriber.subscribe('healthy.>', ledger.take)
  await publishSome()
  atRest = await heldBesidesMessages()
})

after(async () => {
  await publisher.close()
  await subscriber.close()
  await cluster[Symbol.asyncDispose]()
})

/** Resident bytes without the messages that the node retains, which the healthy pair goes on adding to. */
async function heldBesidesMessages(): Promise<number> {
  const { rssBytes, retainedBytes } = (await a.status()).memory
  return rssBytes - retainedBytes
}

async function publishSome(): Promise<void> {
  const burst = Array.from({ length: 100 }, () => ({ topic: 'healthy.x', payload: 'x' }))
  const results = await publisher.publishBatch(burst)
  assert(results.every(({ status }) => status === 'acknowledged'))
  published += burst.length
  await ledger.untilCount(published)
}

/** Runs an attack beside the healthy pair and sees to what it left behind. */
async function withHealthyPair(attack: () => Promise<void>): Promise<void> {
  const { pid } = a
  let isOver = false
  const working = (async () => {
    while (!isOver) {
      await publishSome()
      assert.equal((await a.get('/healthz')).status, 200)
    }
  })()
  try {
    await attack()
  } finally {
    isOver = true
    await working
  }
  await publishSome()
  ledger.assertComplete(published)
  assert.deepEqual([publisher.stats.reconnects, subscriber.stats.reconnects], [0, 0])
  assert.equal(a.pid, pid)
  await until('only the pair is left', async () => (await a.status()).sessions === 2)
  await until(
    'memory is what it was',
    async () => (await heldBesidesMessages()) < atRest + 80 * mebibyte,
    30_000,
  )
}

/** Sends bytes to the port and returns what came back until the end of the connection. */
async function sendRaw(...pieces: readonly (Buffer | string)[]): Promise<Buffer> {
  const socket = connect(a.options.port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('error', () => {})
  socket.on('data', (chunk) => received.push(chunk))
  for (const piece of pieces) socket.write(piece)
  await new Promise((resolve) => socket.on('close', resolve))
  return Buffer.concat(received)
}

/** Opens a client connection, sends bytes of frames, and returns the close status and reason that came. */
async function closeAfter(bytes: Buffer, subprotocol = 'herald.client.v1'): Promise<Ending> {
  const received = await sendRaw(toHandshake(subprotocol), bytes)
  const at = received.lastIndexOf(0x88)
  assert(at > 0, `a close frame in ${received.toString('latin1').slice(-200)}`)
  const end = at + 2 + (received[at + 1] ?? 0)
  return { status: received.readUInt16BE(at + 2), reason: received.toString('utf8', at + 4, end) }
}

async function statusAfter(bytes: Buffer, subprotocol?: string): Promise<number> {
  return (await closeAfter(bytes, subprotocol)).status
}

async function endingAfter(message: Buffer | string): Promise<Ending> {
  using client = await RawClient.open(a, 'herald.client.v1')
  client.webSocket.send(message)
  return await client.ending
}

/** Expects that a counter grows by so much. */
async function counted<Value>(counter: string, by: number, act: () => Promise<Value>): Promise<Value> {
  const before = await a.counter(counter)
  const value = await act()
  await until(`${counter} grows by ${by}`, async () => (await a.counter(counter)) >= before + by)
  assert.equal(await a.counter(counter), before + by)
  return value
}

test('a megabyte of random bytes', async () => {
  await withHealthyPair(async () => {
    const answer = await counted('httpMalformed', 1, () => sendRaw(randomBytes(mebibyte)))
    assert(answer.length === 0 || answer.toString('latin1').startsWith('HTTP/1.1 400 '))
  })
})

test('a megabyte of random bytes after the handshake', async () => {
  await withHealthyPair(async () => {
    for (const seed of [0x80, 0x81, 0x82, 0x00, 0xff]) {
      const noise = randomBytes(mebibyte)
      noise[0] = seed
      const status = await statusAfter(noise)
      assert([1002, 1007, 1008, 1009].includes(status), `${status}`)
    }
  })
})

test('half a frame and silence, and half a handshake and silence', async () => {
  await withHealthyPair(async () => {
    const half = await RawClient.open(a)
    const socket: Socket = Object(half.webSocket)._socket
    socket.write(toFrame(0x81, Buffer.alloc(1000)).subarray(0, 500))
    const answer = await sendRaw(toHandshake('herald.client.v1').slice(0, 80))
    assert.match(answer.toString('latin1'), /^HTTP\/1\.1 408 /)
    half.webSocket.terminate()
  })
})

test('a frame one byte over the limit', async () => {
  await withHealthyPair(async () => {
    const header = toFrame(0x82, Buffer.alloc(1_179_649)).subarray(0, 2000)
    assert.equal(await counted('framesTooLarge', 1, () => statusAfter(header)), 1009)
  })
})

test('frames of unknown types, and publishes that do not parse', async () => {
  await withHealthyPair(async () => {
    const unknown = await counted('protocolErrors', 1, () => endingAfter(Buffer.from([9, 1, 2])))
    assert.equal(unknown.status, 1002)
    assert.match(unknown.reason, /^FRAME_UNKNOWN: binary message of type 9/)
    assert.match((await endingAfter(Buffer.alloc(0))).reason, /^FRAME_UNKNOWN: /)
    const frames = [Buffer.from([1]), Buffer.alloc(48, 1), Buffer.alloc(1000, 1), Buffer.alloc(70_000, 255)]
    for (const frame of frames) {
      frame[0] = 1
      const { status, reason } = await endingAfter(frame)
      assert.equal(status, 1002)
      assert.match(reason, /^BATCH_MALFORMED: publish /)
    }
    for (let round = 0; round < 300; round++) {
      const frame = randomBytes(48 + (round % 100))
      frame[0] = 1
      frame[1] = 1
      frame.writeUInt16LE(1, 2)
      frame.writeUInt32LE(1 + (round % 3), 4)
      frame.writeUInt32LE(48 + (round % 60), 8)
      const { status } = await endingAfter(frame)
      assert.equal(status, 1002)
    }
    const credit = await endingAfter(Buffer.from([4, 0, 0]))
    assert.equal(credit.status, 1002)
  })
})

test('control texts that are none, 10,000 levels deep, and a topic of 64 KiB', async () => {
  await withHealthyPair(async () => {
    const deep = '['.repeat(10_000) + ']'.repeat(10_000)
    for (const text of ['{', '[]', deep, `{"op":"subscribe","id":1,"patterns":["a"],"x":${deep}`]) {
      const { status, reason } = await endingAfter(text)
      assert.equal(status, 1008)
      assert.match(reason, /^CONTROL_MALFORMED: /)
    }
    using client = await RawClient.open(a, 'herald.client.v1')
    client.say({ op: 'subscribe', id: 1, patterns: ['t'.repeat(65_000)] })
    assert.equal((await client.hear('refused', { id: 1 }))['code'], 'PATTERN_INVALID')
    client.say({ op: 'subscribe', id: 2, patterns: ['__proto__'], name: '__proto__' })
    await client.hear('subscribed', { id: 2 })
  })
})

test('texts that are not UTF-8, masks that are missing, floods of pings and of fragments', async () => {
  await withHealthyPair(async () => {
    assert.equal(
      await counted('textsInvalid', 1, () => statusAfter(toFrame(0x81, Buffer.from([0xff])))),
      1007,
    )
    assert.equal(await counted('framesMalformed', 1, () => statusAfter(Buffer.from('820101', 'hex'))), 1002)
    const pings = Buffer.concat(Array(5000).fill(toFrame(0x89, Buffer.alloc(125))))
    const flood = await counted('pingFloods', 1, () => closeAfter(pings))
    assert.equal(flood.status, 1008)
    assert.match(flood.reason, /^PING_FLOOD: more than 100 pings/)
    const pieces = Array(131_000).fill(toFrame(0x00, Buffer.from([1])))
    const fragments = Buffer.concat([toFrame(0x02, Buffer.from([1])), ...pieces])
    assert.equal(await counted('framesFragmented', 1, () => statusAfter(fragments)), 1008)
  })
})

test('a wrong subprotocol, none, and 2,000 headers', async () => {
  await withHealthyPair(async () => {
    for (const subprotocol of ['herald.client.v9', '__proto__']) {
      const answer = await counted('subprotocolsRefused', 1, () => sendRaw(toHandshake(subprotocol)))
      assert.match(answer.toString(), /^HTTP\/1\.1 400 [\s\S]*SUBPROTOCOL_UNKNOWN/)
    }
    for (const [count, words] of [
      [95, /^HTTP\/1\.1 431 [\s\S]*HEADERS_REFUSED/],
      [2000, /^HTTP\/1\.1 431 /],
    ] as const) {
      const headers = Array.from({ length: count }, (_, index) => `x${index}: 1`)
      const handshake = toHandshake('herald.client.v1', headers)
      const answer = await counted('httpHeadersRefused', 1, () => sendRaw(handshake))
      assert.match(answer.toString(), words)
    }
  })
})

test('a thousand connections that never finish the handshake', async () => {
  await withHealthyPair(async () => {
    const sockets = Array.from({ length: 1000 }, () => {
      const socket = connect(a.options.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.write('GET / HTTP/1.1\r\n')
      return socket
    })
    const closed = sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve)))
    for (const socket of sockets) socket.resume()
    using newcomer = await RawClient.open(a)
    newcomer.say({ op: 'subscribe', id: 1, patterns: ['new.>'] })
    await newcomer.hear('subscribed', { id: 1 })
    await Promise.all(closed)
  })
})

test('a stranger who pretends to be a node', async () => {
  await withHealthyPair(async () => {
    const texts = ['hello', '{"op":"hello"}', '{"op":"interest"}', '{"op":"ping","t0":"x"}']
    const frames = texts.map((text) => toFrame(0x81, Buffer.from(text)))
    frames.push(toFrame(0x82, randomBytes(100)))
    const statuses = await Promise.all(frames.map((frame) => statusAfter(frame, 'herald.peer.v1')))
    assert.deepEqual(statuses, [1008, 4401, 1002, 1008, 1002])
  })
})
