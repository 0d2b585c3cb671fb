// `herald log inspect` over logs that a writer has written, whole and damaged.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import type { Logger } from 'pino'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { SlabPool } from '../../node/core/common/slabs.ts'
import { emptyConfiguration } from '../../node/core/raft/configuration.ts'
import type { LogEntry } from '../../node/core/raft/entry.ts'
import { LogWriter } from '../../node/core/wal/writer.ts'
import { openLog } from '../../node/leader-host.ts'
import { DataDirectory } from '../../node/storage/data-directory.ts'
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
  assert.match(stdout, /^everything that is known to have been durable can be read$/m)
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

test('log inspect names a log of the format before', async (context) => {
  const directory = await createLog(context)
  const header = Buffer.alloc(24)
  header.write('HWL1', 'latin1')
  header.writeUInt32LE(crc32(header.subarray(0, 20)), 20)
  await writeFile(join(directory, 'log', firstFile), header)
  const { exitCode, stderr } = await runWords(['log', 'inspect', directory], {})
  assert.equal(exitCode, 1)
  assert.match(stderr, /0{15}1\.log is of the format before this one/)
})

test('log inspect exits 1 where something that was durable cannot be read, and says where', async (context) => {
  const directory = await createLog(context)
  const file = join(directory, 'log', firstFile)
  const bytes = await readFile(file)
  bytes.writeUInt8(bytes.readUInt8(30) ^ 1, 30)
  await writeFile(file, bytes)
  const { exitCode, stdout, stderr } = await runWords(['log', 'inspect', directory], {})
  assert.equal(exitCode, 1)
  assert.match(stderr, /0000000000000001\.log from byte 0: writes 1 to 1 cannot be read/)
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

function openDirectory(path: string): Promise<DataDirectory> {
  let members = 0
  const options = { path, node: 'A' as NodeId, cluster: 'herald', nowMs: 0, drawMember: () => ++members }
  return DataDirectory.open(options)
}

const entry = (index: number): LogRecord => ({
  ...{ kind: 'entries', group: 7 },
  entries: [{ index, term: 2, data: Buffer.from(begin) }],
})

/** A node's directory whose log has each write in a file of its own; returns where they are. */
async function createFiles(context: TestContext, ...written: readonly (readonly Uint8Array[])[]) {
  const directory = await mkdtemp(join(tmpdir(), 'herald-test-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  await using owner = await openDirectory(directory)
  const note = (write: number): Promise<void> => owner.noteLog(write)
  const { files: ports, start } = await LogFiles.open(owner.logPath, () => undefined, { note })
  const options = { segmentBytes: 1, waitingBytesMax: 1_000_000, onFailed: assert.ifError }
  const writer = new LogWriter({ ports, start, ...options })
  for (const parts of written) await new Promise<void>((resolve) => writer.write(parts, () => resolve()))
  await ports.close()
  const names = (await readdir(owner.logPath)).sort()
  return { directory, files: names.map((name) => join(owner.logPath, name)) }
}

/** What `log inspect` says is wrong, and what a node says that opens the same log. */
async function judge(directory: string): Promise<{
  readonly problems: readonly string[]
  readonly exitCode: number
  readonly said: string | undefined
}> {
  const { exitCode, stdout } = await runWords(['log', 'inspect', directory, '--json'], {})
  const log = { warn: () => undefined, error: () => undefined } as unknown as Logger
  await using owner = await openDirectory(directory)
  const { damage, files } = await openLog(owner, new SlabPool(), log)
  await files.close()
  return { problems: JSON.parse(stdout).problems, exitCode, said: damage }
}

const kept: LogRecord = { kind: 'kept', group: 0, from: 2 }

const damages: Readonly<
  Record<
    string,
    {
      readonly writes: readonly (readonly Uint8Array[])[]
      damage(files: readonly string[]): Promise<void>
      readonly says: RegExp
    }
  >
> = {
  'a first file that is missing': {
    writes: [entry(1), entry(2)].map(encodeRecord),
    damage: ([first = '']) => rm(first),
    says: /its first file, with write 1, is missing$/,
  },
  'a file in the middle that is missing': {
    writes: [entry(1), entry(2), entry(3)].map(encodeRecord),
    damage: ([, middle = '']) => rm(middle),
    says: /0{15}1\.log from byte \d+: writes 2 to 2 cannot be read$/,
  },
  'a last file that is missing': {
    writes: [entry(1), entry(2)].map(encodeRecord),
    damage: ([, last = '']) => rm(last),
    says: /0{15}1\.log from byte \d+: writes 2 to 2 cannot be read$/,
  },
  'an end that is cut off': {
    writes: [entry(1), entry(2)].map(encodeRecord),
    damage: ([, last = '']) => truncate(last, 20),
    says: /0{15}2\.log from byte 0: writes 2 to 2 cannot be read$/,
  },
  'entries that nothing stands for': {
    writes: [encodeRecord(entry(1)), [entry(2), kept].flatMap(encodeRecord)],
    damage: ([first = '']) => rm(first),
    says: /entries of group 7 are missing$/,
  },
  'a write that is no list of records': {
    writes: [encodeRecord(entry(1)), [new Uint8Array(50).fill(0x7a)]],
    damage: async () => undefined,
    says: /write 2 is no list of records$/,
  },
  'a log that is missing': {
    writes: [encodeRecord(entry(1))],
    damage: ([first = '']) => rm(first),
    says: /the log is missing$/,
  },
}

for (const [what, { writes, damage, says }] of Object.entries(damages)) {
  test(`log inspect and a node say the same of ${what}`, async (context) => {
    const { directory, files } = await createFiles(context, ...writes)
    await damage(files)
    const { problems, exitCode, said } = await judge(directory)
    assert.match(problems[0] ?? '', says)
    assert.deepEqual([problems[0], exitCode], [said, 1])
    if (what === 'a log that is missing') return
    // The folder that was set aside says it as well, and why the node has given it up.
    const aside = await runWords(['log', 'inspect', join(directory, 'log.damaged-1')], {})
    assert.equal(aside.exitCode, 1)
    assert.ok(aside.stderr.includes(`given up by its node: ${said}`))
  })
}

test('log inspect and a node go on with a log whose first file was dropped', async (context) => {
  const snapshot = { index: 1, term: 2, configuration, data: new Uint8Array(0) }
  const floor: LogRecord = { kind: 'snapshot', group: 7, snapshot }
  const { directory, files } = await createFiles(context, ...[entry(1), floor, kept].map(encodeRecord))
  await rm(files[0] ?? '')
  assert.deepEqual(await judge(directory), { problems: [], exitCode: 0, said: undefined })
})

test('log inspect reads the log of a node that drops files meanwhile', async (context) => {
  const snapshot = { index: 3, term: 2, configuration, data: new Uint8Array(0) }
  const floor: LogRecord = { kind: 'snapshot', group: 7, snapshot }
  const written = [entry(1), entry(2), entry(3), floor, { ...kept, from: 4 }].map(encodeRecord)
  const { directory, files } = await createFiles(context, ...written)
  const [first = '', second = '', third = '', ...left] = files
  // Who opens a pipe waits for its other end. When the first has one the files have been listed; the second holds them up.
  await Promise.all([rm(first), rm(second)])
  await promisify(execFile)('mkfifo', [first, second])
  const inspected = runWords(['log', 'inspect', directory, '--json'], {})
  await using _ = await open(first, 'w')
  const aside = join(directory, 'aside')
  await rename(second, aside)
  await Promise.all([rm(first), rm(third)])
  await using _aside = await open(aside, 'r+')
  const { exitCode, stdout } = await inspected
  assert.equal(exitCode, 0)
  const read = JSON.parse(stdout).files.map(({ file }: { readonly file: string }) => file)
  assert.deepEqual(
    read,
    left.map((path) => basename(path)),
  )
})

test('log inspect says of a log that its node has given up that it has', async (context) => {
  const { directory } = await createFiles(context, encodeRecord(entry(1)))
  const owner = await openDirectory(directory)
  await owner.abandonLog('a test says so')
  owner.release()
  const { exitCode, stderr } = await runWords(['log', 'inspect', directory], {})
  assert.equal(exitCode, 1)
  assert.match(stderr, /given up by its node: a test says so/)
})

test('log inspect of a folder without a log exits 1', async (context) => {
  const { exitCode, stderr } = await runWords(['log', 'inspect', '/nowhere'], {})
  assert.equal(exitCode, 1)
  assert.match(stderr, /there is no folder \/nowhere\n +give the data directory of a node/)
  const directory = await mkdtemp(join(tmpdir(), 'herald-test-'))
  context.after(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'log'))
  await writeFile(join(directory, 'identity.json'), 'damaged')
  const empty = await runWords(['log', 'inspect', directory], {})
  assert.equal(empty.exitCode, 1)
  assert.match(empty.stderr, /there is no log in/)
})

test('a floor says which entries it keeps', () => {
  const data = batchOf({ from: 4, texts: ['a', 'b'], offset: 9 })
  const snapshot = { index: 7, term: 2, configuration, data: new Uint8Array(0) }
  const describe = (kept: readonly LogEntry[]): string =>
    describeRecord({ kind: 'floor', group: 7, snapshot: { ...snapshot, kept } })
  const head = describe([])
  assert.doesNotMatch(head, /keeps/)
  const keeps = ', keeps 3 (term 1) batch of 2: epoch 1, offsets 9-10, sequence 4'
  assert.equal(describe([{ index: 3, term: 1, data }]), `${head}${keeps}`)
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
