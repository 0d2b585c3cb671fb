// The files of a data directory that the admin interface lists, serves and clears: journals, logs and the node's
// subscriptions. A path is matched against what may exist, never resolved, so nothing outside can be named; links
// are not followed, so nothing outside can be reached through a name that is allowed.

import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { fromJournalFileName } from './journal-files.ts'

const subscriptionsPath = 'subscriptions.json'
const logNamePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/
/** Files that one listing names: 20 journals and some logs are usual. */
const listedFilesMax = 10_000

/** A file as `GET /v1/files` lists it. */
export interface ServedFile {
  /** Relative to the data directory, with `/`. */
  readonly path: string
  readonly bytes: number
  readonly modifiedMs: number
}

/** All files that may be fetched, sorted by path. */
export async function listServedFiles(dataDirectory: string): Promise<readonly ServedFile[]> {
  const paths: string[] = [subscriptionsPath]
  for (const folder of ['journal', 'logs']) {
    if (!(await isFolder(join(dataDirectory, folder)))) continue
    for (const name of await readdir(join(dataDirectory, folder))) {
      if (isServedPath(`${folder}/${name}`)) paths.push(`${folder}/${name}`)
    }
  }
  const files: ServedFile[] = []
  for (const path of paths.sort().slice(0, listedFilesMax)) {
    const stats = await lstat(join(dataDirectory, path)).catch(() => undefined)
    if (stats?.isFile() === true) files.push({ path, bytes: stats.size, modifiedMs: stats.mtimeMs })
  }
  return files
}

/** Opens a file of the listing for reading; undefined if there is none of that name. The caller closes it. */
export async function openServedFile(
  dataDirectory: string,
  path: string,
): Promise<{ readonly handle: FileHandle; readonly bytes: number } | undefined> {
  if (!isServedPath(path)) return undefined
  const folder = path.includes('/') ? path.slice(0, path.indexOf('/')) : '.'
  if (!(await isFolder(join(dataDirectory, folder)))) return undefined
  // Without O_NONBLOCK, opening a named pipe would wait for its other end.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(join(dataDirectory, path), flags).catch(() => undefined)
  if (handle === undefined) return undefined
  const stats = await handle.stat()
  if (stats.isFile()) return { handle, bytes: stats.size }
  await handle.close()
  return undefined
}

/**
 * Empties logs and removes the subscriptions file; the journal is cleared by its writer, which has it open.
 * Logs are emptied and not removed, because whoever writes them has them open for appending.
 */
export async function clearLogsAndSubscriptions(
  dataDirectory: string,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const cleared = { files: 0, bytes: 0 }
  for (const file of await listServedFiles(dataDirectory)) {
    const path = join(dataDirectory, file.path)
    if (file.path === subscriptionsPath) await rm(path, { force: true })
    else if (file.path.startsWith('logs/') && file.bytes > 0) await truncate(path)
    else continue
    cleared.files++
    cleared.bytes += file.bytes
  }
  return cleared
}

function isServedPath(path: string): boolean {
  if (path === subscriptionsPath) return true
  const [folder, name, ...rest] = path.split('/')
  if (name === undefined || rest.length > 0) return false
  if (folder === 'journal') return fromJournalFileName(name) !== undefined
  return folder === 'logs' && logNamePattern.test(name)
}

async function isFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  return stats?.isDirectory() === true
}
