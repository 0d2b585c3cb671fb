// The client port with real sockets: HTTP, handshakes, and frames both ways.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { HeraldError } from '../../node/core/common/errors.ts'
import { listen } from '../../node/net/listener.ts'
import { lowWaterBytes } from '../../node/net/ports.ts'
import {
  type FakeSession,
  openClient,
  openRaw,
  startServer,
  type TestServer,
  toFrame,
  toHandshake,
  untilClosed,
} from './fakes.ts'

async function firstSession(host: TestServer): Promise<FakeSession> {
  await host.acceptor.until(() => host.acceptor.sessions.length > 0)
  const session = host.acceptor.sessions[0]
  assert(session !== undefined)
  return session
}

test('answers /healthz, /readyz with its reason, /metrics, and 404 for the rest', async () => {
  let reason: string | undefined = 'links are down'
  await using host = await startServer({}, { unreadyReason: () => reason })
  const url = `http://127.0.0.1:${host.port}`
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  const unready = await fetch(`${url}/readyz`)
  assert.equal(unready.status, 503)
  assert.deepEqual(await unready.json(), { ready: false, reason: 'links are down' })
  reason = undefined
  assert.equal((await fetch(`${url}/readyz`)).status, 200)
  const metrics = await (await fetch(`${url}/metrics`)).text()
  assert.match(metrics, /^herald_http_requests_total 4$/m)
  assert.match(metrics, /^process_cpu_seconds_total /m)
  const unknown = await fetch(`${url}/__proto__`)
  assert.equal(unknown.status, 404)
  assert.match(await unknown.text(), /PATH_UNKNOWN/)
  assert.equal((await fetch(`${url}/healthz`, { method: 'POST', body: 'x' })).status, 404)
})

test('refuses a port that is taken with PORT_IN_USE', async () => {
  await using host = await startServer()
  await assert.rejects(listen(createServer(), '127.0.0.1', host.port), (error) => {
    return error instanceof HeraldError && error.code === 'PORT_IN_USE'
  })
})

test('opens a session per subprotocol and passes text and binary messages both ways', async () => {
  await using host = await startServer()
  for (const subprotocol of ['herald.client.v1', 'herald.json.v1'] as const) {
    const client = await openClient(host.port, subprotocol)
    assert.equal(client.protocol, subprotocol)
    await host.acceptor.until(() => host.acceptor.sessions.at(-1)?.subprotocol === subprotocol)
    const session = host.acceptor.sessions.at(-1)
    assert(session !== undefined)
    assert.match(session.remote, /^127\.0\.0\.1:\d+$/)
    client.send('{"op":"x"}')
    client.send(Buffer.from([1, 2, 3]))
    await host.acceptor.until(() => session.frames.length === 1)
    assert.deepEqual(session.texts, ['{"op":"x"}'])
    assert.deepEqual([...(session.frames[0] ?? [])], [1, 2, 3])
    client.close(1000)
    await untilClosed(client)
    await host.acceptor.until(() => session.closed === 1)
  }
  assert.equal(host.counters.get('sessionsOpened'), 2)
  assert.equal(host.counters.get('sessionsClosed'), 2)
  assert.equal(host.server.sessions, 0)
})

test('takes the first offered subprotocol that it knows', async () => {
  await using host = await startServer()
  const client = new WebSocket(`ws://127.0.0.1:${host.port}`, ['other', 'herald.json.v1', 'herald.client.v1'])
  await once(client, 'open')
  assert.equal(client.protocol, 'herald.json.v1')
})

test('sends frames of every length form unchanged, in order, mixed with text', async () => {
  await using host = await startServer()
  const client = await openClient(host.port)
  const session = await firstSession(host)
  const lengths = [0, 1, 125, 126, 512, 513, 4000, 65535, 65536, 300_000, 5, 17_000, 2]
  const received: (Buffer | string)[] = []
  const all = new Promise<void>((resolve) => {
    client.on('message', (data, isBinary) => {
      received.push(isBinary ? Buffer.from(data as Buffer) : data.toString())
      if (received.length === lengths.length * 2) resolve()
    })
  })
  for (const length of lengths) {
    session.sink.sendFrame(Buffer.alloc(length, length % 251))
    session.sink.sendText(`${'ä'.repeat(length % 300)} after ${length}`)
  }
  await all
  lengths.forEach((length, index) => {
    assert.deepEqual(received[index * 2], Buffer.alloc(length, length % 251))
    assert.equal(received[index * 2 + 1], `${'ä'.repeat(length % 300)} after ${length}`)
  })
})

