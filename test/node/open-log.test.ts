// A log that lacks something that was durable is not opened: a node that took part without it would vote on what it has forgotten.

import assert from 'node:assert/strict'
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Logger } from 'pino'
import { HeraldError } from '../../node/core/common/errors.ts'
import { SlabPool } from '../../node/core/common/slabs.ts'
import { LogWriter } from '../../node/core/wal/writer.ts'
import { type OpenedLog, openLog } from '../../node/leader-host.ts'
import type { DataDirectory } from '../../node/storage/data-directory.ts'
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

async function open({ path, said }: Logged): Promise<OpenedLog> {
  const log = { warn: (fields: unknown) => void said.push(fields) } as unknown as Logger
  return await openLog({ path } as DataDirectory, new SlabPool(), log)
}

async function assertRefused(logged: Logged, reason: RegExp): Promise<void> {
  await assert.rejects(open(logged), (error) => {
    assert.ok(error instanceof HeraldError)
    assert.equal(error.code, 'DATA_DAMAGED')
    assert.match(error.message, reason)
    return true
  })
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

test('damage before the end is refused with its place', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)), recordsOf(entry(3)))
  const [, middle = ''] = logged.files
  const bytes = await readFile(middle)
  bytes[500] = 0x62
  await writeFile(middle, bytes)
  await assertRefused(logged, /0{15}2\.log from byte 0: writes 2 to 2 cannot be read$/)
  await rm(middle)
  await assertRefused(logged, /0{15}1\.log from byte \d+: writes 2 to 2 cannot be read$/)
})

test('a first file that is missing is refused, but where nobody needs it any more', async (context) => {
  const logged = await logOf(context, recordsOf(entry(1)), recordsOf(entry(2)))
  const [first = ''] = logged.files
  await rm(first)
  await assertRefused(logged, /its first file, with write 1, is missing$/)

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
  await assertRefused(logged, /entries of group 3 are missing$/)
})

test('a write that is whole and no list of records is refused', async (context) => {
  const logged = await logOf(context, [new Uint8Array(200).fill(0x7a)])
  await assertRefused(logged, /write 1 is no list of records$/)
})
