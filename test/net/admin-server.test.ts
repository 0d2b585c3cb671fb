// The admin interface over real HTTP: every request of it, what it refuses, and what it counts.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Refusal } from '../../node/core/common/errors.ts'
import { codeOf, definition, nodeStatus, startAdmin } from './fake-admin.ts'
import { openRaw } from './fakes.ts'

test('answers every request of docs/protocol.md section 5', async () => {
  await using host = await startAdmin()
  const { ask, node } = host
  assert.deepEqual((await ask('GET', '/v1/status')).body, nodeStatus)
  assert.deepEqual((await ask('GET', '/v1/streams')).body, { streams: [definition] })
  assert.deepEqual((await ask('GET', '/v1/streams/orders')).body, definition)
  const retention = { bytes: 1000 }
  const change = { topics: ['orders.>'], retention, copies: 2, replicas: 5, mode: 'leader' }
  assert.deepEqual((await ask('PUT', '/v1/streams/orders', change)).body, definition)
  const switched = { stream: 'orders', mode: 'leader', epoch: 1, elapsedMs: 5 }
  assert.deepEqual((await ask('PUT', '/v1/modes/orders', { mode: 'leader' })).body, switched)
  assert.deepEqual((await ask('GET', '/v1/ends/orders?committed=true')).body, {
    stream: 'orders',
    epoch: 1,
    last: 9,
    sequences: {},
  })
  assert.equal((await ask('GET', '/v1/ends/orders')).status, 200)
  assert.deepEqual((await ask('DELETE', '/v1/streams/orders')).body, definition)
  assert.deepEqual((await ask('GET', '/v1/subscriptions')).body, { subscriptions: [] })
  assert.deepEqual((await ask('PUT', '/v1/subscriptions/a.%3E')).body, { changed: true })
  assert.deepEqual((await ask('DELETE', '/v1/subscriptions/a.*')).body, { changed: false })
  assert.equal((await ask('GET', '/v1/subscribers?topic=a.b')).status, 200)
  assert.deepEqual((await ask('GET', '/v1/names')).body, { names: [] })
  assert.deepEqual((await ask('DELETE', '/v1/names/billing')).body, { removed: 'billing', entries: [] })
  const command = { topic: 'a', message: 'm', count: 3, ack: 'copies' }
  assert.equal(((await ask('POST', '/v1/send', command)).body as { to: number }).to, 3)
  assert.deepEqual((await ask('POST', '/v1/flush')).body, { flushedAt: 5 })
  assert.equal((await ask('GET', '/v1/files')).status, 200)
  assert.deepEqual((await ask('POST', '/v1/cleanup')).body, { removedFiles: 1, removedBytes: 2 })
  assert.equal((await ask('POST', '/v1/exit')).status, 202)
  assert.deepEqual(node.calls, [
    ['putStream', { name: 'orders', createsOnly: false, ...change }],
    ['setMode', 'orders', 'leader'],
    ['streamEnd', 'orders', true],
    ['streamEnd', 'orders', false],
    ['deleteStream', 'orders'],
    ['add', 'a.>'],
    ['remove', 'a.*'],
    ['subscribers', 'a.b'],
    ['removeName', 'billing'],
    ['send', { ...command, ratePerSecond: undefined }],
    ['flush'],
    ['cleanup'],
    ['exit'],
  ])
  assert.equal(host.counters.get('adminRequests'), 19)
  assert.equal(host.counters.get('adminRequestsRefused'), 0)
})

test('hands an empty name to the node, and of a change what it says', async () => {
  await using host = await startAdmin()
  for (const headers of [{}, { 'If-None-Match': '*' }])
    await host.ask('PUT', '/v1/streams/', { copies: 1 }, headers)
  const change = {
    name: '',
    topics: undefined,
    retention: undefined,
    copies: 1,
    replicas: undefined,
    mode: undefined,
  }
  assert.deepEqual(host.node.calls[1], ['putStream', { ...change, createsOnly: true }])
})

test('a mode that is none is refused before the node hears of it', async () => {
  await using host = await startAdmin()
  for (const body of [{}, { mode: 'raft' }, { mode: 1 }, { mode: null }]) {
    const answer = await host.ask('PUT', '/v1/modes/orders', body)
    assert.deepEqual([answer.status, codeOf(answer)], [400, 'REQUEST_INVALID'], JSON.stringify(body))
  }
  assert.deepEqual(host.node.calls, [])
})

test('gives whole files and the rest of files', async () => {
  await using host = await startAdmin()
  const path = '/v1/files/journal/000001.ndjson'
  const whole = await host.ask('GET', path)
  assert.deepEqual([whole.status, whole.body, whole.headers.get('content-length')], [200, '0123456789', '10'])
  const rest = await host.ask('GET', path, undefined, { Range: 'bytes=7-' })
  assert.deepEqual([rest.status, rest.body], [206, '789'])
  assert.equal(rest.headers.get('content-range'), 'bytes 7-9/10')
  const none = await host.ask('GET', path, undefined, { Range: 'bytes=10-' })
  assert.deepEqual([none.status, none.headers.get('content-range')], [416, 'bytes */10'])
  assert.equal((await host.ask('GET', path, undefined, { Range: 'bytes=-3' })).status, 200)
  assert.deepEqual(host.node.calls[1], ['openFile', 'journal/000001.ndjson', 7])
})

test('never asks for a file outside the data directory', async () => {
  await using host = await startAdmin()
  for (const path of ['..%2fx', 'a/..%2f..%2fx', '%2fetc%2fpasswd', 'a%00b', '..%5cx', 'a//b', '']) {
    const answer = await host.ask('GET', `/v1/files/${path}`)
    assert.equal(answer.status, 404, path)
    assert.equal(codeOf(answer), 'PATH_UNKNOWN')
  }
  assert.deepEqual(host.node.calls, [])
})

