// A log that lacks something that was durable is set aside: a node that went on with it would vote on what it has forgotten.

import assert from 'node:assert/strict'
import { appendFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { crc32 } from 'node:zlib'
import type { Logger } from 'pino'
import type { NodeId } from '../../node/core/common/ids.ts'
import { SlabPool } from '../../node/core/common/slabs.ts'
import { LogWriter } from '../../node/core/wal/writer.ts'
import { type OpenedLog, openLog } from '../../node/leader-host.ts'
import { readDamageNote } from '../../node/storage/damage-note.ts'
import { DataDirectory } from '../../node/storage/data-directory.ts'
import { LogFiles } from '../../node/storage/log-files.ts'
import { encodeRecord, type LogRecord } from '../../node/wire/log-records.ts'
import { temporaryDirectory } from '../storage/temporary-directory.ts'

const group = 3

/** An entry of term 1, which makes its write so large that the next one begins another file. */
function entry(index: number): LogRecord {
  return { kind: 'entries', group, entries: [{ term: 1, index, data: new Uint8Array(1000).fill(0x61) }] }
}

/** A data directory whose log has these writes, each in a file of its own. Returns where its files are. */
async function logOf(context: TestContext, ...writes: readonly (readonly Uint8Array[])[]): Promise<Logged> {
  const path = await temporaryDirectory(context)
  const folder = join(path, 'log')
  const { files, start } = await LogFiles.open(folder, () => undefined)
  const onFailed = (cause: unknown): never => assert.fail(String(cause))
  const writer = new LogWriter({ ports: files, start, segmentBytes: 100, waitingBytesMax: 1000, onFailed })
  for (const parts of writes) await new Promise<void>((resolve) => writer.write(parts, () => resolve()))
  await files.close()
  const names = (await readdir(folder)).sort()
  assert.equal(names.length, writes.length)
  return { path, files: names.map((name) => join(folder, name)), said: [] }
}

interface Logged {
  readonly path: string
  readonly files: readonly string[]
  /** Events that opening it has logged. */
  readonly said: unknown[]
}

const recordsOf = (...records: readonly LogRecord[]): Uint8Array[] => records.flatMap(encodeRecord)

let members = 0

async function openDirectory(path: string): Promise<DataDirectory> {
  const options = { path, node: 'A' as NodeId, cluster: 'herald', nowMs: 0 }
  return await DataDirectory.open({ ...options, drawMember: () => ++members })
}

async function open({ path, said }: Logged): Promise<OpenedLog & { readonly member: number }> {
  const take = (fields: unknown): void => void said.push(fields)
  const log = { warn: take, error: take } as unknown as Logger
  await using directory = await openDirectory(path)
  return { ...(await openLog(directory, new SlabPool(), log)), member: directory.member }
}

/** Opens a copy, and asserts that the node begins anew there, over an empty log, as another member. */
async function assertSetAside(context: TestContext, logged: Logged, reason: RegExp): Promise<void> {
  const copy = { ...logged, path: await temporaryDirectory(context), said: [] }
  await cp(logged.path, copy.path, { recursive: true })
  const before = await readdir(join(copy.path, 'log'))
  await using directory = await openDirectory(copy.path)
  const { member } = directory
  directory.release()
  const opened = await open(copy)
  await opened.files.close()
  assert.match(opened.damage ?? '', reason)
  assert.match(JSON.stringify(copy.said), /"event":"log-set-aside"/)
  assert.notEqual(opened.member, member)
  assert.deepEqual([opened.recovery.logs.size, opened.start.next.number], [0, 1])
  const aside = await readdir(join(copy.path, 'log.damaged-1'))
  assert.deepEqual(aside.sort(), [...before, 'damage.json'].sort())
  assert.equal(await readDamageNote(join(copy.path, 'log.damaged-1')), opened.damage)
  const again = await open(copy)
  await again.files.close()
  assert.deepEqual([again.damage, again.member], [undefined, opened.member])
}

test('a log is opened with what its groups had, and a torn tail is cut off and said', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)))
  const [, last = ''] = logged.files
  await appendFile(last, 'half a write')
  const { recovery, start, files } = await open(logged)
  await files.close()
  assert.equal(recovery.logs.get(group)?.lastIndex, 2)
  assert.equal(start.next.number, 3)
  assert.match(
    JSON.stringify(logged.said),
    /^\[\{"event":"log-tail-cut","file":"0{15}2\.log","bytes":12\}\]$/,
  )
})

test('a log that is damaged before its end is set aside, and the place is told', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)), recordsOf(entry(3)))
  const [, middle = ''] = logged.files
  const bytes = await readFile(middle)
  bytes[500] = 0x62
  await writeFile(middle, bytes)
  await assertSetAside(context, logged, /0{15}2\.log from byte 0: writes 2 to 2 cannot be read$/)
  await rm(middle)
  await assertSetAside(context, logged, /0{15}1\.log from byte \d+: writes 2 to 2 cannot be read$/)
})

