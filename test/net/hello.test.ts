// The small deciding parts of net/ without sockets: hello, clock, close codes, and keeping received bytes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counters, counterMeanings } from '../../node/core/common/counters.ts'
import { toCloseReason, toCloseStatus } from '../../node/net/close-codes.ts'
import {
  decodeHello,
  encodeHello,
  type Hello,
  judgeHello,
  parseObject,
  toNewcomer,
} from '../../node/net/hello.ts'
import { LinkClock } from '../../node/net/link-clock.ts'
import { toBoot, toNode } from './test-node.ts'

const own: Hello = {
  protocol: 1,
  cluster: 'herald',
  node: toNode('A'),
  boot: toBoot(1),
  version: '0.1.0',
  member: 1,
  meta: undefined,
  peers: new Map([
    ['A', { host: 'a', port: 1 }],
    ['B', { host: 'b', port: 2 }],
  ]),
  announce: false,
}

test('a hello survives its text form, with unknown fields beside it', () => {
  for (const hello of [own, { ...own, announce: true }, { ...own, meta: 70_000 }]) {
    const fields = parseObject(encodeHello(hello))
    assert(fields !== undefined)
    assert.deepEqual(decodeHello({ ...fields, later: 1 }), hello)
  }
})

test('a hello with any field wrong is refused by name, never thrown', () => {
  const fields = parseObject(encodeHello(own))
  const wrong: readonly unknown[] = [
    undefined,
    null,
    1.5,
    -1,
    '',
    [],
    {},
    '../x',
    [1],
    { X: 1 },
    { A: ['a', '1'] },
    { '': ['a', 1] },
  ]
  for (const name of ['node', 'boot', 'peers', 'cluster', 'version', 'member']) {
    const refusals = wrong
      .map((value) => decodeHello({ ...fields, [name]: value }))
      .filter((hello) => 'refused' in hello)
    assert(refusals.length >= 6, name)
    for (const refusal of refusals) assert.match(refusal.reason, new RegExp(`"${name}"`))
  }
  const newer = decodeHello({ protocol: 2 })
  assert('refused' in newer && newer.refused === 'PROTOCOL_VERSION_UNKNOWN')
})

test('an id that only one side knows is no disagreement, a different address is', () => {
  const other: Hello = { ...own, node: toNode('B'), boot: toBoot(2) }
  assert.equal(judgeHello(own, other), undefined)
  assert.equal(judgeHello(own, { ...other, peers: new Map([['C', { host: 'c', port: 3 }]]) }), undefined)
  assert.deepEqual(judgeHello(own, { ...other, peers: new Map([['B', { host: 'b', port: 3 }]]) }), {
    refused: 'PEERS_DISAGREE',
    reason: 'B is b:2 for node A, b:3 for B',
  })
})

test('two that belong to clusters that were founded apart are none, and one that is in none may join', () => {
  const other: Hello = { ...own, node: toNode('B'), boot: toBoot(2), meta: 70_001 }
  assert.equal(judgeHello(own, other), undefined)
  assert.equal(judgeHello({ ...own, meta: 70_001 }, other), undefined)
  assert.equal(judgeHello({ ...own, meta: 70_000 }, other)?.refused, 'CLUSTER_MISMATCH')
})

test('a node that is not known belongs here if it has this one where it is', () => {
  const address = { host: 'c', port: 3 }
  const peers = new Map([...own.peers, ['C', address]])
  const other: Hello = { ...own, node: toNode('C'), boot: toBoot(3), peers }
  assert.deepEqual(toNewcomer(own, other), address)
  assert.equal(toNewcomer(own, { ...other, cluster: 'another' }), undefined)
  assert.equal(toNewcomer(own, { ...other, node: toNode('B') }), undefined)
  const elsewhere = new Map([...peers, ['A', { host: 'a', port: 9 }]])
  assert.equal(toNewcomer(own, { ...other, peers: elsewhere }), undefined)
  assert.equal(toNewcomer(own, { ...other, peers: new Map([['C', address]]) }), undefined)
})

test('the clock keeps the sample with the shortest round trip of the last sixteen', () => {
  const clock = new LinkClock()
  assert.deepEqual([clock.best], [undefined])
  // The peer is 100 ms ahead; the way there takes 10 ms, the way back 30 ms, the answer 5 ms.
  clock.addSample(1000, 1110, 1115, 1045)
  assert.deepEqual(clock.best, { roundTripMs: 40, offsetMs: 90, errorMs: 20 })
  clock.addSample(2000, 2102, 2102, 2004)
  assert.deepEqual(clock.best, { roundTripMs: 4, offsetMs: 100, errorMs: 2 })
  for (const [t0, t1, t2, t3] of [
    [5, 1, 0, 6],
    [9, 1, 1, 6],
    [Number.NaN, 1, 1, 1],
  ] as const)
    clock.addSample(t0, t1, t2, t3)
  assert.equal(clock.best?.roundTripMs, 4)
  clock.addMeasured({ roundTripMs: -1, offsetMs: 0 })
  clock.addMeasured({ roundTripMs: 1, offsetMs: Number.NaN })
  assert.deepEqual(clock.newest, { roundTripMs: 4, offsetMs: 100 })
  for (let index = 0; index < 16; index++) clock.addSample(0, 10, 10, 20)
  assert.equal(clock.best?.roundTripMs, 20)
})

test('close reasons are cut between characters, statuses come from the registry', () => {
  assert.equal(toCloseReason('short'), 'short')
  assert.equal(toCloseReason('x'.repeat(124)), 'x'.repeat(123))
  assert.equal(toCloseReason(`${'x'.repeat(122)}ä`), 'x'.repeat(122))
  assert.equal(toCloseReason('🎺'.repeat(40)), '🎺'.repeat(30))
  assert.equal(toCloseStatus('FRAME_TOO_LARGE'), 1009)
  assert.equal(toCloseStatus('CONNECTION_LIMIT'), 1013)
  assert.equal(toCloseStatus('TOPIC_INVALID'), 1008)
})

test('counters start at 0 and list every declared name', () => {
  const counters = new Counters()
  counters.increment('linksOpened')
  counters.increment('linksOpened', 4)
  assert.equal(counters.get('linksOpened'), 5)
  assert.deepEqual(
    counters.entries().map(([name]) => name),
    Object.keys(counterMeanings),
  )
  assert.equal(
    counters.entries().filter(([, value]) => value === 0).length,
    Object.keys(counterMeanings).length - 1,
  )
})