test('turns refusals of the node into statuses', async () => {
  await using host = await startAdmin()
  const cases = {
    STREAM_EXISTS: 412,
    STREAM_OVERLAP: 409,
    STREAM_UNKNOWN: 404,
    STREAM_INVALID: 400,
    NODE_DRAINING: 503,
    DISK_FAILED: 500,
  }
  for (const [refused, status] of Object.entries(cases)) {
    host.node.refusal = { refused: refused as Refusal['refused'], reason: 'because' }
    const answer = await host.ask('PUT', '/v1/streams/x', { topics: ['a'] })
    assert.deepEqual([answer.status, answer.body], [status, { error: { code: refused, message: 'because' } }])
  }
  assert.equal((await host.ask('GET', '/v1/streams/__proto__')).status, 404)
})

test('answers 500 and stays alive when the node fails', async () => {
  await using host = await startAdmin()
  host.node.statusOf = () => {
    throw new Error('defect')
  }
  const answer = await host.ask('GET', '/v1/status')
  assert.equal(answer.status, 500)
  assert.equal(codeOf(answer), 'INTERNAL_FAULT')
  assert.deepEqual(host.events, ['admin-request-failed'])
  host.node.statusOf = () => nodeStatus
  assert.equal((await host.ask('GET', '/v1/status')).status, 200)
})

test('refuses wrong paths, methods, types and bodies, naming the field', async () => {
  await using host = await startAdmin()
  const { ask } = host
  assert.equal((await ask('GET', '/')).status, 404)
  assert.equal((await ask('GET', '/v1/__proto__')).status, 404)
  assert.equal((await ask('GET', '/v1/streams/%ff')).status, 400)
  assert.equal((await ask('GET', '/v1/subscribers')).status, 400)
  const method = await ask('POST', '/v1/streams/x', {})
  assert.deepEqual([method.status, method.headers.get('allow')], [405, 'GET, PUT, DELETE'])
  assert.equal((await ask('POST', '/v1/send', 'a=b', { 'Content-Type': 'text/plain' })).status, 415)
  assert.equal((await ask('POST', '/v1/exit', 'a=b', { 'Content-Type': 'text/plain' })).status, 415)
  const deep = `{"topic":"a","x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`
  const bodies: readonly (readonly [unknown, number, RegExp])[] = [
    ['{', 400, /not JSON/],
    ['[]', 400, /not a JSON object/],
    [deep, 400, /16 levels/],
    ['['.repeat(10_000), 400, /16 levels/],
    [`"${'x'.repeat(70_000)}"`, 413, /65536/],
    [{ topic: 1, message: 'm', count: 1 }, 400, /"topic" must be a text/],
    ['{"__proto__":{"topic":"a"},"message":"m","count":1}', 400, /"topic" must be a text/],
    [{ topic: 'a', message: 'm', count: 0 }, 400, /"count" must be a number from 1/],
    [{ topic: 'a', message: 'm', count: 1.5 }, 400, /"count" must be an integer/],
    [{ topic: 'a', message: 'm', count: 1, ack: 'all' }, 400, /"ack" must be one of none, local, copies/],
  ]
  for (const [body, status, message] of bodies) {
    const answer = await ask('POST', '/v1/send', body)
    assert.equal(answer.status, status, String(message))
    assert.match((answer.body as { error: { message: string } }).error.message, message)
  }
  assert.equal((await ask('PUT', '/v1/streams/x', { topics: [] })).status, 400)
  assert.equal((await ask('PUT', '/v1/streams/x', { topics: ['a', 1] })).status, 400)
  assert.equal((await ask('PUT', '/v1/streams/x', { topics: ['a'], retention: 5 })).status, 400)
  assert.deepEqual(host.node.calls, [])
  assert.equal(host.counters.get('adminRequestsRefused'), host.counters.get('adminRequests'))
})

test('refuses web pages and foreign host names', async () => {
  await using host = await startAdmin()
  const page = await host.ask('GET', '/v1/status', undefined, { Origin: 'http://evil.example' })
  assert.deepEqual([page.status, codeOf(page)], [403, 'REQUEST_FORBIDDEN'])
  const expected = {
    'evil.example': 403,
    'evil.example:80': 403,
    '': 403,
    localhost: 200,
    'localhost:9000': 200,
    'herald-a:1': 200,
    '127.0.0.1': 200,
    '[::1]:1': 200,
    '10.1.2.3:5': 200,
  }
  for (const [name, status] of Object.entries(expected)) {
    const raw = await openRaw(host.port)
    raw.socket.write(`GET /v1/status HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`)
    assert.match((await raw.received).toString(), new RegExp(`^HTTP/1.1 ${status} `), name)
  }
})

test('does nothing that was asked over a connection which has ended by then', async () => {
  await using host = await startAdmin()
  const body = JSON.stringify({ mode: 'leader' })
  const head = `Host: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
  for (const end of ['destroy', 'end'] as const) {
    const raw = await openRaw(host.port)
    raw.socket.write(`PUT /v1/modes/orders HTTP/1.1\r\n${head}\r\n\r\n${body}`, () => raw.socket[end]())
    await once(raw.socket, 'close')
  }
  // Each takes more turns than the server gives those.
  for (let count = 0; count < 3; count++) await host.ask('GET', '/v1/status')
  assert.deepEqual(host.node.calls, [])
  assert.equal(host.counters.get('adminRequests'), 5)
})
