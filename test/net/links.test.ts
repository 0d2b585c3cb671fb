// Links between nodes over real sockets, with proxies between them that break the network.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { encodeHello, type Hello } from '../../node/net/hello.ts'
import { lowWaterBytes } from '../../node/net/ports.ts'
import {
  closeAll,
  openPeer,
  type Peers,
  startPair,
  startTestNode,
  toBoot,
  toNode,
  untilStatus,
  untilTrue,
} from './test-node.ts'

/** For a node B on its own, and the hello of an A that is played by hand. */
const strangerPeers: Peers = { A: ['127.0.0.1', 1], B: ['127.0.0.1', 2] }
const strangerHello: Hello = {
  protocol: 1,
  cluster: 'herald',
  node: toNode('A'),
  boot: toBoot(9),
  version: '1',
  member: 9,
  meta: undefined,
  peers: new Map([['A', { host: '127.0.0.1', port: 1 }]]),
  announce: false,
}

test('links two nodes, passes frames and text in order both ways, and measures the clock', async () => {
  const pair = await startPair()
  await using _ = pair
  const { a, b } = pair
  const toB = a.listener.sinks.get(b.node)
  const toA = b.listener.sinks.get(a.node)
  assert(toA !== undefined && toB !== undefined)
  assert.deepEqual(a.listener.events, ['up B 2'])
  assert.deepEqual(b.listener.events, ['up A 1'])
  for (let index = 0; index < 50; index++) toB.sendFrame(Buffer.alloc(65536, index))
  toB.sendText('{"op":"vector","n":1}')
  toA.sendFrame(Buffer.from('answer'))
  await b.listener.until(() => b.listener.texts.length === 1)
  assert.deepEqual(b.listener.texts, ['{"op":"vector","n":1}'])
  assert.deepEqual(
    b.listener.frames.map((frame) => frame[65535]),
    Array.from({ length: 50 }, (_, index) => index),
  )
  await a.listener.until(() => a.listener.frames.length === 1)
  for (const node of [a, b]) {
    await untilStatus(node, (status) => status.clockErrorMs !== undefined)
    const [status] = node.links.statuses()
    assert.equal(status?.state, 'up')
    assert((status.roundTripMs ?? -1) >= 0)
    assert(Math.abs(status.clockOffsetMs ?? 1e9) < 1000)
  }
})

test('tells the listener when a full queue has run empty', async () => {
  const pair = await startPair()
  await using _ = pair
  const { a, b, proxy } = pair
  const sink = a.listener.sinks.get(b.node)
  assert(sink !== undefined)
  proxy.delay(20)
  const frames = 200
  for (let index = 0; index < frames; index++) sink.sendFrame(Buffer.alloc(65536, index))
  assert(sink.bufferedBytes > lowWaterBytes)
  assert((a.links.statuses()[0]?.queuedBytes ?? 0) > lowWaterBytes)
  await a.listener.until(() => a.listener.writable > 0)
  await b.listener.until(() => b.listener.frames.length === frames)
  assert.equal(b.listener.frames.at(-1)?.[0], frames - 1)
})

test('takes over on the accepting side what the dialling side has measured', async () => {
  await using node = await startTestNode({ id: 'B', boot: 2, peers: strangerPeers })
  const peer = await openPeer(node.port)
  peer.webSocket.send(encodeHello(strangerHello))
  await peer.untilText((text) => text.startsWith('{"op":"hello"'))
  peer.webSocket.send('{"op":"ready"}')
  // B is 100 ms ahead of A, so A is 100 ms behind B.
  peer.webSocket.send('{"op":"ping","t0":5,"roundTripMs":4,"offsetMs":100}')
  await peer.untilText((text) => text.startsWith('{"op":"pong","t0":5,'))
  const [status] = node.links.statuses()
  assert.deepEqual([status?.roundTripMs, status?.clockOffsetMs, status?.clockErrorMs], [4, -100, 2])
  peer.webSocket.terminate()
})