test('keeps the frames of many connections apart when they are sent in the same turn', async () => {
  await using host = await startServer()
  const clients = await Promise.all(Array.from({ length: 20 }, () => openClient(host.port)))
  await host.acceptor.until(() => host.acceptor.sessions.length === clients.length)
  const sums = clients.map(
    (client) =>
      new Promise<string>((resolve) => {
        const texts: string[] = []
        client.on('message', (data) => {
          texts.push(data.toString())
          if (texts.length === 100) resolve(texts.join())
        })
      }),
  )
  for (let round = 0; round < 100; round++) {
    host.acceptor.sessions.forEach((session, index) => {
      session.sink.sendFrame(Buffer.from(`${index}:${round}`.padEnd((round * 37) % 700)))
    })
  }
  const received = (await Promise.all(sums)).map((text) => text.replaceAll(' ', '')).sort()
  const expected = clients
    .map((_, index) => Array.from({ length: 100 }, (_, round) => `${index}:${round}`).join())
    .sort()
  assert.deepEqual(received, expected)
})

test('tells a session when its full buffer has run empty, and stops reading when asked', async () => {
  await using host = await startServer()
  const client = await openClient(host.port)
  const session = await firstSession(host)
  client.pause()
  while (session.sink.bufferedBytes < 4 * lowWaterBytes) session.sink.sendFrame(Buffer.alloc(65536))
  assert.equal(session.writable, 0)
  client.resume()
  await host.acceptor.until(() => session.writable > 0)
  assert.equal(session.sink.bufferedBytes, 0)

  session.sink.pauseReading()
  await new Promise<void>((resolve) => client.send('unread', () => resolve()))
  // A second client's message comes later and is read: the first one's was not read meanwhile.
  const other = await openClient(host.port)
  other.send('read')
  await host.acceptor.until(() => host.acceptor.sessions[1]?.texts.length === 1)
  assert.deepEqual(session.texts, [])
  session.sink.resumeReading()
  await host.acceptor.until(() => session.texts.length === 1)
})

test('closes with the refusal of the acceptor, and with 1013 above the limit', async () => {
  await using host = await startServer({ connectionsMax: 1 })
  host.acceptor.refusal = { refused: 'NODE_DRAINING', reason: 'shutting down' }
  const early = await untilClosed(await openClient(host.port))
  assert.deepEqual(early, { status: 1001, reason: 'NODE_DRAINING: shutting down' })
  host.acceptor.refusal = undefined
  const first = await openClient(host.port)
  const texts: string[] = []
  const second = await openClient(host.port, 'herald.client.v1', (text) => texts.push(text))
  const ending = await untilClosed(second)
  assert.match(texts.join(), /^\{"op":"closing","code":"CONNECTION_LIMIT","message":".*","retryMs":200\}$/)
  assert.deepEqual(ending, {
    status: 1013,
    reason: 'CONNECTION_LIMIT: this node has 1 clients already',
  })
  assert.equal(host.counters.get('sessionsRefused'), 2)
  first.close()
  await host.acceptor.until(() => host.acceptor.sessions[0]?.closed === 1)
  assert.equal(host.server.sessions, 0)
  const third = await openClient(host.port)
  assert.equal(third.readyState, WebSocket.OPEN)
})

test('closes a client that stays silent, and none that answers pings', async () => {
  await using host = await startServer({ heartbeatMs: 20 })
  const living = await openClient(host.port)
  let pings = 0
  living.on('ping', () => pings++)
  const dead = await openRaw(host.port)
  dead.socket.write(toHandshake('herald.client.v1'))
  // Half a frame: a message of 100 bytes of which 10 come.
  dead.socket.write(toFrame(0x82, Buffer.alloc(100)).subarray(0, 16))
  const received = await dead.received
  assert.match(received.toString('latin1'), /HEARTBEAT_MISSED: no byte for 2 heartbeats/)
  assert.equal(host.counters.get('heartbeatsMissed'), 1)
  assert.equal(living.readyState, WebSocket.OPEN)
  assert(pings >= 1)
})

test('closes all clients with 1001 when it is closed', async () => {
  const host = await startServer()
  const clients = [await openClient(host.port), await openClient(host.port)]
  const closed = clients.map(untilClosed)
  await host.server.close('NODE_DRAINING: going')
  for (const end of await Promise.all(closed)) {
    assert.deepEqual(end, { status: 1001, reason: 'NODE_DRAINING: going' })
  }
  await assert.rejects(openClient(host.port))
})
