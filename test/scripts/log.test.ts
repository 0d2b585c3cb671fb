// `herald log inspect` over logs that a writer has written, whole and damaged.

import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Boot } from '../../node/core/common/ids.ts'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import { LogWriter } from '../../node/core/wal/writer.ts'
import { LogFiles } from '../../node/storage/log-files.ts'
import { voidBatch } from '../../node/wire/batch-producer.ts'
import { encodeGap } from '../../node/wire/gap-batch.ts'
import { encodeRecord, type LogRecord } from '../../node/wire/log-records.ts'
import { describeRecord } from '../../scripts/commands/log-view.ts'
import { batchOf, ordersId } from '../leader/leader-batches.ts'
import { runWords } from './fake-cluster.ts'

const configuration = { ...emptyConfiguration, voters: [1, 2, 3] }
const begin = '{"op":"begin","epoch":1,"stream":"orders"}'
const records: readonly LogRecord[] = [
  { kind: 'snapshot', group: 7, snapshot: { index: 0, term: 0, configuration, data: new Uint8Array(0) } },
  { kind: 'entries', group: 7, entries: [{ index: 1, term: 2, data: Buffer.from(begin) }] },
  { kind: 'hard-state', group: 7, hardState: { term: 2, vote: 3, commit: 1 } },
  { kind: 'kept', group: 0, from: 1 },
]
const firstFile = '0000000000000001.log'

/** A data directory whose log has one write a record. */
async function createLog(context: TestContext, written = records): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'herald-test-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  const { files, start } = await LogFiles.open(join(directory, 'log'), () => undefined)
  const options = { segmentBytes: 1_000_000, waitingBytesMax: 1_000_000, onFailed: assert.ifError }
  const writer = new LogWriter({ ports: files, start, ...options })
  for (const record of written)
    await new Promise<void>((resolve) => writer.write(encodeRecord(record), () => resolve()))
  await files.close()
  return directory
}

test('log inspect says what each group has, and that all of it can be read', async (context) => {
  const directory = await createLog(context)
  const { exitCode, stdout } = await runWords(['log', 'inspect', directory], {})
  assert.equal(exitCode, 0)
  assert.match(stdout, /^0000000000000001\.log +\d+ +4$/m)
  assert.match(stdout, /^ *7 +0 +1 +2 +3 +1 +42 +orders$/m)
  assert.match(stdout, /^everything that was durable can be read$/m)
})

test('log inspect tells the streams of the group of names from the names', async (context) => {
  const state = '{"origins":[],"cursors":[{"stream":"orders","name":"billing"}],"queues":[]}'
  const snapshot = { index: 3, term: 1, configuration, data: Buffer.from(state) }
  const directory = await createLog(context, [{ kind: 'snapshot', group: 1000, snapshot }])
  const document = JSON.parse((await runWords(['log', 'inspect', directory, '--json'], {})).stdout)
  assert.deepEqual(document.groups[0].streams, ['orders'])
})

test('log inspect prints every record, and the same as a document', async (context) => {
  const directory = await createLog(context)
  const { stdout } = await runWords(['log', 'inspect', join(directory, 'log'), '--records'], {})
  assert.match(stdout, /^1 {2}group 7: snapshot 0 \(term 0\), voters 1 2 3, learners none$/m)
  assert.match(stdout, /^2 {2}group 7: entries 1 \(term 2\) \{"op":"begin"/m)
  assert.match(stdout, /^3 {2}group 7: term 2, vote 3, commit 1$/m)
  assert.match(stdout, /^4 {2}kept from write 1 on$/m)
  const document = JSON.parse((await runWords(['log', 'inspect', directory, '--json'], {})).stdout)
  assert.equal(document.isWhole, true)
  assert.deepEqual(document.groups[0].streams, ['orders'])
})

test('log inspect exits 1 where something that was durable cannot be read, and says where', async (context) => {
  const directory = await createLog(context)
  const file = join(directory, 'log', firstFile)
  const bytes = await readFile(file)
  bytes.writeUInt8(bytes.readUInt8(30) ^ 1, 30)
  await writeFile(file, bytes)
  const { exitCode, stdout, stderr } = await runWords(['log', 'inspect', directory], {})
  assert.equal(exitCode, 1)
  assert.match(stderr, /0000000000000001\.log: damaged from byte 0 on: writes 1 to 1 cannot be read/)
  assert.match(stdout, /NOT everything/)
})

test('log inspect tells a torn end from damage, and changes nothing', async (context) => {
  const directory = await createLog(context)
  const file = join(directory, 'log', firstFile)
  const bytes = await readFile(file)
  await writeFile(file, bytes.subarray(0, -3))
  const { exitCode, stdout } = await runWords(['log', 'inspect', directory], {})
  assert.equal(exitCode, 0)
  assert.match(stdout, /the last \d+ bytes are no whole write; a start cuts them off/)
  assert.equal((await readFile(file)).length, bytes.length - 3)
})

test('log inspect of a folder without a log exits 1', async () => {
  const { exitCode, stderr } = await runWords(['log', 'inspect', '/nowhere'], {})
  assert.equal(exitCode, 1)
  assert.match(stderr, /there is no log in \/nowhere/)
})

test('a batch of a named producer says whose it is, a void that it has no offsets, and so has a gap', () => {
  const data = batchOf({ from: 4, texts: ['a', 'b'], offset: 9, producer: { name: 'billing', sequence: 7 } })
  const describe = (bytes: Uint8Array): string =>
    describeRecord({ kind: 'entries', group: 7, entries: [{ index: 1, term: 2, data: bytes }] })
  const head = 'group 7: entries 1 (term 2)'
  const end = 'sequence 4, producer billing 7'
  assert.equal(describe(data), `${head} batch of 2: epoch 1, offsets 9-10, ${end}`)
  assert.equal(describe(voidBatch(data)), `${head} void of 2: epoch 1, no offsets, ${end}`)
  const [gap = data] = encodeGap({ stream: ordersId, boot: 1 as Boot, from: 4, to: 6 })
  assert.equal(describe(gap), `${head} gap of 3: epoch 0, no offsets, sequence 4`)
})
