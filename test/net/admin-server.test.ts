// The admin interface over real HTTP, with a node that records what it was asked.

import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { Counters } from '../../node/core/common/counters.ts'
import type { Refusal } from '../../node/core/common/errors.ts'
import type { AdminPort, NodeStatus, StreamDefinitionAnswer } from '../../node/net/admin-port.ts'
import { AdminServer } from '../../node/net/admin-server.ts'
import { openRaw } from './fakes.ts'

const definition: StreamDefinitionAnswer = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'gossip',
  retention: { bytes: 1, ageMs: 2 },
  copies: 2,
  version: 1,
  by: 'A',
}
const nodeStatus: NodeStatus = {
  node: 'A',
  origin: 'A#1',
  cluster: 'herald',
  version: '0.1.0',
  state: 'ready',
  uptimeMs: 1,
  memory: { rssBytes: 1, heapUsedBytes: 1, retainedBytes: 1 },
  loopLagMs: { p99: 0, max: 0 },
  journal: { state: 'ok' },
  links: [],
  streams: [],
  subscriptions: 0,
  sessions: 0,
  counters: {},
}
const content = Buffer.from('0123456789')

/** Answers everything and remembers the calls. */
class FakeNode implements AdminPort {
  readonly calls: unknown[][] = []
  refusal: Refusal | undefined
  statusOf: () => NodeStatus = () => nodeStatus

  status(): NodeStatus {
    return this.statusOf()
  }

  streams(): readonly StreamDefinitionAnswer[] {
    return [definition]
  }

  putStream: AdminPort['putStream'] = (...call) => this.#record('putStream', call, definition)
  deleteStream: AdminPort['deleteStream'] = (...call) => this.#record('deleteStream', call, definition)
  addSubscription: AdminPort['addSubscription'] = (...call) => this.#record('add', call, { changed: true })
  removeSubscription: AdminPort['removeSubscription'] = (...call) =>
    this.#record('remove', call, { changed: false })
  subscribers: AdminPort['subscribers'] = (topic) =>
    this.#record('subscribers', [topic], { topic, stream: 'orders', subscribers: [] })

  subscriptions(): [] {
    return []
  }

  send: AdminPort['send'] = (command) =>
    this.#record('send', [command], {
      acknowledged: command.count,
      refused: 0,
      unknown: 0,
      stream: 'orders',
      origin: 'A#1',
      from: 1,
      to: command.count,
      elapsedMs: 1,
    })

  flush: AdminPort['flush'] = () => this.#record('flush', [], { flushedAt: 5 })
  cleanup: AdminPort['cleanup'] = () => this.#record('cleanup', [], { removedFiles: 1, removedBytes: 2 })

  files(): { path: string; bytes: number; modifiedMs: number }[] {
    return [{ path: 'journal/000001.ndjson', bytes: content.length, modifiedMs: 1 }]
  }

  openFile: AdminPort['openFile'] = (path, offset) =>
    this.#record('openFile', [path, offset], {
      bytes: content.length,
      content: Readable.from([content.subarray(offset)]),
    })

  exit(): void {
    this.calls.push(['exit'])
  }

  #record<Answer>(name: string, call: readonly unknown[], answer: Answer): Answer | Refusal {
    this.calls.push([name, ...call])
    return this.refusal ?? answer
  }
}

interface Host extends AsyncDisposable {
  readonly node: FakeNode
  readonly port: number
  readonly counters: Counters
  readonly events: string[]
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

async function startAdmin(): Promise<Host> {
  const node = new FakeNode()
  const counters = new Counters()
  const events: string[] = []
  const server = new AdminServer({
    port: node,
    counters,
    log: (event) => events.push(event),
    hosts: ['herald-a'],
  })
  const port = await server.listen('127.0.0.1', 0)
  const ask: Host['ask'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type') === 'application/json'
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers }
  }
  return { node, port, counters, events, ask, [Symbol.asyncDispose]: () => server.close(1000) }
}

function codeOf(answer: Answer): unknown {
  return (answer.body as { error?: { code?: unknown } }).error?.code
}

test('answers every request of docs/protocol.md section 5', async () => {
  await using host = await startAdmin()
  const { ask, node } = host
  assert.deepEqual((await ask('GET', '/v1/status')).body, nodeStatus)
  assert.deepEqual((await ask('GET', '/v1/streams')).body, { streams: [definition] })
  assert.deepEqual((await ask('GET', '/v1/streams/orders')).body, definition)
  const change = { topics: ['orders.>'], retention: { bytes: 1000 }, copies: 2 }
  assert.deepEqual((await ask('PUT', '/v1/streams/orders', change)).body, definition)
  assert.deepEqual((await ask('DELETE', '/v1/streams/orders')).body, definition)
  assert.deepEqual((await ask('GET', '/v1/subscriptions')).body, { subscriptions: [] })
  assert.deepEqual((await ask('PUT', '/v1/subscriptions/a.%3E')).body, { changed: true })
  assert.deepEqual((await ask('DELETE', '/v1/subscriptions/a.*')).body, { changed: false })
  assert.equal((await ask('GET', '/v1/subscribers?topic=a.b')).status, 200)
  const command = { topic: 'a', message: 'm', count: 3, ack: 'copies' }
  assert.equal(((await ask('POST', '/v1/send', command)).body as { to: number }).to, 3)
  assert.deepEqual((await ask('POST', '/v1/flush')).body, { flushedAt: 5 })
  assert.equal((await ask('GET', '/v1/files')).status, 200)
  assert.deepEqual((await ask('POST', '/v1/cleanup')).body, { removedFiles: 1, removedBytes: 2 })
  assert.equal((await ask('POST', '/v1/exit')).status, 202)
  assert.deepEqual(node.calls, [
    ['putStream', { name: 'orders', createsOnly: false, ...change }],
    ['deleteStream', 'orders'],
    ['add', 'a.>'],
    ['remove', 'a.*'],
    ['subscribers', 'a.b'],
    ['send', { ...command, ratePerSecond: undefined }],
    ['flush'],
    ['cleanup'],
    ['exit'],
  ])
  assert.equal(host.counters.get('adminRequests'), 14)
  assert.equal(host.counters.get('adminRequestsRefused'), 0)
})

test('hands an empty name to the node, and of a change what it says', async () => {
  await using host = await startAdmin()
  for (const headers of [{}, { 'If-None-Match': '*' }])
    await host.ask('PUT', '/v1/streams/', { copies: 1 }, headers)
  const change = { name: '', topics: undefined, retention: undefined, copies: 1 }
  assert.deepEqual(host.node.calls[1], ['putStream', { ...change, createsOnly: true }])
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
