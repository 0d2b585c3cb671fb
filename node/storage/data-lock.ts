// One process per data directory. Node has no lock of its own that the kernel gives back when a process dies, but
// the SQLite inside it does: an exclusive transaction on an empty database holds an fcntl lock on that file. So there
// is no stale lock to judge: not after kill -9, not for a process id used again, not between containers that share a
// volume and cannot see each other's processes. Who holds it stands in a file beside it, for the message alone.
// Nothing else in the process may open the lock file: an fcntl lock is lost when any descriptor of the file is closed.

import { truncateSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HeraldError } from '../core/common/errors.ts'
import { writeWholeFile } from './whole-file.ts'

const lockFileName = 'lock'
const holderFileName = 'lock.json'
/** SQLite's primary result codes. */
const sqliteBusy = 5
const sqliteNotADatabase = 26
const primaryCodeMask = 0xff

/** A lock that is held until it is released or the process ends. */
export interface DataLock {
  release(): void
}

/** Takes the lock of a data directory; throws DATA_LOCKED with the holder's process id if another process has it. */
export async function lockDataDirectory(directory: string, node: string): Promise<DataLock> {
  const lock = tryLockMended(join(directory, lockFileName))
  if (lock === undefined) {
    throw new HeraldError('DATA_LOCKED', `${directory} is in use by ${await readHolder(directory)}`)
  }
  try {
    const holder = { pid: process.pid, hostname: hostname(), node, since: new Date().toISOString() }
    await writeWholeFile(join(directory, holderFileName), `${JSON.stringify(holder)}\n`)
  } catch (cause) {
    lock.release()
    throw cause
  }
  return lock
}

/**
 * The lock file is empty and says nothing: what a disk has put into it is taken out. Whoever holds the lock is met before the file is
 * read, so nobody holds it then; and nothing else of this process comes in between.
 */
function tryLockMended(path: string): DataLock | undefined {
  try {
    return tryLock(path)
  } catch (cause) {
    if (toPrimaryCode(cause) !== sqliteNotADatabase) throw cause
    truncateSync(path)
    return tryLock(path)
  }
}

function tryLock(path: string): DataLock | undefined {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    if (toPrimaryCode(cause) === sqliteBusy) return undefined
    throw cause
  }
  return {
    release: () => {
      if (database.isOpen) database.close()
    },
  }
}

function toPrimaryCode(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !('errcode' in cause)) return undefined
  return typeof cause.errcode === 'number' ? cause.errcode & primaryCodeMask : undefined
}

async function readHolder(directory: string): Promise<string> {
  try {
    const holder: unknown = JSON.parse(await readFile(join(directory, holderFileName), 'utf8'))
    if (typeof holder === 'object' && holder !== null && 'pid' in holder && 'hostname' in holder) {
      return `process ${String(holder.pid)} on ${String(holder.hostname)}`
    }
  } catch {
    // The holder is just starting; the lock itself is what counts.
  }
  return 'another process'
}
