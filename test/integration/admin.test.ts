// Every request of the admin interface (docs/protocol.md section 5) against real nodes.

import assert from 'node:assert/strict'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { NodeRefusal } from '../../scripts/admin/request.ts'
import { Cluster } from './cluster.ts'
import type { ClusterNode } from './cluster-node.ts'
import { Ledger } from './ledger.ts'
import { sendFrom, subscribeNodes, untilClean, untilPassed } from './traffic.ts'
import { until } from './until.ts'

let cluster: Cluster
let a: ClusterNode
let b: ClusterNode

before(async () => {
  cluster = await Cluster.start({ nodes: 2 })
  a = cluster.node('A')
  b = cluster.node('B')
})

after(async () => {
  await cluster[Symbol.asyncDispose]()
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** A request by hand, for what the library of the command line would not send. */
async function ask(
  method: string,
  path: string,
  options: { readonly headers?: Record<string, string>; readonly body?: string } = {},
): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: a.options.adminPort,
        method,
        path,
        headers: options.headers ?? {},
        agent: false,
      },
      (response) => {
        text(response).then(
          (body) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          reject,
        )
      },
    )
    sent.on('error', reject)
    sent.end(options.body)
  })
}

function codeOf({ body }: Answer): string {
  return JSON.parse(body).error.code
}

