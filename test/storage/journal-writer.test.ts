// The journal on disk: files, rotation, torn ends, and a disk that fails.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { HeraldError } from '../../node/core/common/errors.ts'
import type { JournalLine } from '../../node/core/common/journal-lines.ts'
import { readSeal, sealLine } from '../../node/core/common/line-seal.ts'
import { JournalWriter, type JournalWriterOptions } from '../../node/storage/journal-writer.ts'
import { temporaryDirectory } from './temporary-directory.ts'

function line(number: number, padding = ''): JournalLine {
  return { t: 'lost', at: number, sub: `n${padding}`, stream: 's' }
}

function optionsFor(
  directory: string,
  errors: HeraldError[] = [],
  dropped: number[] = [],
): JournalWriterOptions {
  const onFailure = (error: HeraldError): void => {
    errors.push(error)
  }
  const onDropped = (lines: number): void => {
    dropped.push(lines)
  }
  return { directory, fileBytesMax: 1_000_000, filesMax: 20, now: () => 99, onFailure, onDropped }
}

async function readJournal(directory: string): Promise<string> {
  const names = (await readdir(directory)).sort()
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return texts.join('')
}

async function numbersIn(directory: string): Promise<number[]> {
  const lines = (await readJournal(directory)).split('\n').filter((text) => text !== '')
  return lines.map((text) => Number((JSON.parse(text) as { at: unknown }).at))
}

/** A line without its end. */
function unseal(text: string): unknown {
  const { line: _, crc32: __, ...rest } = JSON.parse(text)
  return rest
}

test('numbers the lines of a boot, from file to file, and seals each', async (context) => {
  const directory = await temporaryDirectory(context)
  for (let boot = 1; boot <= 2; boot++) {
    await using writer = await JournalWriter.open({ ...optionsFor(directory), fileBytesMax: 200 })
    for (let number = 1; number <= 10; number++) {
      writer.append(line(number))
      await writer.flush()
    }
  }
  assert.ok((await readdir(directory)).length > 4)
  const texts = (await readJournal(directory)).trimEnd().split('\n')
  assert.deepEqual(
    texts.map((text) => [readSeal(text), unseal(text)]),
    Array.from({ length: 20 }, (_, index) => [1 + (index % 10), line(1 + (index % 10))]),
  )
})

test('has every line so far in the file after a flush', async (context) => {
  const directory = join(await temporaryDirectory(context), 'journal')
  await using writer = await JournalWriter.open(optionsFor(directory))
  for (let number = 1; number <= 100; number++) writer.append(line(number))
  await writer.flush()
  assert.deepEqual(
    await numbersIn(directory),
    Array.from({ length: 100 }, (_, index) => index + 1),
  )
  writer.append(line(101))
  await writer.flush({ sync: true })
  assert.equal((await numbersIn(directory)).length, 101)
  const size = (await readJournal(directory)).length
  assert.deepEqual(writer.position, { file: 1, offset: size })
  assert.equal(writer.counters.writtenBytes, size)
})

test('collects the lines of one turn into one write and never writes while one is under way', async (context) => {
  const directory = await temporaryDirectory(context)
  await using writer = await JournalWriter.open(optionsFor(directory))
  const flushes: Promise<void>[] = []
  for (let number = 1; number <= 500; number++) {
    writer.append(line(number))
    if (number % 7 === 0) flushes.push(writer.flush())
    if (number % 50 === 0) await undefined
  }
  await Promise.all(flushes)
  await writer.flush()
  assert.deepEqual(
    await numbersIn(directory),
    Array.from({ length: 500 }, (_, index) => index + 1),
  )
})