test('lets pings overtake the data that waits for a slow link', async () => {
  const durations = { probeTimeoutMs: 60_000 }
  await using node = await startTestNode({ id: 'B', boot: 2, peers: strangerPeers, durations })
  const peer = await openPeer(node.port)
  peer.webSocket.send(encodeHello(strangerHello))
  await peer.untilText((text) => text.startsWith('{"op":"hello"'))
  peer.webSocket.send('{"op":"ready"}')
  await node.listener.until(() => node.listener.events.length === 1)
  const sink = node.listener.sinks.get(toNode('A'))
  assert(sink !== undefined)
  const frames = 1000
  const kinds: string[] = []
  peer.webSocket.on('message', (data, isBinary) =>
    kinds.push(isBinary ? 'frame' : data.toString().slice(0, 12)),
  )
  peer.webSocket.pause()
  for (let index = 0; index < frames; index++) sink.sendFrame(Buffer.alloc(65536))
  // A newcomer under A's id makes the node ping the link; its pong to the newcomer shows that it has done so.
  const newcomer = await openPeer(node.port)
  newcomer.webSocket.send(encodeHello({ ...strangerHello, boot: toBoot(77) }))
  newcomer.webSocket.send('{"op":"ping","t0":1}')
  await newcomer.untilText((text) => text.startsWith('{"op":"pong"'))
  peer.webSocket.resume()
  await untilTrue(() => kinds.filter((kind) => kind === 'frame').length === frames)
  // The kernel's buffers hold some hundred frames; the thousand are ours.
  const ping = kinds.findIndex((kind, index) => index > 0 && kind === '{"op":"ping"')
  assert(ping > 0 && ping < frames / 2, `ping at ${ping}`)
  peer.webSocket.terminate()
  newcomer.webSocket.terminate()
})

test('comes back after a cut, and after the other node was not there at first', async () => {
  const pair = await startPair()
  await using _ = pair
  const { a, b, proxy } = pair
  proxy.cut()
  await a.listener.until(() => a.listener.events.length === 2)
  await b.listener.until(() => b.listener.events.length === 2)
  assert.equal(a.links.statuses()[0]?.state, 'down')
  assert.match(a.links.statuses()[0]?.reason ?? '', /ECONN|ended/)
  await untilTrue(() => a.counters.get('linkDialsFailed') > 2)
  proxy.heal()
  await a.listener.until(() => a.listener.events.at(-1) === 'up B 2')
  await b.listener.until(() => b.listener.events.at(-1) === 'up A 1')
  assert.equal(a.counters.get('linksOpened'), 2)
  assert.equal(a.counters.get('linksClosed'), 1)
})

test('ends its links with 1001 when it is closed', async () => {
  const pair = await startPair()
  const { a, b } = pair
  await a.links.close()
  await b.listener.until(() => b.listener.events.length === 2)
  assert.equal(b.listener.events[1], 'down A: NODE_DRAINING: the node is shutting down')
  assert.equal(a.listener.events.length, 2)
  await pair[Symbol.asyncDispose]()
})

test('refuses another cluster on both ends, says so once, and links when it was corrected', async () => {
  const pair = await startPair({ b: { cluster: 'other' }, expectUp: false })
  await using _ = pair
  const { a, b, proxy } = pair
  await untilStatus(a, (status) => status.state === 'refused')
  await untilStatus(b, (status) => status.state === 'refused')
  const reason =
    /^CLUSTER_MISMATCH: node [AB] belongs to cluster "(herald|other)", node [AB] to "(herald|other)"$/
  assert.match(a.links.statuses()[0]?.reason ?? '', reason)
  assert.match(b.links.statuses()[0]?.reason ?? '', reason)
  await untilTrue(() => b.counters.get('linksRefused') >= 3)
  assert.equal(b.events.filter((event) => event.startsWith('link-refused')).length, 1)
  assert.deepEqual(a.listener.events, [])
  await b.stop()
  const corrected = await startTestNode({ id: 'B', boot: 3, peers: pair.peers })
  proxy.aim(corrected.port)
  await a.listener.until(() => a.listener.events.at(-1) === 'up B 3')
  await closeAll([corrected])
})

test('refuses a node whose peers.json disagrees, naming the id and both addresses', async () => {
  const peers = { A: ['127.0.0.1', 1], B: ['127.0.0.1', 1], C: ['127.0.0.1', 5] } as const
  const pair = await startPair({
    b: { peers: { ...peers, C: ['10.0.0.1', 6] } },
    extraPeers: { C: peers.C },
    expectUp: false,
  })
  await using _ = pair
  await untilStatus(pair.a, (status) => status.state === 'refused')
  assert.match(
    pair.a.links.statuses()[0]?.reason ?? '',
    /^PEERS_DISAGREE: \w is 127\.0\.0\.1:\d+ for node B, 127\.0\.0\.1:\d+ for A$|^PEERS_DISAGREE: C is 10\.0\.0\.1:6 for node B, 127\.0\.0\.1:5 for A$/,
  )
})

