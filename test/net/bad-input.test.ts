// What strangers may send to the client port: each gets its documented status or close code and a counter, a good
// connection beside it goes on working, and nothing of it stays.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { WebSocket } from 'ws'
import type { CounterName } from '../../node/core/common/counters.ts'
import { protocolLimits } from '../../node/core/common/limits.ts'
import { seededRandom } from '../../node/core/common/random.ts'
import {
  openClient,
  openRaw,
  startServer,
  type TestServer,
  toFrame,
  toHandshake,
  untilClosed,
} from './fakes.ts'
import { openPeer, startTestNode, untilTrue } from './test-node.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Starts a server with a good client, runs the attack, and proves that the good client still works. */
async function withGoodClient(
  t: TestContext,
  limits: Parameters<typeof startServer>[0],
  attack: (host: TestServer) => Promise<void>,
): Promise<void> {
  const host = await startServer(limits)
  t.after(() => host[Symbol.asyncDispose]())
  const good = await openClient(host.port)
  await host.acceptor.until(() => host.acceptor.sessions.length === 1)
  await attack(host)
  const session = host.acceptor.sessions[0]
  assert(session !== undefined)
  good.send('still here')
  await host.acceptor.until(() => session.texts.includes('still here'))
  const answer = once(good, 'message')
  session.sink.sendText('still there')
  assert.equal(String((await answer)[0]), 'still there')
}

/** Opens a WebSocket by hand, sends bytes, and returns the close status of the answer. */
async function sendAfterHandshake(
  host: TestServer,
  bytes: Buffer,
  extraHeaders: readonly string[] = [],
): Promise<number> {
  const raw = await openRaw(host.port)
  raw.socket.write(toHandshake('herald.client.v1', extraHeaders))
  const sessions = host.acceptor.sessions.length
  await host.acceptor.until(() => host.acceptor.sessions.length > sessions)
  raw.socket.write(bytes)
  const received = await raw.received
  const close = received.indexOf(0x88, received.indexOf('\r\n\r\n'))
  assert(close > 0, 'a close frame')
  return received.readUInt16BE(close + 2)
}

test('one megabyte of random bytes on the port is closed and counted', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    const random = seededRandom('noise')
    const raw = await openRaw(host.port)
    raw.socket.write(Buffer.from(Uint8Array.from({ length: 1 << 20 }, () => random() * 256)))
    const received = await raw.received
    assert(received.length === 0 || received.toString('latin1').startsWith('HTTP/1.1 400 '))
    assert.equal(host.counters.get('httpMalformed'), 1)
  })
})

test('each broken frame gets its close code and its counter', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    const tooLarge = toFrame(0x82, Buffer.alloc(protocolLimits.frameBytesMax + 1)).subarray(0, 1000)
    const fragments = Buffer.concat([
      toFrame(0x02, Buffer.from([1])),
      Buffer.concat(Array(131_000).fill(toFrame(0x00, Buffer.from([1])))),
    ])
    const cases: readonly (readonly [string, Buffer, number, CounterName])[] = [
      ['one byte over the limit', tooLarge, 1009, 'framesTooLarge'],
      ['131,000 one-byte fragments', fragments, 1008, 'framesFragmented'],
      ['a length of 2^63', Buffer.from('82ffffffffffffffffff00000000', 'hex'), 1009, 'framesTooLarge'],
      ['no mask', Buffer.from('820101', 'hex'), 1002, 'framesMalformed'],
      ['a reserved opcode', toFrame(0x83, Buffer.from([1])), 1002, 'framesMalformed'],
      ['a compressed message', toFrame(0xc2, Buffer.from([1])), 1002, 'framesMalformed'],
      ['text that is not UTF-8', toFrame(0x81, Buffer.from([0xff])), 1007, 'textsInvalid'],
      [
        'a flood of pings',
        Buffer.concat(Array(5000).fill(toFrame(0x89, Buffer.alloc(125)))),
        1008,
        'pingFloods',
      ],
    ]
    for (const [name, bytes, status, counter] of cases) {
      const before = host.counters.get(counter)
      assert.equal(await sendAfterHandshake(host, bytes), status, name)
      assert.equal(host.counters.get(counter), before + 1, name)
    }
    await host.acceptor.until(() => host.acceptor.sessions.slice(1).every((session) => session.closed === 1))
    assert.equal(host.server.sessions, 1)
  })
})