test('rotates by size and keeps the newest files', async (context) => {
  const directory = await temporaryDirectory(context)
  const writer = await JournalWriter.open({ ...optionsFor(directory), fileBytesMax: 200, filesMax: 3 })
  for (let number = 1; number <= 30; number++) {
    writer.append(line(number))
    await writer.flush()
  }
  await writer.close()
  const names = (await readdir(directory)).sort()
  assert.equal(names.length, 3)
  assert.equal(writer.counters.expiredFiles, writer.position.file - 3)
  assert.equal(names.at(-1), `${String(writer.position.file).padStart(6, '0')}.ndjson`)
  const numbers = await numbersIn(directory)
  assert.equal(numbers.at(-1), 30)
  assert.deepEqual(
    numbers,
    Array.from({ length: numbers.length }, (_, index) => 31 - numbers.length + index),
  )
})

test('continues the newest file after a restart', async (context) => {
  const directory = await temporaryDirectory(context)
  for (let boot = 1; boot <= 3; boot++) {
    await using writer = await JournalWriter.open(optionsFor(directory))
    writer.append(line(boot))
  }
  assert.deepEqual(await readdir(directory), ['000001.ndjson'])
  assert.deepEqual(await numbersIn(directory), [1, 2, 3])
})

test('leaves a last line torn at any byte as it is and begins a new file', async (context) => {
  const root = await temporaryDirectory(context)
  const whole = `${JSON.stringify(line(1))}\n`
  const last = `${JSON.stringify(line(2))}\n`
  for (let bytes = 0; bytes <= last.length; bytes++) {
    const directory = join(root, String(bytes))
    await mkdir(directory)
    const before = whole + last.slice(0, bytes)
    await writeFile(join(directory, '000007.ndjson'), before)
    const writer = await JournalWriter.open(optionsFor(directory))
    writer.append(line(3))
    await writer.close()
    const isTorn = bytes > 0 && bytes < last.length
    const after = `${sealLine(JSON.stringify(line(3)), 1)}\n`
    assert.equal(writer.counters.tornFiles, isTorn ? 1 : 0)
    assert.equal(await readFile(join(directory, '000007.ndjson'), 'utf8'), isTorn ? before : before + after)
    if (isTorn) assert.equal(await readFile(join(directory, '000008.ndjson'), 'utf8'), after)
  }
})

test('ignores files in its folder that are not journals', async (context) => {
  const directory = await temporaryDirectory(context)
  for (const name of ['7.ndjson', '0000001.ndjson', '000000.ndjson', '000009.ndjson.gz', 'x']) {
    await writeFile(join(directory, name), 'x')
  }
  await using writer = await JournalWriter.open(optionsFor(directory))
  assert.equal(writer.position.file, 1)
})

test('drops lines above its memory limit and says how many at the place where they are missing', async (context) => {
  const directory = await temporaryDirectory(context)
  const told: number[] = []
  await using writer = await JournalWriter.open({
    ...optionsFor(directory, [], told),
    waitingCharactersMax: 500,
  })
  for (let number = 1; number <= 100; number++) writer.append(line(number))
  await writer.flush()
  writer.append(line(101))
  await writer.flush()
  const droppedLines = told.length
  assert.ok(droppedLines > 80)
  assert(told.every((lines) => lines === 1))
  const texts = (await readJournal(directory)).split('\n')
  const kept = 100 - droppedLines
  assert.deepEqual(unseal(texts[kept] ?? ''), { t: 'dropped', at: 99, lines: droppedLines })
  assert.deepEqual(unseal(texts[kept + 1] ?? ''), line(101))
  assert.deepEqual(
    [texts[kept], texts[kept + 1]].map((text = '') => readSeal(text)),
    [kept + 1, kept + 2],
  )
})

