// Brings one file of a node to where it was left off. The last bytes on disk are asked for again and compared: journals carry
// times, so equal bytes there mean that the file only grew. A file that shrank or differs is fetched anew.

import { type FileHandle, open, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AdminClient } from '../admin/admin-client.ts'
import type { FileAnswer } from '../admin/answers.ts'
import { NodeUnreachable } from '../admin/request.ts'
import { makeFolder } from './folder.ts'

const overlapBytes = 4096

/** Bytes that came over the network, and whether the file was begun again. */
export interface FetchedFile {
  readonly path: string
  readonly fetchedBytes: number
  readonly restarted: boolean
}

/** Makes `folder/path` equal to the node's file. */
export async function fetchFile(client: AdminClient, file: FileAnswer, folder: string): Promise<FetchedFile> {
  const target = toLocalPath(folder, file.path)
  if (target === undefined)
    throw new NodeUnreachable(`it offers a file with the name "${file.path}", which no node has`)
  const onDisk = await readExisting(target)
  const isUnchanged = onDisk?.bytes === file.bytes && Math.abs(onDisk.modifiedMs - file.modifiedMs) < 1
  if (isUnchanged) return { path: file.path, fetchedBytes: 0, restarted: false }
  await makeFolder(dirname(target))
  const handle = await open(target, onDisk === undefined ? 'w+' : 'r+')
  try {
    const known = onDisk === undefined || onDisk.bytes > file.bytes ? 0 : onDisk.bytes
    const resumed = known > 0 ? await tryResume(client, file, handle, known) : undefined
    const fetchedBytes = resumed ?? (await fetchWhole(client, file, handle))
    await handle.sync()
    return { path: file.path, fetchedBytes, restarted: resumed === undefined && onDisk !== undefined }
  } finally {
    await handle.close()
    const modified = new Date(file.modifiedMs)
    await utimes(target, modified, modified)
  }
}

/** Where a file of a node goes; undefined for a path that would leave the folder. */
function toLocalPath(folder: string, path: string): string | undefined {
  const parts = path.split('/')
  const isSafe = parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\\') && !part.includes('\0'),
  )
  return isSafe ? join(folder, ...parts) : undefined
}

/** Fetches from a little before the end on; undefined if what is on disk is not the beginning of the node's file. */
async function tryResume(
  client: AdminClient,
  file: FileAnswer,
  handle: FileHandle,
  known: number,
): Promise<number | undefined> {
  const from = Math.max(0, known - overlapBytes)
  const response = await client.openFile(file.path, from)
  if (response.statusCode !== 206 && from > 0) {
    response.destroy()
    return undefined
  }
  const overlap = Buffer.alloc(known - from)
  await handle.read(overlap, 0, overlap.length, from)
  let position = from
  for await (const piece of readPieces(response)) {
    const compared = Math.max(0, Math.min(piece.length, known - position))
    const expected = overlap.subarray(position - from, position - from + compared)
    if (!piece.subarray(0, compared).equals(expected)) {
      response.destroy()
      return undefined
    }
    await handle.write(piece, compared, piece.length - compared, position + compared)
    position += piece.length
  }
  return position < known ? undefined : position - known
}

async function fetchWhole(client: AdminClient, file: FileAnswer, handle: FileHandle): Promise<number> {
  await handle.truncate(0)
  let position = 0
  for await (const piece of readPieces(await client.openFile(file.path, 0))) {
    await handle.write(piece, 0, piece.length, position)
    position += piece.length
  }
  return position
}

async function* readPieces(response: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    for await (const piece of response) yield piece
  } catch (error) {
    throw new NodeUnreachable(`the connection broke in the middle of a file`, { cause: error })
  }
}

async function readExisting(
  file: string,
): Promise<{ readonly bytes: number; readonly modifiedMs: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(file)
    return { bytes: size, modifiedMs: mtimeMs }
  } catch {
    return undefined
  }
}
