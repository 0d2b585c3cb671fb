// The client's WebSocket in Node: messages past the library and through it, against the library's own server.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Transport, TransportEvents } from '../../client/transport.ts'
import { nodeEnvironment } from '../../client/transport-node.ts'

/** Calls a function for every event that it has; the others do nothing. */
function events(heard: Partial<TransportEvents>): TransportEvents {
  const nothing = (): void => {}
  return {
    onOpen: nothing,
    onFrame: nothing,
    onText: nothing,
    onDrain: nothing,
    onClose: nothing,
    ...heard,
  }
}

/** A server that does what the test says with each connection, and a transport that is open to it. */
async function open(
  t: TestContext,
  onConnection: (socket: WebSocket, request: IncomingMessage) => void,
  heard: Partial<TransportEvents>,
): Promise<Transport> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', onConnection)
  await once(server, 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const opened = Promise.withResolvers<void>()
  const transport = nodeEnvironment().dial(url, events({ ...heard, onOpen: opened.resolve }), 5000)
  await opened.promise
  t.after(() => {
    transport.terminate()
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  return transport
}

test('messages of every length come back as they were, in their order', { timeout: 20_000 }, async (t) => {
  const lengths = [0, 1, 125, 126, 4096, 4097, 65_535, 65_536, 300_000, 7]
  const heard: string[] = []
  const done = Promise.withResolvers<void>()
  const note = (text: string): void => {
    if (heard.push(text) === 2 * lengths.length) done.resolve()
  }
  let drained = 0
  const transport = await open(
    t,
    (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    {
      onFrame: (frame) => note(`binary ${frame.length} ${frame[0] ?? ''} ${frame.at(-1) ?? ''}`),
      onText: (text) => note(`text ${text.length}`),
      onDrain: () => drained++,
    },
  )
  for (const [index, length] of lengths.entries()) {
    transport.send(new Uint8Array(length).fill(index + 1))
    transport.sendText('t'.repeat(length))
  }
  assert(transport.bufferedBytes > 300_000)
  await done.promise
  assert.deepEqual(
    heard,
    lengths.flatMap((length, index) => {
      const byte = length === 0 ? '' : index + 1
      return [`binary ${length} ${byte} ${byte}`, `text ${length}`]
    }),
  )
  assert(drained > 0, 'a socket that was full tells that it takes more')
  assert.equal(transport.bufferedBytes, 0)
})

test('a connection that the node is ending takes nothing more', { timeout: 20_000 }, async (t) => {
  const transport = await open(
    t,
    (_socket, { socket: tcp }) => {
      // A close frame, and deaf to the answer: the connection stays half closed.
      tcp.pause()
      tcp.write(Buffer.from([0x88, 2, 0x03, 0xe9]))
    },
    {},
  )
  while (transport.bufferedBytes === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(transport.bufferedBytes, Infinity)
  transport.send(new Uint8Array(10))
  transport.sendText('nothing')
})

test('what came before a close is told before it, with the reason', { timeout: 20_000 }, async (t) => {
  const heard: string[] = []
  const closed = Promise.withResolvers<string>()
  await open(
    t,
    (socket) => {
      socket.send(Buffer.from('one'))
      socket.send('two')
      socket.send(Buffer.from('three'))
      socket.close(1001, 'going away')
    },
    {
      onFrame: (frame) => heard.push(Buffer.from(frame).toString()),
      onText: (text) => heard.push(text),
      onClose: (status, reason) => closed.resolve(`${status} ${reason}`),
    },
  )
  assert.equal(await closed.promise, '1001 going away')
  assert.deepEqual(heard, ['one', 'two', 'three'])
})
