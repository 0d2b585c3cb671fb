// The log on real files: what is acknowledged is there after a start, and a disk that refuses ends it.

import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { HeraldError } from '../../node/core/common/errors.ts'
import { segmentName } from '../../node/core/wal/scan.ts'
import { LogWriter } from '../../node/core/wal/writer.ts'
import { LogFiles, type OpenedLogFiles } from '../../node/storage/log-files.ts'

let directory = ''
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'herald-log-')), 'log')
})
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }))

interface Opened extends OpenedLogFiles {
  readonly texts: readonly string[]
  readonly writer: LogWriter
  readonly failures: unknown[]
}

async function open(segmentBytes = 1_000_000): Promise<Opened> {
  const texts: string[] = []
  const failures: unknown[] = []
  const opened = await LogFiles.open(directory, (body) => texts.push(Buffer.from(body).toString()))
  const onFailed = (cause: unknown): void => void failures.push(cause)
  const { files: ports, start } = opened
  const writer = new LogWriter({ ports, start, segmentBytes, waitingBytesMax: 1_000_000, onFailed })
  return { ...opened, texts, writer, failures }
}

function write(writer: LogWriter, text: string): Promise<void> {
  return new Promise((resolve) => writer.write([Buffer.from(text)], () => resolve()))
}

test('what was acknowledged is there after a start, over several files', async () => {
  const { writer, files } = await open(60)
  for (const text of ['one', 'two', 'three', 'four']) await write(writer, text)
  await files.close()
  assert.ok((await readdir(directory)).length > 1)
  const again = await open()
  assert.deepEqual([again.texts, again.damages, again.tail], [['one', 'two', 'three', 'four'], [], undefined])
  await write(again.writer, 'five')
  await again.files.close()
  const last = await open()
  assert.equal(last.texts.at(-1), 'five')
})

test('many writes at once, of all sizes, arrive whole and in order', async () => {
  const { writer, files } = await open()
  const texts = Array.from({ length: 3000 }, (_, at) => `${at} `.repeat(1 + (at % 7 === 0 ? 9000 : at % 50)))
  await Promise.all(texts.map((text) => write(writer, text)))
  await files.close()
  const again = await open()
  assert.equal(again.texts.join(''), texts.join(''))
})

test('a torn tail is cut off the file', async () => {
  const { writer, files } = await open()
  await write(writer, 'one')
  await files.close()
  const path = join(directory, segmentName(1))
  const whole = await readFile(path)
  await appendFile(path, whole.subarray(0, 20))
  const { tail, texts } = await open()
  assert.deepEqual([tail?.bytes, texts], [20, ['one']])
  assert.deepEqual(await readFile(path), whole)
})

test('a log that ends before what is noted is damaged, and left as it is', async () => {
  const { writer, files } = await open(1)
  for (const text of ['one', 'two']) await write(writer, text)
  await files.close()
  const last = join(directory, segmentName(2))
  await truncate(last, 10)
  const before = await readFile(last)
  const { damages, tail } = await LogFiles.open(directory, () => undefined, { noted: 2 })
  assert.deepEqual(damages, [{ file: segmentName(2), offset: 0, from: 2, to: 2 }])
  assert.equal(tail, undefined)
  assert.deepEqual(await readFile(last), before)
})

test('a log that is closed ends the write under way first, and takes no further one', async () => {
  const { writer, files, start } = await open()
  const said: string[] = []
  writer.write([Buffer.alloc(1_000_000)], () => {
    said.push('acknowledged')
    writer.write([Buffer.from('too late')], () => said.push('too late'))
  })
  await new Promise((resolve) => setImmediate(resolve))
  await files.close()
  said.push('closed')
  assert.deepEqual([said, start.next.number], [['acknowledged', 'closed'], 1])
  const { texts } = await open()
  assert.deepEqual(
    texts.map(({ length }) => length),
    [1_000_000],
  )
})

test('a file whose beginning cannot be noted has nothing acknowledged in it', async () => {
  const note = (): Promise<void> => Promise.reject(new Error('ENOSPC: no space left on device'))
  const { files: ports, start } = await LogFiles.open(directory, () => undefined, { note })
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const limits = { segmentBytes: 1000, waitingBytesMax: 1000 }
  const writer = new LogWriter({ ports, start, ...limits, onFailed: resolve })
  writer.write([Buffer.from('one')], () => assert.fail('it is acknowledged'))
  assert.match(String(await promise), /ENOSPC/)
  await ports.close()
})

test('a disk without space ends the log, and names the file', async () => {
  await mkdir(directory, { recursive: true })
  const { writer, failures, files } = await open()
  await symlink('/dev/full', join(directory, segmentName(1)))
  let acknowledged = 0
  writer.write([Buffer.from('lost')], () => acknowledged++)
  while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(failures[0] instanceof HeraldError)
  assert.equal(failures[0].code, 'DISK_FAILED')
  assert.match(failures[0].message, /0000000000000001\.log: ENOSPC/)
  assert.deepEqual([acknowledged, writer.hasFailed], [0, true])
  await files.close()
})

test('a folder that cannot be made is refused with its path', async () => {
  await appendFile(directory, 'a file is in the way')
  await assert.rejects(open(), (error) => error instanceof HeraldError && error.message.includes(directory))
})
