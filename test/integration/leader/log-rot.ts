// The files of a node's log under the hands of a test, while the node is stopped: what disks do to them.

import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toSealedText } from '../../../node/storage/sealed-file.ts'
import type { ClusterNode } from '../cluster-node.ts'

/** See docs/protocol.md, section 7. */
const header = { bytes: 28, magic: 0x324c5748, bodyBytes: 4, number: 8 } as const

/** Where a write lies in its file. */
interface FoundWrite {
  readonly number: number
  readonly start: number
  readonly end: number
}

export class LogRot {
  readonly #folder: string
  readonly #identity: string

  constructor(node: ClusterNode) {
    this.#folder = join(node.options.dataPath, 'log')
    this.#identity = join(node.options.dataPath, 'identity.json')
  }

  /** The files, oldest first. */
  async files(): Promise<readonly string[]> {
    const names = await readdir(this.#folder)
    return names.toSorted().map((name) => join(this.#folder, name))
  }

  /** Makes several files of the one that there is, as if files were full much earlier, and the beginning of each had been noted. */
  async split(count: number): Promise<void> {
    const [file = ''] = await this.files()
    const bytes = await readFile(file)
    const writes = readWrites(bytes)
    const each = Math.ceil(writes.length / count)
    for (let index = 0; index < writes.length; index += each) {
      const [first, last] = [writes[index], writes[Math.min(index + each, writes.length) - 1]]
      if (first === undefined || last === undefined) continue
      const name = `${String(first.number).padStart(16, '0')}.log`
      await writeFile(join(this.#folder, name), bytes.subarray(first.start, last.end))
      await this.#note(first.number)
    }
  }

  /** The last write that is noted. */
  async noted(): Promise<number> {
    return JSON.parse(await readFile(this.#identity, 'utf8')).logReaches
  }

  async #note(write: number): Promise<void> {
    const { crc32: _, ...identity } = JSON.parse(await readFile(this.#identity, 'utf8'))
    const logReaches = Math.max(identity.logReaches, write)
    await writeFile(this.#identity, toSealedText({ ...identity, logReaches }))
  }

  /** The writes of a file, in order. */
  async writes(file: string): Promise<readonly FoundWrite[]> {
    return readWrites(await readFile(file))
  }

  /** One bit of a byte turns over. */
  async flip(file: string, offset: number): Promise<void> {
    const bytes = await readFile(file)
    bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset)
    await writeFile(file, bytes)
  }

  /** Everything from a byte on is gone. */
  async cut(file: string, offset: number): Promise<void> {
    await truncate(file, offset)
  }

  async remove(file: string): Promise<void> {
    await rm(file)
  }

  /** A write that began and did not end, as a power failure leaves it: the first half of a copy of the last one. */
  async tear(file: string): Promise<void> {
    const bytes = await readFile(file)
    const last = readWrites(bytes).at(-1)
    if (last === undefined) return
    const torn = Buffer.from(bytes.subarray(last.start, last.start + Math.ceil((last.end - last.start) / 2)))
    torn.writeDoubleLE(last.number + 1, header.number)
    await writeFile(file, Buffer.concat([bytes, torn]))
  }
}

function readWrites(bytes: Buffer): readonly FoundWrite[] {
  const writes: FoundWrite[] = []
  for (let start = 0; start + header.bytes <= bytes.length; ) {
    if (bytes.readUInt32LE(start) !== header.magic) break
    const end = start + header.bytes + bytes.readUInt32LE(start + header.bodyBytes)
    writes.push({ number: bytes.readDoubleLE(start + header.number), start, end })
    start = end
  }
  return writes
}
