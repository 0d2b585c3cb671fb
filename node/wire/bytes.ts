// Little-endian numbers in byte arrays, by hand: faster than DataView for single fields, and the same in
// browsers and in Node. Integers above 32 bits are u64 on the wire and safe integers here (below 2^53).

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  )
}

/** Reads a u64; values of 2^53 and above come out inexact and fail the caller's range check. */
export function readU64(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) + readU32(bytes, at + 4) * 4294967296
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value >>> 0)
  writeU32(bytes, at + 4, Math.floor(value / 4294967296))
}

const doubleScratch = new Float64Array(1)
const doubleBytes = new Uint8Array(doubleScratch.buffer)

export function readF64(bytes: Uint8Array, at: number): number {
  for (let index = 0; index < 8; index++) doubleBytes[index] = bytes[at + index] as number
  return doubleScratch[0] as number
}

export function writeF64(bytes: Uint8Array, at: number, value: number): void {
  doubleScratch[0] = value
  for (let index = 0; index < 8; index++) bytes[at + index] = doubleBytes[index] as number
}
