// What goes past the WebSocket library, and what through it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { type FrameReceiver, FrameSocket } from '../../node/net/frame-socket.ts'
import { ReceiveBuffers } from '../../node/net/receive-buffers.ts'

/** Accepts one connection, with the mask of Herald's own clients: a real one is the library's to take off. */
async function accept(
  t: TestContext,
  receiver: Partial<FrameReceiver>,
  buffers: ReceiveBuffers,
  onLibrary: (data: string) => void = () => {},
): Promise<WebSocket> {
  const http = createServer().listen(0, '127.0.0.1')
  t.after(() => http.close())
  const webSockets = new WebSocketServer({ noServer: true, autoPong: false })
  http.on('upgrade', (request, socket, head) => {
    assert(socket instanceof Socket)
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (data) => onLibrary(String(data)))
      const all = {
        onFrame: () => {},
        onText: () => {},
        onWritable: () => {},
        onFault: () => assert.fail('nothing broke the rules'),
        onClose: () => {},
        ...receiver,
      }
      new FrameSocket({ webSocket, socket, masked: false, receiver: all, buffers })
    })
  })
  await once(http, 'listening')
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`
  const client = new WebSocket(url, { generateMask: (mask) => mask.fill(0) })
  t.after(() => client.terminate())
  await once(client, 'open')
  return client
}

test('whole binary messages go past the library, and all else through it, in one order', {
  timeout: 20_000,
}, async (t) => {
  const heard: string[] = []
  const closed = Promise.withResolvers<number>()
  const receiver = {
    onFrame: (frame: Uint8Array) => void heard.push(`frame ${Buffer.from(frame)}`),
    onText: (text: string) => void heard.push(`text ${text}`),
    onClose: closed.resolve,
  }
  const client = await accept(t, receiver, new ReceiveBuffers(), (data) => heard.push(`library: ${data}`))
  client.send(Buffer.from('one'))
  client.send('two')
  client.send(Buffer.from('three'), { fin: false })
  client.send(Buffer.from(' and four'), { fin: true })
  client.close(1000)
  assert.equal(await closed.promise, 1000)
  // In one read or several: what is behind a text in the same read takes the library's way as well.
  assert.equal(heard[0], 'frame one')
  assert.deepEqual(heard.slice(1), [
    'library: two',
    'text two',
    'library: three and four',
    'frame three and four',
  ])
})

test('messages in several reads stand in the same memory one after the other', {
  timeout: 20_000,
}, async (t) => {
  // More than one read brings, so that each comes in several.
  const sent = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(66_000, letter))
  const taken: { readonly text: string; readonly memory: ArrayBufferLike }[] = []
  const all = Promise.withResolvers<void>()
  const onFrame = (frame: Uint8Array): void => {
    taken.push({ text: Buffer.from(frame).toString(), memory: frame.buffer })
    if (taken.length === sent.length) all.resolve()
  }
  const client = await accept(t, { onFrame }, new ReceiveBuffers(), () =>
    assert.fail('the library has a part'),
  )
  for (const frame of sent) client.send(frame)
  await all.promise
  assert.deepEqual(
    taken.map(({ text }) => text),
    sent.map(String),
  )
  assert.equal(new Set(taken.map(({ memory }) => memory)).size, 1)
})

test('a connection that ends inside of a message gives its memory back', { timeout: 20_000 }, async (t) => {
  const begun = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<number>()
  const givenBack: number[] = []
  class Watched extends ReceiveBuffers {
    override take(bytes: number): Uint8Array | undefined {
      begun.resolve()
      return super.take(bytes)
    }
    override giveBack(bytes: Uint8Array): void {
      givenBack.push(bytes.length)
      super.giveBack(bytes)
    }
  }
  const client = await accept(t, { onClose: closed.resolve }, new Watched())
  const tcp: unknown = Reflect.get(client, '_socket')
  assert(tcp instanceof Socket)
  // The header of a message of 60,000 bytes with a mask of zeros, and the first hundred of them.
  tcp.write(
    Buffer.concat([
      Buffer.from([0x82, 0x80 | 126, 60_000 >> 8, 60_000 & 255, 0, 0, 0, 0]),
      Buffer.alloc(100),
    ]),
  )
  await begun.promise
  tcp.destroy()
  assert.equal(await closed.promise, 1006)
  assert.deepEqual(givenBack, [60_000])
})
