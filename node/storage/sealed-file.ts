// Small files that are written whole: a JSON object whose last field is a checksum of all bytes before it. JSON alone does not notice a digit
// that has become another one, and a node would go on with what nobody ever wrote.

import { readFile } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { HeraldError } from '../core/common/errors.ts'
import { toDiskFailure } from './disk-failure.ts'

const digits = 8
const beforeChecksum = ',\n  "crc32": "'
const afterChecksum = '"\n}\n'
const endBytes = beforeChecksum.length + digits + afterChecksum.length

/** The text of a file that holds this object, which has a field at least. */
export function toSealedText(value: object): string {
  const body = JSON.stringify(value, undefined, 2).slice(0, -'\n}'.length)
  return `${body}${toEnd(Buffer.from(body))}`
}

/**
 * What a file holds, with its checksum as one more field; undefined if there is no file. Throws DATA_DAMAGED where it is not what was
 * written, DATA_OUTDATED where a version without checksums wrote it, and DISK_FAILED where it cannot be read.
 */
export async function readSealedFile(path: string): Promise<unknown> {
  let bytes: Buffer
  try {
    bytes = await readFile(path)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw toDiskFailure(path, cause)
  }
  const end = Math.max(0, bytes.length - endBytes)
  if (bytes.toString('latin1', end) !== toEnd(bytes.subarray(0, end))) {
    if (isUnsealed(bytes.toString()))
      throw new HeraldError('DATA_OUTDATED', `${path} has no checksum: an earlier version wrote it`)
    throw new HeraldError('DATA_DAMAGED', `${path} is not what was written: its checksum does not match`)
  }
  try {
    return JSON.parse(bytes.toString())
  } catch (cause) {
    throw new HeraldError('DATA_DAMAGED', `${path} is not JSON`, { cause })
  }
}

/** Whether a file is whole, and has nothing that is, or may have been, a checksum. */
function isUnsealed(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return false
    return Object.entries(value).every(([key, field]) => key !== 'crc32' && !isChecksum(field))
  } catch {
    return false
  }
}

function isChecksum(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}$/i.test(value)
}

function toEnd(body: Uint8Array): string {
  return `${beforeChecksum}${crc32(body).toString(16).padStart(digits, '0')}${afterChecksum}`
}
