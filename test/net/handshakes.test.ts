// Connections without a finished handshake: each that ends is counted once, by the way in which it ended.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Counters } from '../../node/core/common/counters.ts'
import { Handshakes } from '../../node/net/handshakes.ts'

/** The accepting ends of so many connections. */
async function acceptedSockets(t: TestContext, count: number): Promise<readonly Socket[]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const sockets: Socket[] = []
  for (let index = 0; index < count; index++) {
    const accepted = once(server, 'connection')
    const dialled = connect(address.port, '127.0.0.1')
    dialled.on('error', () => {})
    const [socket]: Socket[] = await accepted
    assert(socket !== undefined)
    t.after(() => [dialled, socket].map((each) => each.destroy()))
    sockets.push(socket)
  }
  return sockets
}

test('the oldest is dropped when there are too many', async (t) => {
  const [first, second] = await acceptedSockets(t, 2)
  assert(first !== undefined && second !== undefined)
  const counters = new Counters()
  const handshakes = new Handshakes(counters, 1)
  handshakes.add(first)
  handshakes.add(second)
  assert.deepEqual([first.destroyed, second.destroyed], [true, false])
  assert.equal(counters.get('handshakesDropped'), 1)
})

test('one that was refused for being late is not dropped as well', async (t) => {
  const [late, next] = await acceptedSockets(t, 2)
  assert(late !== undefined && next !== undefined)
  const counters = new Counters()
  const handshakes = new Handshakes(counters, 1)
  handshakes.add(late)
  handshakes.onClientError(Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), late)
  handshakes.add(next)
  assert.equal(counters.get('handshakeTimeouts'), 1)
  assert.equal(counters.get('handshakesDropped'), 0)
})