test('refuses strangers: unknown ids, other versions, wrong roles, and what is no hello', async () => {
  await using node = await startTestNode({ id: 'B', boot: 2, peers: strangerPeers })
  const hello = strangerHello
  const cases: readonly (readonly [string | Buffer, number, RegExp])[] = [
    [encodeHello({ ...hello, node: toNode('Z') }), 4401, /NODE_UNKNOWN: the peers.json of node B has no "Z"/],
    [
      encodeHello({ ...hello, protocol: 2 }),
      4401,
      /PROTOCOL_VERSION_UNKNOWN: the other node speaks protocol 2/,
    ],
    [encodeHello({ ...hello, announce: true }), 1002, /PROTOCOL_BROKEN: of A and B the smaller id dials/],
    [encodeHello({ ...hello, node: toNode('B') }), 4409, /NODE_ID_IN_USE: node B is running already/],
    [
      encodeHello({ ...hello, node: toNode('B'), boot: toBoot(2) }),
      4401,
      /PEERS_DISAGREE: node B dialled itself/,
    ],
    ['{"op":"hello","protocol":1,"cluster":"herald","node":"../x"}', 1002, /no valid "node"/],
    [
      '{"op":"hello","protocol":1,"cluster":"herald","node":"__proto__","boot":1,"version":"1","member":1,"peers":{"__proto__":["h",1]}}',
      4401,
      /NODE_UNKNOWN/,
    ],
    ['nonsense', 1008, /CONTROL_MALFORMED/],
    ['['.repeat(10_000), 1008, /CONTROL_MALFORMED/],
    ['{"op":"vector"}', 1002, /before the hello/],
    [Buffer.alloc(10), 1002, /before the hello/],
  ]
  for (const [message, status, reason] of cases) {
    const peer = await openPeer(node.port)
    peer.webSocket.send(message)
    const ending = await peer.ending
    assert.equal(ending.status, status, String(message).slice(0, 80))
    assert.match(ending.reason, reason)
  }
  assert.deepEqual(node.listener.events, [])
  assert.deepEqual(node.bans, [])
})

test('ends a handshake without a hello by its deadline, and drops the oldest of too many', async () => {
  await using node = await startTestNode({ id: 'B', boot: 2, peers: strangerPeers })
  const peers = await Promise.all(Array.from({ length: 70 }, () => openPeer(node.port)))
  const endings = await Promise.all(peers.map((peer) => peer.ending))
  assert.equal(endings.filter((ending) => ending.status === 1006).length, 70 - 64)
  assert.equal(endings.filter((ending) => ending.reason.startsWith('HANDSHAKE_TIMEOUT')).length, 64)
  assert.equal(node.counters.get('handshakeTimeouts'), 64)
})

test('tells a node that was started twice, and keeps the link of the first', async () => {
  const pair = await startPair()
  await using _ = pair
  const { a, b } = pair
  // A's double dials B; B's double announces itself to A.
  const doubles = [
    await startTestNode({ id: 'A', boot: 7, peers: pair.peers }),
    await startTestNode({ id: 'B', boot: 8, peers: { ...pair.peers, C: ['127.0.0.1', 3] } }),
  ]
  await Promise.all(doubles.map((double) => double.listener.until(() => double.bans.length > 0)))
  assert.deepEqual(doubles[0]?.bans, ['NODE_ID_IN_USE: node A is running already, and answers node B'])
  assert.deepEqual(a.listener.events, ['up B 2'])
  assert.deepEqual(b.listener.events, ['up A 1'])
  await closeAll(doubles)
})

test('takes a restarted node in place of one whose connection only looks alive', async () => {
  const pair = await startPair()
  await using _ = pair
  const { b, proxy } = pair
  proxy.blackhole()
  const hello = { ...pair.a.links.own, boot: toBoot(5) }
  const peer = await openPeer(b.port)
  peer.webSocket.send(encodeHello(hello))
  await peer.untilText((text) => text.startsWith('{"op":"hello"'))
  peer.webSocket.send('{"op":"ready"}')
  await b.listener.until(() => b.listener.events.length === 3)
  assert.deepEqual(b.listener.events, ['up A 1', 'down A: node A was restarted', 'up A 5'])
  assert.equal(peer.webSocket.readyState, WebSocket.OPEN)
  peer.webSocket.terminate()
})

test('shows why a peer cannot be dialled, also when its host is nonsense', async () => {
  await using node = await startTestNode({
    id: 'A',
    boot: 1,
    peers: { A: ['x', 1], B: ['not a host', 1], C: ['127.0.0.1', 1] },
  })
  await untilTrue(() => node.counters.get('linkDialsFailed') >= 6)
  const [nonsense, closed] = node.links.statuses()
  assert.deepEqual([nonsense?.peer, nonsense?.state], ['B', 'down'])
  assert.match(nonsense?.reason ?? '', /Invalid URL/)
  assert.match(closed?.reason ?? '', /ECONNREFUSED/)
})