test('a frame of exactly the limit is taken', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    const client = await openClient(host.port)
    client.send(Buffer.alloc(protocolLimits.frameBytesMax))
    await host.acceptor.until(() => host.acceptor.sessions[1]?.frames.length === 1)
    client.terminate()
  })
})

test('a wrong, a missing and a strange subprotocol are refused with 400', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    for (const header of [
      'herald.client.v2',
      '__proto__',
      'constructor',
      '',
      ',,,',
      'herald.client.v1x, a',
    ]) {
      const raw = await openRaw(host.port)
      raw.socket.write(toHandshake(header))
      const received = (await raw.received).toString()
      assert.match(received, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.match(received, /SUBPROTOCOL_UNKNOWN/)
    }
    assert.equal(host.counters.get('subprotocolsRefused'), 6)
  })
})

test('a broken WebSocket handshake is refused with 400', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    const raw = await openRaw(host.port)
    raw.socket.write(toHandshake('herald.client.v1').replace('AAAA==', ''))
    assert.match((await raw.received).toString(), /^HTTP\/1\.1 400 .*Sec-WebSocket-Key/s)
    assert.equal(host.counters.get('handshakesMalformed'), 1)
  })
})

test('101 and 2,000 headers are refused with 431, in requests and handshakes, short or long', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    const short = Array.from({ length: 2000 }, () => 'a:')
    const long = Array.from({ length: 2000 }, (_, index) => `__proto__: ${index} ${'x'.repeat(20)}`)
    const oneTooMany = Array.from({ length: 95 }, () => 'a:')
    const texts = [
      toHandshake('herald.client.v1', oneTooMany),
      `GET /healthz HTTP/1.1\r\nHost: x\r\n${'a:\r\n'.repeat(100)}\r\n`,
      toHandshake('herald.client.v1', short),
      `GET /healthz HTTP/1.1\r\nHost: x\r\n${short.join('\r\n')}\r\n\r\n`,
      toHandshake('herald.client.v1', long),
    ]
    for (const text of texts) {
      const raw = await openRaw(host.port)
      raw.socket.write(text)
      assert.match((await raw.received).toString(), /^HTTP\/1\.1 431 /)
    }
    assert.equal(host.counters.get('httpHeadersRefused'), 5)
    assert.equal(
      await sendAfterHandshake(host, toFrame(0x88, Buffer.from([3, 232])), oneTooMany.slice(1)),
      1000,
    )
    const raw = await openRaw(host.port)
    raw.socket.end(
      'GET /__proto__?__proto__=1 HTTP/1.1\r\nHost: x\r\n__proto__: 1\r\nConnection: close\r\n\r\n',
    )
    assert.match((await raw.received).toString(), /^HTTP\/1\.1 404 /)
  })
})

test('a thousand connections that never finish the handshake are closed by the deadline', async (t) => {
  await withGoodClient(
    t,
    { requestTimeoutMs: 1000, checkIntervalMs: 50, handshakesMax: 100 },
    async (host) => {
      const all = await Promise.all(Array.from({ length: 1000 }, () => openRaw(host.port)))
      all.forEach(({ socket }, index) => {
        if (index % 2 === 0) socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
      })
      // While they wait, others get in.
      const client = await openClient(host.port)
      assert.equal(client.readyState, WebSocket.OPEN)
      client.terminate()
      await Promise.all(all.map((raw) => raw.received))
      const dropped = host.counters.get('handshakesDropped')
      const late = host.counters.get('handshakeTimeouts')
      assert(dropped > 0 && late > 0, `${dropped} dropped, ${late} late`)
      assert.equal(dropped + late, 1000)
    },
  )
})

test('a request that trickles is closed by the deadline', async (t) => {
  await withGoodClient(t, { requestTimeoutMs: 100, checkIntervalMs: 20 }, async (host) => {
    const raw = await openRaw(host.port)
    raw.socket.write('GET / HTTP/1.1\r\n')
    const drip = setInterval(() => raw.socket.write('a: b\r\n'), 5)
    const received = await raw.received
    clearInterval(drip)
    assert.match(received.toString(), /^(HTTP\/1\.1 408 |$)/)
    assert.equal(host.counters.get('handshakeTimeouts'), 1)
  })
})