test('status tells who the node is, how it is, and what it has done', async () => {
  await subscribeNodes([b], 'status.>')
  await sendFrom([a], 'status.x', 10)
  await until('the messages have arrived', async () => (await b.counter('messagesDelivered')) >= 10)
  const ofA = await a.status()
  assert.match(ofA.origin, /^A#[0-9a-z]+$/)
  assert.deepEqual([ofA.node, ofA.cluster, ofA.state, ofA.subscriptions], ['A', 'herald', 'ready', 0])
  assert(ofA.uptimeMs > 0 && ofA.memory.rssBytes > 1e7 && ofA.memory.heapUsedBytes > 1e6)
  const link = ofA.links[0]
  assert(link !== undefined && link.peer === 'B' && link.state === 'up')
  assert(typeof link.roundTripMs === 'number' && Math.abs(link.clockOffsetMs ?? 1e9) < 1000)
  assert.equal(ofA.streams[0]?.name, 'default')
  assert(ofA.streams[0].publishedMessages >= 10 && ofA.streams[0].retainedMessages >= 10)
  const ofB = await b.status()
  assert.equal(ofB.subscriptions, 1)
  assert.equal(ofB.streams[0]?.origins[ofA.origin], ofA.streams[0].publishedMessages)
  assert.equal(ofB.streams[0].missing, 0)
})

test('metrics tell every counter in the format of Prometheus', async () => {
  const { status, body } = await a.get('/metrics')
  assert.equal(status, 200)
  const counters = (await a.status()).counters
  for (const name of Object.keys(counters)) {
    const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
    assert.match(body, new RegExp(`^# HELP herald_${snake}`, 'm'))
  }
  assert.match(body, /^herald_messages_published(_total)? \d+$/m)
})

test('health says alive, readiness says ready, other paths are unknown', async () => {
  assert.deepEqual(await a.get('/healthz'), { status: 200, body: '{"alive":true}' })
  assert.deepEqual(await a.get('/readyz'), { status: 200, body: '{"ready":true}' })
  assert.equal((await a.get('/v1/status')).status, 404)
})

test('subscriptions of the node are added and removed once, listed, and outlive the process', async () => {
  assert.equal(await a.admin.changeSubscription('PUT', 'mine.*.>'), true)
  assert.equal(await a.admin.changeSubscription('PUT', 'mine.*.>'), false)
  const [subscription] = await a.admin.subscriptions()
  assert(subscription !== undefined)
  assert.deepEqual([subscription.pattern, subscription.delivered], ['mine.*.>', 0])
  assert.deepEqual(subscription.streams, ['default'])
  assert(Math.abs(subscription.since - Date.now()) < 60_000)
  await a.stop()
  await a.start()
  await cluster.untilLinked()
  const [resumed] = await a.admin.subscriptions()
  assert.deepEqual([resumed?.sub, resumed?.since], [subscription.sub, subscription.since])
  assert.equal(await a.admin.changeSubscription('DELETE', 'mine.*.>'), true)
  assert.equal(await a.admin.changeSubscription('DELETE', 'mine.*.>'), false)
  await assert.rejects(a.admin.changeSubscription('PUT', 'a.>.b'), (error) => {
    return error instanceof NodeRefusal && error.status === 400 && error.code === 'PATTERN_INVALID'
  })
})

test('subscribers of a topic are told with their kind and patterns', async () => {
  await subscribeNodes([a], 'who.*')
  await using client = await cluster.connect('A')
  const subscription = await client.subscribe(['who.knows', 'else'], () => {})
  const answer = await a.admin.subscribers('who.knows')
  assert.deepEqual([answer.topic, answer.stream], ['who.knows', 'default'])
  assert.deepEqual(
    answer.subscribers.map(({ node, kind, patterns }) => [node, kind, patterns]),
    [
      ['A', 'node', ['who.*']],
      ['A', 'client', ['who.knows', 'else']],
    ],
  )
  await subscription.unsubscribe()
  assert.deepEqual((await a.admin.subscribers('nobody')).subscribers, [])
  assert.equal(codeOf(await ask('GET', '/v1/subscribers?topic=a..b')), 'TOPIC_INVALID')
  await a.admin.changeSubscription('DELETE', 'who.*')
})

test('send publishes numbered messages, as fast as it can or at a rate, at each level', async () => {
  await using client = await cluster.connect('B')
  const texts: string[] = []
  await client.subscribe('send.>', (delivery) => {
    if (delivery.kind === 'message') texts.push(delivery.text())
  })
  let last = 0
  for (const ack of ['local', 'copies', 'none'] as const) {
    const answer = await a.admin.send({ topic: 'send.x', message: ack, count: 700, ack })
    assert.deepEqual([answer.acknowledged, answer.refused, answer.unknown], [700, 0, 0])
    assert.equal(answer.to - answer.from, 699)
    assert(answer.from > last)
    last = answer.to
  }
  await until('all came', () => texts.length === 2100)
  assert.deepEqual(
    [texts[0], texts[699], texts[700], texts[2099]],
    ['local #1', 'local #700', 'copies #1', 'none #700'],
  )
  const slow = await a.admin.send({ topic: 'send.x', message: 'slow', count: 100, ratePerSecond: 500 })
  assert(slow.elapsedMs >= 195 && slow.elapsedMs < 2000, `${slow.elapsedMs} ms for 0.2 s of messages`)
  const long = await a.admin.send({ topic: 'send.x', message: 'm'.repeat(40_000), count: 3 })
  assert.equal(long.acknowledged, 3)
  await assert.rejects(a.admin.send({ topic: 'a..b', message: 'x', count: 1 }), (error) => {
    return error instanceof NodeRefusal && error.code === 'TOPIC_INVALID'
  })
})

test('files are listed and read, whole and from a position, and nothing else is', async () => {
  await sendFrom([a], 'files.x', 10)
  await a.admin.flush()
  const { dataPath } = a.options
  await mkdir(join(dataPath, 'logs'), { recursive: true })
  await writeFile(join(dataPath, 'logs', 'own-1.log'), 'line 1\nline 2\n')
  const files = await a.admin.files()
  const paths = files.map(({ path }) => path)
  assert(paths.some((path) => /^journal\/\d{6}\.ndjson$/.test(path)))
  assert(paths.includes('logs/own-1.log'))
  assert(paths.includes('subscriptions.json'))
  assert(!paths.some((path) => path.includes('lock') || path.includes('identity')))
  const log = '/v1/files/logs/own-1.log'
  const whole = await ask('GET', log)
  assert.deepEqual([whole.status, whole.body], [200, 'line 1\nline 2\n'])
  const part = await ask('GET', log, { headers: { range: 'bytes=7-' } })
  assert.deepEqual([part.status, part.body], [206, 'line 2\n'])
  assert.equal(part.headers['content-range'], 'bytes 7-13/14')
  assert.equal((await ask('GET', log, { headers: { range: 'bytes=14-' } })).status, 416)
  await appendFile(join(dataPath, 'logs', 'own-1.log'), 'line 3\n')
  assert.equal((await ask('GET', log, { headers: { range: 'bytes=14-' } })).body, 'line 3\n')
  for (const path of [
    'identity.json',
    '..%2Fpeers.json',
    'journal/..%2fidentity.json',
    '%2Fetc%2Fpasswd',
    'none',
  ]) {
    const answer = await ask('GET', `/v1/files/${path}`)
    assert([400, 404].includes(answer.status), `${path}: ${answer.status}`)
  }
})

test('requests that are wrong are refused by their code and counted', async () => {
  const json = { 'content-type': 'application/json' }
  const before = await a.counter('adminRequestsRefused')
  const cases: readonly (readonly [number, string, Answer])[] = [
    [404, 'PATH_UNKNOWN', await ask('GET', '/v2/status')],
    [405, 'REQUEST_INVALID', await ask('POST', '/v1/status')],
    [
      403,
      'REQUEST_FORBIDDEN',
      await ask('GET', '/v1/status', { headers: { origin: 'http://evil.example' } }),
    ],
    [403, 'REQUEST_FORBIDDEN', await ask('GET', '/v1/status', { headers: { host: 'evil.example' } })],
    [415, 'REQUEST_INVALID', await ask('POST', '/v1/send', { body: '{}' })],
    [400, 'REQUEST_INVALID', await ask('POST', '/v1/send', { headers: json, body: '{' })],
    [400, 'REQUEST_INVALID', await ask('POST', '/v1/send', { headers: json, body: '{"topic":"a"}' })],
    [400, 'REQUEST_INVALID', await ask('POST', '/v1/send', { headers: json, body: '['.repeat(10_000) })],
    [
      413,
      'REQUEST_INVALID',
      await ask('POST', '/v1/send', { headers: json, body: `"${'x'.repeat(65_536)}"` }),
    ],
    [400, 'REQUEST_INVALID', await ask('GET', '/v1/files/%zz')],
    [400, 'REQUEST_INVALID', await ask('GET', '/v1/subscribers')],
  ]
  for (const [status, code, answer] of cases) {
    assert.deepEqual([answer.status, codeOf(answer)], [status, code], answer.body)
  }
  assert.equal(await a.counter('adminRequestsRefused'), before + cases.length)
})

test('cleanup empties journals, logs and subscriptions; what follows can be checked again', async () => {
  await using client = await cluster.connect('B')
  const ledger = new Ledger()
  const subscription = await client.subscribe('>', ledger.take)
  await subscribeNodes(cluster.nodes, '>')
  await sendFrom(cluster.nodes, 'clean.x', 300)
  await ledger.untilCount(600)
  await writeFile(join(a.options.dataPath, 'logs', 'old.log'), 'line 1\n')
  for (const node of cluster.nodes) {
    const { removedFiles, removedBytes } = await node.admin.cleanup()
    assert(removedFiles >= 1 && removedBytes > 0)
    assert.deepEqual(await node.admin.subscriptions(), [])
  }
  await subscribeNodes(cluster.nodes, '>')
  await sendFrom(cluster.nodes, 'clean.x', 200)
  await ledger.untilCount(1000)
  await until('the nodes got them', async () => {
    const lists = await Promise.all(cluster.nodes.map((node) => node.admin.subscriptions()))
    return lists.every((list) => list[0]?.delivered === 400)
  })
  await subscription.unsubscribe()
  await untilClean(cluster, 3 * 400)
  assert.equal((await a.admin.files()).find(({ path }) => path === 'logs/old.log')?.bytes, 0)
  ledger.assertComplete(1000)
  await untilPassed(cluster.nodes, 0)
})
