// What goes past the WebSocket library, and what through it.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { FrameSocket } from '../../node/net/frame-socket.ts'

test('whole binary messages go past the library, and all else through it, in one order', {
  timeout: 20_000,
}, async (t) => {
  const heard: string[] = []
  const closed = Promise.withResolvers<number>()
  const http = createServer().listen(0, '127.0.0.1')
  t.after(() => http.close())
  const webSockets = new WebSocketServer({ noServer: true, autoPong: false })
  http.on('upgrade', (request, socket, head) => {
    assert(socket instanceof Socket)
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('message', (data) => heard.push(`library: ${data}`))
      const receiver = {
        onFrame: (frame: Uint8Array) => heard.push(`frame ${Buffer.from(frame)}`),
        onText: (text: string) => heard.push(`text ${text}`),
        onWritable: () => {},
        onFault: () => assert.fail('nothing broke the rules'),
        onClose: closed.resolve,
      }
      new FrameSocket({ webSocket, socket, masked: false, receiver })
    })
  })
  await once(http, 'listening')
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`
  // With the mask of Herald's own clients; a real one is the library's to take off.
  const client = new WebSocket(url, { generateMask: (mask) => mask.fill(0) })
  await once(client, 'open')
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
