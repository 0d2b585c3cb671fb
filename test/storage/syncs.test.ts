// What is said to be on the disk was synced before: files by their bytes, and new names by their folder. A process that is killed loses
// nothing that was not synced, so only the calls can tell; they are watched on their way to the system.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import fsPromises, { type FileHandle, readFile } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { segmentName } from '../../node/core/wal/scan.ts'
import { headerBytes } from '../../node/core/wal/write-format.ts'
import { LogWriter } from '../../node/core/wal/writer.ts'
import { LogFiles, type SyncedBy } from '../../node/storage/log-files.ts'
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
  context.mock.method(fsPromises, 'open', async (path: string, flags: string | number) =>
    watchHandle(await open(path, flags), nameOf(flags), done),
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

/** What is opened with such flags. */
function nameOf(flags: string | number): string {
  if (flags === 'r') return 'folder'
  return typeof flags === 'number' && (flags & fs.constants.O_DSYNC) !== 0 ? 'file that syncs' : 'file'
}

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
async function writeLog(
  directory: string,
  texts: readonly string[],
  done: string[],
  syncedBy: SyncedBy | undefined,
): Promise<void> {
  const { files, start } = await LogFiles.open(directory, () => undefined, {
    ...(syncedBy !== undefined && { syncedBy }),
    note: async (number) => void done.push(`write ${number} noted`),
  })
  const onFailed = (cause: unknown): void => void done.push(`failed: ${cause}`)
  const writer = new LogWriter({ ports: files, start, segmentBytes: 100, waitingBytesMax: 1000, onFailed })
  done.length = 0
  for (const text of texts) {
    await new Promise<void>((resolve) => writer.write([Buffer.from(text)], () => resolve()))
    done.push('acknowledged')
  }
  await files.close()
}

const ways: readonly { readonly syncedBy: SyncedBy; readonly file: string; readonly synced: string[] }[] = [
  { syncedBy: 'write', file: 'file that syncs', synced: [] },
  { syncedBy: 'fdatasync', file: 'file', synced: ['synced'] },
]

for (const { syncedBy, file, synced } of ways) {
  const begin = [`${file} opened`, 'folder opened', 'folder synced', 'written', ...synced]
  const first = [...begin, 'write 1 noted', 'acknowledged']

  test(`synced by ${syncedBy}: a write is acknowledged when it is, and the first one of a file when its name is as well, and it is noted`, async (context) => {
    const directory = await temporaryDirectory(context)
    const done = watch(context)
    await writeLog(directory, ['one', 'two'], done, syncedBy)
    assert.deepEqual(done, [...first, 'written', ...synced, 'acknowledged'])
  })

  test(`synced by ${syncedBy}: every further file of the log has its name synced before anything in it is acknowledged`, async (context) => {
    const directory = await temporaryDirectory(context)
    const done = watch(context)
    await writeLog(directory, ['a'.repeat(100), 'b'], done, syncedBy)
    assert.deepEqual(done, [...first, ...begin, 'write 2 noted', 'acknowledged'])
  })

  test(`synced by ${syncedBy}: what the system has written a part of is written to its end, and synced then`, async (context) => {
    const directory = await temporaryDirectory(context)
    const done = watch(context, (fd, parts, report) =>
      fs.write(fd, Buffer.concat(parts).subarray(0, 20), (cause, bytes) => report(cause, bytes)),
    )
    await writeLog(directory, ['a text of some length'], done, syncedBy)
    assert.deepEqual(done.slice(3), ['written', 'written', 'written', ...synced, ...first.slice(-2)])
    const path = join(directory, segmentName(1))
    assert.equal((await readFile(path)).subarray(headerBytes).toString(), 'a text of some length')
  })
}

test('on Linux the write of the log syncs itself, elsewhere a call behind it does', async (context) => {
  const directory = await temporaryDirectory(context)
  const done = watch(context)
  await writeLog(directory, ['one'], done, undefined)
  assert.equal(done[0], process.platform === 'linux' ? 'file that syncs opened' : 'file opened')
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
