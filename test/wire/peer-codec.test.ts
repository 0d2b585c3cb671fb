// Catalog entries as another node, or a file, brings them: what is not exactly a definition or a cursor is refused
// before anything looks into it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StreamTable } from '../../node/broker/stream-table.ts'
import type { Boot, NodeId, StreamId } from '../../node/core/common/ids.ts'
import { GossipAgent } from '../../node/core/gossip/agent.ts'
import { decodePeerText, encodePeerText } from '../../node/wire/peer-codec.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { createTestLeader } from '../leader/test-leader.ts'

const retention = { bytes: 1_000_000, ageMs: 60_000 }
const orders = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'gossip',
  retention,
  copies: 1,
  replicas: 3,
} as const
const definition = Object(toDefinitionValue(orders))
const hostile = { toString: 1, valueOf: 1 }

function decode(key: string, value: string | undefined): unknown {
  const text = value === undefined ? '' : `"value":${value},`
  return decodePeerText(`{"op":"catalog","entries":[{"key":"${key}",${text}"version":1,"by":"B"}]}`)
}

test('reads definitions and cursors as a node writes them, and what was removed', () => {
  for (const [key, value] of [
    ['stream:orders', definition],
    ['stream:orders', { ...definition, behind: 7, made: 3 }],
    ['stream:orders', { removed: true, behind: 7 }],
    ['stream:orders', { removed: true, behind: 7, made: 3 }],
    ['cursor:worker', { claim: 3 }],
    ['cursor:worker', { cursor: 'v1.e30', claim: 3 }],
  ] as const) {
    const entry = { key, value, version: 1, by: 'B' }
    assert.deepEqual(decode(key, JSON.stringify(value)), { kind: 'catalog', entries: [entry] })
  }
  const removed = { key: 'stream:orders', version: 1, by: 'B' }
  assert.deepEqual(decode('stream:orders', undefined), { kind: 'catalog', entries: [removed] })
})

test('takes a stream that an earlier version has written, which knew nothing of replicas', () => {
  const { replicas: _, ...value } = definition
  const entry = { key: 'stream:orders', value, version: 1, by: 'B' }
  const read = decode('stream:orders', JSON.stringify(value))
  assert.deepEqual(read, { kind: 'catalog', entries: [entry] })
})

test('refuses catalog values of any other shape', () => {
  for (const value of [
    null,
    1,
    [],
    {},
    { ...definition, topics: [hostile] },
    { ...definition, topics: 'orders.>' },
    { ...definition, behind: hostile },
    { ...definition, made: hostile },
    { removed: true, behind: hostile },
    { removed: true, behind: 7, made: hostile },
    { removed: false, behind: 7 },
    { ...definition, removed: true, behind: 7 },
    { ...definition, retention: hostile },
    { ...definition, retention: { ...retention, bytes: hostile } },
    { ...definition, copies: hostile },
    { ...definition, replicas: hostile },
    { ...definition, more: 1 },
  ]) {
    assert.equal(decode('stream:orders', JSON.stringify(value)), undefined, JSON.stringify(value))
  }
  for (const value of [null, 'v1.e30', {}, hostile, { cursor: 1, claim: 1 }, { claim: hostile }]) {
    assert.equal(decode('cursor:worker', JSON.stringify(value)), undefined, JSON.stringify(value))
  }
  assert.equal(decode('other:key', '{"claim":1}'), undefined)
})

test('refuses values nested so deeply that writing them out would overflow the stack', () => {
  const deep = '['.repeat(20_000) + ']'.repeat(20_000)
  assert.equal(decode('cursor:worker', deep), undefined)
  assert.equal(decode('cursor:worker', `{"claim":1,"cursor":${deep}}`), undefined)
  assert.equal(decode('stream:orders', JSON.stringify(definition).replace('"orders.>"', deep)), undefined)
})

test('the stream table leaves out what is no definition, wherever it came from', () => {
  const agent = new GossipAgent('A' as NodeId, 1 as Boot, [])
  const leader = createTestLeader()
  const owner = { define: leader.define.bind(leader), wantedModeOf: () => undefined }
  const table = new StreamTable(agent, owner, { retention, copies: 0 })
  for (const [index, value] of [
    { ...definition, topics: [hostile] },
    { ...definition, retention: { bytes: hostile, ageMs: hostile } },
    { ...definition, copies: hostile },
    null,
  ].entries()) {
    agent.handle({ kind: 'write', key: `stream:bad${index}`, value }, 1000)
  }
  agent.handle({ kind: 'write', key: 'stream:orders', value: definition }, 1000)
  table.refresh()
  assert.deepEqual(
    table.replicas.map(({ name }) => name),
    ['default', 'orders'],
  )
})

test('reads the age of an interest in an answer, and refuses one that is no age', () => {
  const answer = { kind: 'holdings', stream: 7 as StreamId, answer: true, ageMs: 1.5, holdings: [] } as const
  assert.deepEqual(decodePeerText(encodePeerText(answer)), answer)
  for (const ageMs of [-1, '1', null]) {
    const text = JSON.stringify({ op: 'holdings', stream: 7, answer: true, ageMs, holdings: [] })
    assert.equal(decodePeerText(text), undefined, text)
  }
})

test('reads what is asked, and what is answered, with entries of the catalog; of other texts only the entries', () => {
  for (const further of [{ asks: { id: 3, hash: 9 } }, { answers: 3 }]) {
    const message = { kind: 'catalog', entries: [], ...further } as const
    assert.deepEqual(decodePeerText(encodePeerText(message)), message)
  }
  for (const further of [{ asks: 3 }, { asks: null }, { asks: { id: 3 } }, { answers: -1 }]) {
    const text = JSON.stringify({ op: 'catalog', entries: [], ...further })
    assert.deepEqual(decodePeerText(text), { kind: 'catalog', entries: [] }, text)
  }
})
