// The bytes of one write: what all groups of a node wanted durable while the write before was under way.
//
//   u32 magic    u32 bytes of the body    f64 number: 1, 2, 3 … over the life of the log
//   u32 number of the log, drawn when it begins      u32 checksum of the write before
//   u32 checksum of these 24 bytes and the body      body
//
// Little-endian. A write names its log, and the one before by its checksum, so that writes of another log, or copied to another place, do
// not pass for the next one. The next write begins when the last is durable: whatever stands before a whole, later write was durable once.
// Bodies carry what anybody publishes, also whole writes: those of another log by their number of it, older ones of this log by their own,
// are known for what they are.

import { assert } from '../common/assert.ts'

/** CRC-32 (ISO 3309, as in zlib) of bytes, going on from another one; 0 to begin with. */
export type Checksum = (bytes: Uint8Array, seed: number) => number

const magic = 0x324c_5748
export const headerBytes = 28
const checksumAt = 24
/** Of one write: a file of the log is read in one piece. */
const bytesMax = 1_073_741_824

/** Where the log goes on: what the next write is numbered, and which one it follows. */
export interface ChainPosition {
  /** Of the log, 1..2^32-1. */
  readonly log: number
  readonly number: number
  /** Checksum of the write before; 0 for the first of a log. */
  readonly previous: number
}

export function chainStart(log: number): ChainPosition {
  return { log, number: 1, previous: 0 }
}

/** The header of a write of these parts, and where the chain stands behind it. */
export function sealWrite(
  parts: readonly Uint8Array[],
  at: ChainPosition,
  checksum: Checksum,
): { readonly header: Uint8Array; readonly next: ChainPosition } {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0)
  assert(bytes <= bytesMax, 'what is written at once is bounded by who writes')
  const header = new Uint8Array(headerBytes)
  const view = new DataView(header.buffer)
  view.setUint32(0, magic, true)
  view.setUint32(4, bytes, true)
  view.setFloat64(8, at.number, true)
  view.setUint32(16, at.log, true)
  view.setUint32(20, at.previous, true)
  let sum = checksum(header.subarray(0, checksumAt), 0)
  for (const part of parts) sum = checksum(part, sum)
  view.setUint32(checksumAt, sum, true)
  return { header, next: { log: at.log, number: at.number + 1, previous: sum >>> 0 } }
}

/** A whole write. */
export interface FoundWrite {
  readonly log: number
  readonly number: number
  readonly previous: number
  readonly checksum: number
  readonly body: Uint8Array
  /** Offset behind it. */
  readonly end: number
}

/** The write that begins at an offset; undefined where no whole one does. */
export function readWrite(bytes: Uint8Array, offset: number, checksum: Checksum): FoundWrite | undefined {
  if (offset + headerBytes > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(offset, true) !== magic) return undefined
  const end = offset + headerBytes + view.getUint32(offset + 4, true)
  if (end > bytes.length) return undefined
  const body = bytes.subarray(offset + headerBytes, end)
  const sum = view.getUint32(offset + checksumAt, true)
  const found = checksum(body, checksum(bytes.subarray(offset, offset + checksumAt), 0)) >>> 0
  if (found !== sum) return undefined
  const number = view.getFloat64(offset + 8, true)
  const [log, previous] = [view.getUint32(offset + 16, true), view.getUint32(offset + 20, true)]
  return { log, number, previous, checksum: sum, body, end }
}

/** Where the log's number did not stand in a write yet, and its checksum therefore earlier. */
const older = { magic: 0x314c_5748, headerBytes: 24, checksumAt: 20 } as const

/** Whether a file begins with a whole write of the format before this one. */
export function isOlderFormat(bytes: Uint8Array, checksum: Checksum): boolean {
  if (bytes.length < older.headerBytes) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== older.magic) return false
  const body = bytes.subarray(older.headerBytes, older.headerBytes + view.getUint32(4, true))
  const found = checksum(body, checksum(bytes.subarray(0, older.checksumAt), 0)) >>> 0
  return found === view.getUint32(older.checksumAt, true)
}

/** The first whole write at or behind an offset that is later than a number, and of this log; of any where nothing is known of it. */
export function findLaterWrite(
  bytes: Uint8Array,
  offset: number,
  after: { readonly log: number | undefined; readonly number: number },
  checksum: Checksum,
): FoundWrite | undefined {
  const first = magic & 0xff
  for (let at = bytes.indexOf(first, offset); at >= 0; at = bytes.indexOf(first, at + 1)) {
    const write = readWrite(bytes, at, checksum)
    if (write === undefined || write.number <= after.number) continue
    if (write.log === (after.log ?? write.log)) return write
  }
  return undefined
}
