// `herald analyze` over journals of fake nodes: what the terminal gets, and what goes into the files.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { FakeCluster } from './fake-cluster.ts'

/** The moment at which the fake nodes say that their journals are complete. */
const flushedAt = 1_795_000_000_000
/** 20,000 latencies around 3.3 ms, as a node has written them. */
const histogram =
  'HISTFAAAAHN4nDWLMQrCUBBE5xuDAx9RSCUYUqW2TpXKo1jqGV5hkzq1neA1PIXnCX+Ds1vMvN05P+dG0kNSkrTRquL1m9/659cWX/En4YxH3OMh0B03uA14wR0W3sXWeB+fp2hlzLHCFT7EsYy+BUXIeEr4hheVUBz0'

/** Node A has sent 20,000 messages on the stream and delivered as many of them as told to its own subscription. */
function toJournal(stream: string, delivered: number): string {
  const lines = [
    { t: 'start', at: flushedAt - 9000, v: 1, cluster: 'test', node: 'A', origin: 'A#1' },
    { t: 'stream', at: flushedAt - 9000, stream, topics: ['orders.>'] },
    { t: 'sub', at: flushedAt - 8000, sub: 'A#1/1', kind: 'node', patterns: ['orders.>'], stream },
    { t: 'sent', stream, topic: 'orders.x', origin: 'A#1', from: 1, to: 20_000, n: 20_000 },
    { t: 'got', sub: 'A#1/1', stream, origin: 'A#1', from: 1, to: delivered, n: delivered },
    { t: 'latency', at: flushedAt - 6000, stream, topic: 'orders.x', from: 'A', n: 20_000, hdr: histogram },
  ]
  const times = { at: flushedAt - 6000, first: flushedAt - 7000, last: flushedAt - 7000 }
  return lines.map((line) => `${JSON.stringify({ ...times, ...line })}\n`).join('')
}

test('analyze prints the verdict, a line a stream and the files, and writes the rest', async () => {
  await using cluster = await FakeCluster.start(1)
  cluster.node('A').files.set('journal/000001.ndjson', { text: toJournal('orders', 20_000), modifiedMs: 1 })
  const output = join(cluster.home, 'reports')
  const { exitCode, stdout } = await cluster.run('analyze', '--output', output)
  assert.equal(exitCode, 0)
  const files = ['report.html', 'report.json', 'report.md'].map((name) => join(output, name))
  assert.equal(
    stdout,
    'OK: 20,000 deliveries of 20,000 messages, none lost, doubled or out of order\n\n' +
      'STREAM    SENT  DELIVERED  DELIVERED/S  PEAK/S      P50      P99\n' +
      'orders  20,000     20,000          20k     20k  3.34 ms  9.09 ms\n\n' +
      `written to ${files.join(', ')}\n`,
  )
  assert.match(await readFile(files[2] ?? '', 'utf8'), /^## Latency between nodes$/m)
})

test('analyze says in the terminal when something was lost', async () => {
  await using cluster = await FakeCluster.start(1)
  cluster.node('A').files.set('journal/000001.ndjson', { text: toJournal('orders', 19_990), modifiedMs: 1 })
  const { stdout } = await cluster.run('analyze', '--output', join(cluster.home, 'reports'))
  assert.match(stdout, /^NOT OK: 10 lost-silent\n/)
})

test('a journal cannot write to the terminal', async () => {
  await using cluster = await FakeCluster.start(1)
  const text = toJournal('or\u001b[2Jders', 20_000)
  cluster.node('A').files.set('journal/000001.ndjson', { text, modifiedMs: 1 })
  const { stdout } = await cluster.run('analyze', '--output', join(cluster.home, 'reports'))
  assert.match(stdout, /^or\?\[2Jders /m)
})
