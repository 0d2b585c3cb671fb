// The browser entry point: nothing of Node in its import graph, and it works over a standard WebSocket, which Node
// has as well.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { connect } from '../../client/browser.ts'
import { connect as connectInNode } from '../../client/index.ts'
import { FakeNode, numbered } from './fake-node.ts'

/** Every file reachable from an entry, with the packages that they import. */
function importGraph(entry: URL): { readonly files: Map<string, string>; readonly packages: Set<string> } {
  const files = new Map<string, string>()
  const packages = new Set<string>()
  const waiting = [entry]
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (files.has(url.href)) continue
    const source = readFileSync(url, 'utf8')
    files.set(url.href, source)
    for (const [statement, specifier = ''] of source.matchAll(/^(?:import|export)[^'"]*?from '([^']+)'/gms)) {
      if (/^(import|export) type /.test(statement)) continue
      if (specifier.startsWith('.')) waiting.push(new URL(specifier, url))
      else packages.add(specifier)
    }
    for (const [, specifier = ''] of source.matchAll(/^import '([^']+)'/gm)) packages.add(specifier)
  }
  return { files, packages }
}

test('the browser entry imports no package and nothing of Node', () => {
  const { files, packages } = importGraph(new URL('../../client/browser.ts', import.meta.url))
  assert.deepEqual([...packages], [])
  assert.ok(files.size > 25, `${files.size} files are reachable`)
  for (const [file, source] of files) {
    const used = source.match(/\b(Buffer\.\w|process\.\w|setImmediate\(|require\(|NodeJS\.\w)/)
    assert.equal(used?.[0], undefined, file)
  }
})

test('the walk sees what the Node entry imports', () => {
  const { packages } = importGraph(new URL('../../client/index.ts', import.meta.url))
  assert.deepEqual([...packages], ['ws'])
})

test('the browser entry publishes in batches of a turn and subscribes', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const results = await Promise.all(Array.from({ length: 10 }, () => client.publish('a', 'x')))
  assert.ok(results.every((result) => result.status === 'acknowledged'))
  assert.equal(node.last.frames.length, 1)
  await using subscription = await client.subscribe('a.b')
  node.last.sendFrame(numbered(1, 3))
  const texts: string[] = []
  for await (const delivery of subscription) {
    if (delivery.kind === 'message') texts.push(delivery.text())
    if (texts.length === 3) break
  }
  assert.deepEqual(texts, ['m1', 'm2', 'm3'])
})

test('the browser entry reconnects, and reports a broken protocol as 4002', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url, { reconnect: { minMs: 1 } })
  const broken = node.last
  const back = new Promise((resolve) => client.on('reconnected', resolve))
  broken.sendFrame(new Uint8Array([99]))
  await back
  await node.until(() => broken.closedWith !== undefined)
  assert.equal(broken.closedWith?.status, 4002)
  assert.equal((await client.publish('a', 'x')).status, 'acknowledged')
})

test('the browser entry takes publications faster than the socket does', async () => {
  await using node = await FakeNode.listen()
  await using client = await connect(node.url)
  const payload = new Uint8Array(1_000_000)
  const results = await client.publishBatch(Array.from({ length: 30 }, () => ({ topic: 'a', payload })))
  assert.ok(results.every((result) => result.status === 'acknowledged'))
})

test('the browser entry gives up on a node that never answers the handshake', async () => {
  await using node = await FakeNode.listen()
  node.welcomes = false
  await assert.rejects(connect(node.url, { connectTimeoutMs: 30 }), { code: 'CLIENT_DISCONNECTED' })
  await assert.rejects(connect('ws://127.0.0.1:1/', { connectTimeoutMs: 30 }), {
    code: 'CLIENT_DISCONNECTED',
  })
})

for (const [entry, dial] of [
  ['Node', connectInNode],
  ['browser', connect],
] as const) {
  test(`the ${entry} entry cuts the reason of a close at the bytes that a close frame holds`, async () => {
    await using node = await FakeNode.listen()
    await using client = await dial(node.url, { reconnect: { minMs: 1, maxMs: 10 } })
    await client.subscribe('a.b')
    const first = node.last
    const back = new Promise((resolve) => client.on('reconnected', resolve))
    first.sendText(
      JSON.stringify({
        op: 'gap',
        id: 1,
        stream: 'default',
        origin: '世'.repeat(90),
        from: 1,
        to: 2,
        reason: 'lost',
      }),
    )
    await node.until(() => first.closedWith !== undefined)
    const reason = first.closedWith?.reason ?? ''
    assert.match(reason, /^PROTOCOL_BROKEN: a gap of the origin "世+$/)
    assert.ok(Buffer.byteLength(reason) > 120)
    await back
  })
}
