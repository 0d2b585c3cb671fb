// What is said to be on the disk was synced before: files by their bytes, and new names by their folder. A process that is killed loses
// nothing that was not synced, so only the calls can tell; they are watched on their way to the system.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import fsPromises, { type FileHandle, readFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { segmentName } from '../../node/core/wal/scan.ts'
import { LogWriter } from '../../node/core/wal/writer.ts'
import { LogFiles } from '../../node/storage/log-files.ts'
import { writeWholeFile } from '../../node/storage/whole-file.ts'
import { temporaryDirectory } from './temporary-directory.ts'

type Done = (cause: NodeJS.ErrnoException | null) => void
type Parts = readonly Uint8Array[]
type Written = (cause: NodeJS.ErrnoException | null, bytes: number) => void

/** What the system was asked for and has done, in order. `write` stands for the system's own. */
function watch(
  context: TestContext,
  write: (fd: number, parts: Parts, done: Written) => void = (...call) => writev(...call),
): string[] {
  const done: string[] = []
  const { fdatasync } = fs
  const { open, rename } = fsPromises
  context.mock.method(fs, 'writev', (fd: number, parts: Parts, report: Written) =>
    write(fd, parts, (cause, bytes) => {
      done.push('written')
      report(cause, bytes)
    }),
  )
  context.mock.method(fs, 'fdatasync', (fd: number, report: Done) =>
    fdatasync(fd, (cause) => {
      done.push('synced')
      report(cause)
    }),
  )
  context.mock.method(fsPromises, 'open', async (path: string, flags: string) =>
    watchHandle(await open(path, flags), flags === 'r' ? 'folder' : 'file', done),
  )
  context.mock.method(fsPromises, 'rename', async (from: string, to: string) => {
    await rename(from, to)
    done.push('renamed')
  })
  syncBuiltinESMExports()
  context.after(() => {
    context.mock.restoreAll()
    syncBuiltinESMExports()
  })
  return done
}

const { writev } = fs

function watchHandle(handle: FileHandle, what: string, done: string[]): FileHandle {
  const { sync, writeFile } = handle
  done.push(`${what} opened`)
  handle.sync = async () => {
    await sync.call(handle)
    done.push(`${what} synced`)
  }
  handle.writeFile = async (content) => {
    await writeFile.call(handle, content)
    done.push('written')
  }
  return handle
}

/** Writes texts into the log of a folder, one after the other, and says when each is acknowledged. */
async function writeLog(directory: string, texts: readonly string[], done: string[]): Promise<void> {
  const { files, start } = await LogFiles.open(directory, () => undefined)
  const onFailed = (cause: unknown): void => void done.push(`failed: ${cause}`)
  const writer = new LogWriter({ ports: files, start, segmentBytes: 100, waitingBytesMax: 1000, onFailed })
  done.length = 0
  for (const text of texts) {
    await new Promise<void>((resolve) => writer.write([Buffer.from(text)], () => resolve()))
    done.push('acknowledged')
  }
  await files.close()
}

test('a write is acknowledged when it is synced, and the first one of a file when its name is as well', async (context) => {
  const directory = await temporaryDirectory(context)
  const done = watch(context)
  await writeLog(directory, ['one', 'two'], done)
  assert.deepEqual(done, [
    ...['file opened', 'folder opened', 'folder synced', 'written', 'synced', 'acknowledged'],
    ...['written', 'synced', 'acknowledged'],
  ])
})

test('every further file of the log has its name synced before anything in it is acknowledged', async (context) => {
  const directory = await temporaryDirectory(context)
  const done = watch(context)
  await writeLog(directory, ['a'.repeat(100), 'b'], done)
  const first = ['file opened', 'folder opened', 'folder synced', 'written', 'synced', 'acknowledged']
  assert.deepEqual(done, [...first, ...first])
})

test('what the system has written a part of is written to its end, and synced then', async (context) => {
  const directory = await temporaryDirectory(context)
  const done = watch(context, (fd, parts, report) =>
    fs.write(fd, Buffer.concat(parts).subarray(0, 20), (cause, bytes) => report(cause, bytes)),
  )
  await writeLog(directory, ['a text of some length'], done)
  assert.deepEqual(done.slice(3), ['written', 'written', 'written', 'synced', 'acknowledged'])
  const path = join(directory, segmentName(1))
  assert.equal((await readFile(path)).subarray(24).toString(), 'a text of some length')
})

test('a file that is replaced is synced before it gets its name, and its folder before that is said', async (context) => {
  const path = join(await temporaryDirectory(context), 'x.json')
  const done = watch(context)
  await writeWholeFile(path, 'content')
  done.push('said')
  assert.deepEqual(done, [
    ...['file opened', 'written', 'file synced', 'renamed'],
    ...['folder opened', 'folder synced', 'said'],
  ])
})
