// Small parts of a write become few: the checksum and the system call cost by the part. Measured with parts of 32 and 128 bytes, a thousand
// of each in a write: see docs/decisions/14-log-of-writes.md.

/** Parts from here on stay where they are. */
const copiedBytesMax = 16_384

/** The same bytes, with small parts that follow each other in one. */
export function gather(parts: readonly Uint8Array[]): Uint8Array[] {
  const gathered: Uint8Array[] = []
  for (let from = 0; from < parts.length; ) {
    const first = parts[from]
    if (first === undefined) break
    const to = endOfRun(parts, from)
    gathered.push(to - from < 2 ? first : join(parts, from, to))
    from = Math.max(to, from + 1)
  }
  return gathered
}

/** Where small parts end. */
function endOfRun(parts: readonly Uint8Array[], from: number): number {
  let to = from
  while ((parts[to]?.length ?? copiedBytesMax) < copiedBytesMax) to++
  return to
}

function join(parts: readonly Uint8Array[], from: number, to: number): Uint8Array {
  let bytes = 0
  for (let at = from; at < to; at++) bytes += parts[at]?.length ?? 0
  const joined = new Uint8Array(bytes)
  let offset = 0
  for (let at = from; at < to; at++) {
    const part = parts[at]
    if (part === undefined) continue
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
