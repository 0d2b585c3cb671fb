// Frames that wait for a socket stay as they are, though whoever brought them has let them go.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { letGo, type Slab, SlabPool } from '../../node/core/common/slabs.ts'
import { FrameSocket } from '../../node/net/frame-socket.ts'
import { LinkQueue } from '../../node/net/link-queue.ts'

const slabBytes = 1_048_576
const framesPerSlab = 32
/** Too large to be copied. */
const frameBytes = 20_000
/** Far more than the kernel takes for a reader that does not read. */
const frameCount = 2048

interface Pair {
  readonly socket: FrameSocket
  readonly queue: LinkQueue
  readonly reader: WebSocket
}

/** A FrameSocket and a client that does not read yet. */
async function connect(t: TestContext): Promise<Pair> {
  const http = createServer().listen(0, '127.0.0.1')
  t.after(() => http.close())
  const webSockets = new WebSocketServer({ noServer: true })
  const accepted = Promise.withResolvers<Omit<Pair, 'reader'>>()
  http.on('upgrade', (request, tcp, head) => {
    assert(tcp instanceof Socket)
    webSockets.handleUpgrade(request, tcp, head, (webSocket) => {
      const receiver = {
        onFrame: () => {},
        onText: () => {},
        onWritable: () => queue.onDrain(),
        onFault: () => {},
        onClose: () => queue.discard(),
      }
      const socket = new FrameSocket({ webSocket, socket: tcp, masked: false, receiver })
      const queue = new LinkQueue(socket, () => {})
      accepted.resolve({ socket, queue })
    })
  })
  await once(http, 'listening')
  const reader = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`)
  t.after(() => reader.terminate())
  await once(reader, 'open')
  reader.pause()
  return { ...(await accepted.promise), reader }
}

interface Sent {
  /** Slabs that were needed. */
  readonly slabs: number
  /** Those in which nothing is held now. */
  freed(): number
}

/** Sends numbered frames that stand in slabs, a few to a slab, and lets each go at once. */
function sendAll(sink: { sendFrame(frame: Uint8Array): void }, bytes: number = frameBytes): Sent {
  const pool = new SlabPool({ slabBytes, wipes: true })
  let freed = 0
  let slabs = 0
  let slab: Slab | undefined
  for (let number = 0; number < frameCount; number++) {
    if (number % framesPerSlab === 0) {
      slab?.close(() => freed++)
      slab = pool.take(slabBytes)
      slabs++
    }
    const kept = slab?.keep(new Uint8Array(bytes).fill(number % 251)) ?? assert.fail()
    sink.sendFrame(kept)
    letGo(kept)
  }
  slab?.close(() => freed++)
  return { slabs, freed: () => freed }
}

for (const through of ['socket', 'queue'] as const) {
  test(`what waits for a reader in the ${through} comes as it was sent, and its memory is free afterwards`, {
    timeout: 30_000,
  }, async (t) => {
    const pair = await connect(t)
    const { freed, slabs } = sendAll(pair[through])
    assert(freed() < slabs / 2, `${freed()} of ${slabs} slabs are free while the reader does not read`)
    let received = 0
    const all = Promise.withResolvers<void>()
    pair.reader.on('message', (data) => {
      assert(Buffer.isBuffer(data))
      if (!data.equals(Buffer.alloc(frameBytes, received % 251))) {
        all.reject(new Error(`frame ${received} was changed: ${data[0]}`))
      }
      if (++received === frameCount) all.resolve()
    })
    pair.reader.resume()
    await all.promise
    while (freed() < slabs) await new Promise((resolve) => setImmediate(resolve))
  })

  test(`what waits in the ${through} of a reader that dies is free afterwards`, {
    timeout: 30_000,
  }, async (t) => {
    const pair = await connect(t)
    const { freed, slabs } = sendAll(pair[through])
    assert(freed() < slabs)
    pair.reader.terminate()
    while (freed() < slabs) await new Promise((resolve) => setImmediate(resolve))
  })
}

test('small frames that wait behind others keep no slab', { timeout: 30_000 }, async (t) => {
  const { socket, queue } = await connect(t)
  sendAll(queue)
  assert(socket.bufferedBytes > 100_000)
  const { freed, slabs } = sendAll(socket, 1000)
  assert.equal(freed(), slabs)
})
