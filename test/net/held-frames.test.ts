// Frames that wait for a socket stay as they are, though whoever brought them has let them go.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { letGo, SlabPool } from '../../node/core/common/slabs.ts'
import { FrameSocket } from '../../node/net/frame-socket.ts'
import { LinkQueue } from '../../node/net/link-queue.ts'

const slabBytes = 1_048_576
const framesPerSlab = 32
/** Large enough to be written by reference. */
const frameBytes = 20_000
/** In frames of 5000 bytes far more than the kernel takes for a reader that does not read. */
const slabCount = 128
const frameCount = slabCount * framesPerSlab

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
  /** Slabs in which something is held. */
  held(): number
}

/** Sends numbered frames that stand in slabs, and lets go of a slab's frames when all of them were sent. */
function sendAll(sink: { sendFrame(frame: Uint8Array): void }, bytes: number): Sent {
  const pool = new SlabPool({ slabBytes, wipes: true })
  let held = 0
  for (let number = 0; number < frameCount; ) {
    held++
    const slab = pool.take(slabBytes, () => held--)
    const frames = Array.from({ length: framesPerSlab }, () =>
      assertKept(slab.keep(new Uint8Array(bytes).fill(number++ % 251))),
    )
    for (const frame of frames) sink.sendFrame(frame)
    for (const frame of frames) letGo(frame)
  }
  return { held: () => held }
}

function assertKept(frame: Uint8Array | undefined): Uint8Array {
  return frame ?? assert.fail('a frame that fits is kept')
}

/** The reader begins to read; resolves when it has everything as it was sent. */
function receiveAll(reader: WebSocket, bytes: number): Promise<void> {
  const all = Promise.withResolvers<void>()
  let received = 0
  reader.on('message', (data) => {
    assert(Buffer.isBuffer(data))
    if (!data.equals(Buffer.alloc(bytes, received % 251))) {
      all.reject(new Error(`frame ${received} was changed: ${data[0]}`))
    }
    if (++received === frameCount) all.resolve()
  })
  reader.resume()
  return all.promise
}

async function untilNoneIsHeld({ held }: Sent): Promise<void> {
  while (held() > 0) await new Promise((resolve) => setImmediate(resolve))
}

for (const bytes of [frameBytes, 5000]) {
  test(`what waits in the socket of a slow reader, ${bytes} bytes each, comes as it was sent and keeps two slabs`, {
    timeout: 30_000,
  }, async (t) => {
    const { socket, reader } = await connect(t)
    const sent = sendAll(socket, bytes)
    assert(socket.bufferedBytes > 1_000_000)
    assert(sent.held() <= 2, `${sent.held()} slabs are held`)
    await receiveAll(reader, bytes)
    await untilNoneIsHeld(sent)
  })
}

test('what waits in the queue of a link comes as it was sent, and its memory is free afterwards', {
  timeout: 30_000,
}, async (t) => {
  const { queue, reader } = await connect(t)
  const sent = sendAll(queue, frameBytes)
  assert(sent.held() > slabCount / 2, `${sent.held()} of ${slabCount} slabs are held`)
  await receiveAll(reader, frameBytes)
  await untilNoneIsHeld(sent)
})

for (const through of ['socket', 'queue'] as const) {
  test(`what waits in the ${through} of a reader that dies is free afterwards`, {
    timeout: 30_000,
  }, async (t) => {
    const pair = await connect(t)
    const sent = sendAll(pair[through], frameBytes)
    assert(sent.held() > 0)
    pair.reader.terminate()
    await untilNoneIsHeld(sent)
  })
}

test('what the kernel takes at once is not copied, however many slabs it stands in', {
  timeout: 30_000,
}, async (t) => {
  const { socket, reader } = await connect(t)
  reader.resume()
  const pool = new SlabPool({ slabBytes })
  for (let number = 0; number < 10; number++) {
    let isHeld = true
    const slab = pool.take(slabBytes, () => (isHeld = false))
    const frame = assertKept(slab.keep(new Uint8Array(frameBytes)))
    socket.sendFrame(frame)
    letGo(frame)
    assert(isHeld, `frame ${number} was copied`)
    while (isHeld) await new Promise((resolve) => setImmediate(resolve))
  }
})