test('compression is not negotiated, whatever is offered', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    const url = `ws://127.0.0.1:${host.port}`
    const client = new WebSocket(url, 'herald.client.v1', { perMessageDeflate: true })
    await once(client, 'open')
    assert.equal(client.extensions, '')
    client.terminate()
    for (const offer of [
      'constructor',
      '__proto__; toString',
      'permessage-deflate; server_max_window_bits=99',
    ]) {
      const raw = await openRaw(host.port)
      raw.socket.write(toHandshake('herald.client.v1', [`Sec-WebSocket-Extensions: ${offer}`]))
      const [head] = await once(raw.socket, 'data')
      assert.match(String(head), /^HTTP\/1\.1 101 /)
      assert.doesNotMatch(String(head), /Extensions/i)
      raw.socket.destroy()
    }
  })
})

test('a stranger who refuses a node is closed and counted, and the node goes on', async () => {
  await using node = await startTestNode({
    id: 'B',
    boot: 2,
    peers: { A: ['127.0.0.1', 1], B: ['127.0.0.1', 2] },
  })
  const refusal = '{"op":"refused","code":"NODE_ID_IN_USE","message":"stop"}'
  const early = await openPeer(node.port)
  early.webSocket.send(refusal)
  const ending = await early.ending
  assert.equal(ending.status, 1002)
  assert.match(ending.reason, /^PROTOCOL_BROKEN: a refusal that answers no hello/)
  assert.equal(node.counters.get('framesMalformed'), 1)
  // Even one that has said hello as a peer cannot stop the node, before its link is up or after.
  const fields = { protocol: 1, cluster: 'herald', node: 'A', boot: 9, version: '1', member: 9 }
  const hello = JSON.stringify({ op: 'hello', ...fields, peers: { A: ['127.0.0.1', 1] } })
  const cases: readonly (readonly [readonly string[], CounterName])[] = [
    [[refusal], 'linksRefused'],
    [['{"op":"ready"}', refusal], 'framesMalformed'],
  ]
  for (const [texts, counter] of cases) {
    const peer = await openPeer(node.port)
    peer.webSocket.send(hello)
    await peer.untilText((text) => text.startsWith('{"op":"hello"'))
    const before = node.counters.get(counter)
    for (const text of texts) peer.webSocket.send(text)
    await untilTrue(() => node.counters.get(counter) === before + 1)
    peer.webSocket.terminate()
  }
  assert.deepEqual(node.bans, [])
})

test('memory returns after many large messages and half frames', async (t) => {
  await withGoodClient(t, { heartbeatMs: 10 }, async (host) => {
    const before = process.memoryUsage().arrayBuffers
    const half = toFrame(0x82, Buffer.alloc(1 << 20)).subarray(0, 1 << 19)
    const raws = await Promise.all(Array.from({ length: 40 }, () => openRaw(host.port)))
    for (const raw of raws)
      raw.socket.write(Buffer.concat([Buffer.from(toHandshake('herald.client.v1')), half]))
    await Promise.all(raws.map((raw) => raw.received))
    assert.equal(host.counters.get('heartbeatsMissed'), 40)
    raws.length = 0
    host.acceptor.sessions.length = 1
    await untilTrue(() => {
      collectGarbage()
      return process.memoryUsage().arrayBuffers - before < 5e6
    })
  })
})

test('a client closed for its input gets no further messages of it delivered', async (t) => {
  await withGoodClient(t, {}, async (host) => {
    const client = await openClient(host.port)
    await host.acceptor.until(() => host.acceptor.sessions.length === 2)
    const session = host.acceptor.sessions[1]
    assert(session !== undefined)
    session.sink.close(1002, `FRAME_UNKNOWN: ${'ü'.repeat(200)}`)
    client.send('late')
    client.send(Buffer.from('late'))
    const ending = await untilClosed(client)
    assert.equal(ending.status, 1002)
    assert(Buffer.byteLength(ending.reason) <= 123)
    assert.match(ending.reason, /^FRAME_UNKNOWN: ü+$/)
    await host.acceptor.until(() => session.closed === 1)
    assert.deepEqual(session.texts, [])
    assert.deepEqual(session.frames, [])
  })
})