test('a log that has lost its last file, or what it ended with, is set aside as far as it was noted', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)), recordsOf(entry(3)))
  const { path } = logged
  const [, middle = '', last = ''] = logged.files
  const begin = await openDirectory(path)
  await begin.noteLog(3)
  begin.release()
  const bytes = await readFile(last)
  await writeFile(last, bytes.subarray(0, 1000))
  await assertSetAside(context, logged, /0{15}3\.log from byte 0: writes 3 to 3 cannot be read$/)
  await rm(last)
  await assertSetAside(context, logged, /0{15}2\.log from byte \d+: writes 3 to 3 cannot be read$/)
  await rm(middle)
  await assertSetAside(context, logged, /0{15}1\.log from byte \d+: writes 2 to 3 cannot be read$/)
})

test('what a start finds is noted, and so is the first write of every file that begins', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)))
  const { files, start } = await open(logged)
  const identity = async (): Promise<unknown> =>
    JSON.parse(await readFile(join(logged.path, 'identity.json'), 'utf8'))
  assert.partialDeepStrictEqual(await identity(), { logReaches: 2 })
  await files.close()
  const [, last = ''] = logged.files
  await rm(last)
  const again = await open(logged)
  await again.files.close()
  assert.match(again.damage ?? '', /writes 2 to 2 cannot be read$/)
  assert.deepEqual([start.next.number, again.start.next.number], [3, 1])
  assert.equal(Object.hasOwn(Object(await identity()), 'logReaches'), false)
})

test('a log without its first file is set aside, but where nobody needs that any more', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)))
  const [first = ''] = logged.files
  await rm(first)
  await assertSetAside(context, logged, /its first file, with write 1, is missing$/)

  const snapshot = {
    ...{ index: 1, term: 1, data: new Uint8Array(200) },
    configuration: { voters: [1], outgoing: [], learners: [], learnersNext: [], autoLeave: false },
  }
  const kept: LogRecord = { kind: 'kept', group: 0, from: 2 }
  const floor: LogRecord = { kind: 'snapshot', group, snapshot }
  const dropped = await logOf(context, recordsOf(entry(1)), recordsOf(floor), recordsOf(kept))
  await rm(dropped.files[0] ?? '')
  const { recovery, files } = await open(dropped)
  await files.close()
  assert.deepEqual([recovery.keptFrom, recovery.logs.get(group)?.firstIndex], [2, 2])
})

test('entries that went with a file that was dropped too early are missed', async (context) => {
  const kept: LogRecord = { kind: 'kept', group: 0, from: 2 }
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(kept, entry(2)))
  await rm(logged.files[0] ?? '')
  await assertSetAside(context, logged, /entries of group 3 are missing$/)
})

test('a log with a write that is whole and no list of records is set aside', async (context) => {
  const logged = await logOf(context, [new Uint8Array(200).fill(0x7a)])
  await assertSetAside(context, logged, /write 1 is no list of records$/)
})

test('a log of the format before is refused, and left as it is: cut off, it would look like one that never had anything', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)))
  const [first = '', second = ''] = logged.files
  const before: Buffer[] = []
  for (const [at, file] of [first, second].entries()) {
    before.push(toOlderWrite(recordsOf(entry(at + 1)), at + 1))
    await writeFile(file, before[at] ?? '')
  }
  await assert.rejects(open(logged), {
    code: 'DATA_OUTDATED',
    message: /^\/.*\/log\/0{15}1\.log is of the format before/,
  })
  await rm(first)
  await assert.rejects(open(logged), {
    code: 'DATA_OUTDATED',
    message: /0{15}2\.log is of the format before/,
  })
  assert.deepEqual(await readFile(second), before[1])
  assert.deepEqual(logged.said, [])
})

/** A write without the number of its log, whose checksum stands four bytes earlier. */
function toOlderWrite(parts: readonly Uint8Array[], number: number): Buffer {
  const body = Buffer.concat(parts)
  const header = Buffer.alloc(24)
  header.write('HWL1', 'latin1')
  header.writeUInt32LE(body.length, 4)
  header.writeDoubleLE(number, 8)
  header.writeUInt32LE(crc32(body, crc32(header.subarray(0, 20))), 20)
  return Buffer.concat([header, body])
}

test('a log that is gone is missed, once it has begun', async (context) => {
  const path = await temporaryDirectory(context)
  const logged = { path, files: [], said: [] }
  const first = await open(logged)
  const { promise, resolve } = Promise.withResolvers<unknown>()
  first.files.write('0000000000000001.log', [new Uint8Array(10)], resolve)
  assert.equal(await promise, undefined)
  await first.files.close()
  assert.equal(first.damage, undefined)
  await rm(join(path, 'log'), { recursive: true })
  const second = await open(logged)
  await second.files.close()
  assert.match(second.damage ?? '', /the log is missing$/)
  assert.notEqual(second.member, first.member)
})

test('a node that crashed while it set its log aside goes on with that, and never with the log', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)))
  const { path } = logged
  const before = await openDirectory(path)
  await before.abandonLog('a test says so')
  before.release()
  // The number is another one before the log is touched, which is as it was.
  assert.deepEqual(await readdir(join(path, 'log')), ['0000000000000001.log', '0000000000000002.log'])
  const opened = await open(logged)
  await opened.files.close()
  assert.deepEqual(
    [opened.damage, opened.member, opened.recovery.logs.size],
    ['a test says so', before.member, 0],
  )
  assert.equal((await readdir(join(path, 'log.damaged-1'))).length, 3)
})