test('clears all files and goes on under a higher number, also across a restart', async (context) => {
  const directory = await temporaryDirectory(context)
  const writer = await JournalWriter.open({ ...optionsFor(directory), fileBytesMax: 100 })
  for (let number = 1; number <= 10; number++) {
    writer.append(line(number))
    await writer.flush()
  }
  const bytes = (await readJournal(directory)).length
  const files = (await readdir(directory)).length
  const clearing = writer.clear()
  writer.append(line(11))
  assert.deepEqual(await clearing, { files, bytes })
  await writer.close()
  assert.deepEqual(await numbersIn(directory), [11])
  assert.ok(writer.position.file > files)
  const again = await JournalWriter.open(optionsFor(directory))
  assert.equal(again.position.file, writer.position.file)
  await again.clear()
  await again.close()
  await using last = await JournalWriter.open(optionsFor(directory))
  assert.equal(last.position.file, writer.position.file + 1)
})

test('takes no lines after it is closed, and can be closed twice', async (context) => {
  const directory = await temporaryDirectory(context)
  const writer = await JournalWriter.open(optionsFor(directory))
  writer.append(line(1))
  const closing = writer.close()
  writer.append(line(2))
  await closing
  await writer.close()
  await writer.flush()
  assert.deepEqual(await numbersIn(directory), [1])
})

test('refuses a folder that cannot be one', async (context) => {
  const path = join(await temporaryDirectory(context), 'file')
  await writeFile(path, '')
  await assert.rejects(JournalWriter.open(optionsFor(path)), { code: 'DISK_FAILED' })
})

test('goes on when its folder disappears, reports it once, and once more after it worked again', async (context) => {
  const directory = join(await temporaryDirectory(context), 'journal')
  const errors: HeraldError[] = []
  const dropped: number[] = []
  await using writer = await JournalWriter.open(optionsFor(directory, errors, dropped))
  const isLost = async (number: number): Promise<void> => {
    writer.append(line(number))
    await writer.flush()
    assert.equal(dropped.length, number)
    assert.match(writer.failure ?? '', /cannot be written: ENOENT/)
  }
  await rm(directory, { recursive: true })
  await isLost(1)
  await isLost(2)
  assert.deepEqual(
    errors.map((error) => error.code),
    ['DISK_FAILED'],
  )
  await mkdir(directory)
  writer.append(line(3))
  await writer.flush()
  assert.equal(writer.failure, undefined)
  const texts = (await readJournal(directory)).trimEnd().split('\n')
  assert.deepEqual(
    texts.map((text) => unseal(text)),
    [{ t: 'dropped', at: 99, lines: 2 }, line(3)],
  )
  assert.deepEqual(dropped, [1, 1], 'a line that reports others is none of them')
})

test('survives a full disk: drops, reports, and writes whole lines again when there is space', async (context) => {
  const root = await mkdtemp(join(tmpdir(), 'herald-small-disk-'))
  const isMounted = tryMountSmallDisk(root)
  context.after(async () => {
    if (isMounted) execFileSync('umount', ['-l', root])
    await rm(root, { recursive: true, force: true })
  })
  if (!isMounted) return context.skip('a small tmpfs cannot be mounted here')
  const directory = join(root, 'journal')
  const errors: HeraldError[] = []
  const told: number[] = []
  await using writer = await JournalWriter.open(optionsFor(directory, errors, told))
  await appendFile(join(root, 'filler'), Buffer.alloc(200 * 1024))
  for (let number = 1; number <= 200; number++) {
    writer.append(line(number, 'x'.repeat(1000)))
    await writer.flush()
  }
  assert.equal(errors.length, 1)
  assert.match(writer.failure ?? '', /ENOSPC/)
  assert.ok(told.length > 0)
  await rm(join(root, 'filler'))
  writer.append(line(201))
  await writer.flush()
  const lines = (await readJournal(directory))
    .trimEnd()
    .split('\n')
    .map((text) => unseal(text) as JournalLine)
  const dropped = lines.reduce((sum, found) => sum + (found.t === 'dropped' ? found.lines : 0), 0)
  assert.equal(
    dropped,
    told.reduce((sum, number) => sum + number, 0),
  )
  assert.equal(lines.filter((found) => found.t === 'lost').length + dropped, 201)
  assert.deepEqual(lines.at(-1), line(201))
})

function tryMountSmallDisk(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
