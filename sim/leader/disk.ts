// The disk of one node: files that grow by one write at a time, each after its while, and the note of how far they go. A crash leaves of
// the write under way whatever it likes; what was reported as durable stays, until it rots or is lost.

import { crc32 } from 'node:zlib'
import { LogScanner, numberOf } from '../../node/core/wal/scan.ts'
import { headerBytes } from '../../node/core/wal/write-format.ts'
import type { LogPorts, LogStart } from '../../node/core/wal/writer.ts'
import type { Dice } from '../dice.ts'
import { Violation } from '../run.ts'
import type { Timeline } from '../timeline.ts'
import { GrowingFile } from './growing-file.ts'
import { type DiskPlan, slowWriteMsMax } from './plan.ts'

/** A write that can be read. */
export interface FoundWrite {
  readonly number: number
  readonly file: string
  readonly offset: number
  readonly body: Uint8Array
}

/** What a node finds on its disk when it starts. */
export interface FoundLog {
  readonly writes: readonly FoundWrite[]
  readonly start: LogStart
  /** Whether something that was durable cannot be read. */
  readonly isDamaged: boolean
}

interface Pending {
  readonly file: string
  readonly bytes: Buffer
}

/** A write that was reported as durable. */
interface Finished {
  readonly file: string
  readonly offset: number
  readonly bytes: number
  readonly checksum: number
}

const pageSizes = [512, 4096] as const

export class SimulatedDisk implements Pick<LogPorts, 'write' | 'remove' | 'checksum'> {
  readonly checksum: LogPorts['checksum'] = crc32
  readonly #timeline: Timeline
  readonly #plan: DiskPlan
  readonly #dice: Dice
  /** Hears the body of every write that is durable. */
  readonly #onDurable: (body: Uint8Array) => void
  readonly #files = new Map<string, GrowingFile>()
  /** Number of the log that begins here. */
  readonly #log: number
  /** Writes that were reported as durable, by number. */
  readonly #finished: Finished[] = []
  #pending: Pending | undefined
  /** The last write that is noted outside of the log, as identity.json does. */
  #noted = 0
  /** A torn tail that was cut off: until the next write is durable the cut is not. */
  #cut: { readonly file: string; readonly bytes: Buffer } | undefined
  /** Files that were removed since a name was last made durable, oldest first: a crash may bring the later ones back. */
  #removed: { readonly name: string; readonly file: GrowingFile }[] = []
  /** Grows with every crash: what was under way before is nobody's. */
  #life = 0
  /** Every write takes very long. */
  isSlow = false
  /** Every write is refused. */
  isFull = false
  /** The next write is refused. */
  failsNext = false
  /** Something that was durable has changed: whoever reads it must notice. */
  isRotten = false

  constructor(timeline: Timeline, plan: DiskPlan, dice: Dice, onDurable: (body: Uint8Array) => void) {
    this.#timeline = timeline
    this.#plan = plan
    this.#dice = dice
    this.#log = dice.whole(1, 1_000_000)
    this.#onDurable = onDurable
  }

  write(file: string, parts: readonly Uint8Array[], onDone: (failure: unknown) => void): void {
    if (this.#pending !== undefined) throw new Violation('disk', 'two writes are under way')
    const pending = { file, bytes: Buffer.concat(parts) }
    this.#pending = pending
    const life = this.#life
    this.#timeline.after(this.#latencyMs(), () => {
      if (life !== this.#life) return
      // The system reads the parts when it likes: they must stay what they were.
      if (Buffer.compare(Buffer.concat(parts), pending.bytes) !== 0)
        throw new Violation('disk', `what is written to ${file} changed while it was under way`)
      if (this.isFull || this.failsNext) return this.#refuse(onDone)
      this.#pending = undefined
      this.#finish(pending)
      const number = this.#finished.length
      if (numberOf(file) !== number) return onDone(undefined)
      // A file begins: nobody hears of it before that is noted.
      this.note(number, () => onDone(undefined))
    })
  }

  /** Number of the last write that is durable. */
  get durable(): number {
    return this.#finished.length
  }

  /** Notes that the log has a write, which takes another one, of another file. */
  note(write: number, onDone: () => void): void {
    const life = this.#life
    this.#timeline.after(this.#plan.writeMinMs, () => {
      if (life !== this.#life) return
      this.#noted = Math.max(this.#noted, write)
      onDone()
    })
  }

  remove(name: string): void {
    const file = this.#files.get(name)
    this.#files.delete(name)
    if (file !== undefined) this.#removed.push({ name, file })
  }

  /** The power fails, or the process ends: what was under way is there, in part, or not at all. */
  crash(): void {
    this.#life++
    const back = this.#dice.whole(0, this.#removed.length)
    for (const { name, file } of this.#removed.slice(back)) this.#files.set(name, file)
    this.#removed = []
    this.#endWrite()
  }

  /** What a node reads when it starts; a torn tail is cut off, as production does. */
  open(): FoundLog {
    const names = [...this.#files.keys()].filter((name) => numberOf(name) !== undefined).sort()
    const writes: FoundWrite[] = []
    let reading = { name: '', start: 0 }
    const scanner = new LogScanner(
      crc32,
      (body, number) => {
        const offset = body.byteOffset - reading.start - headerBytes
        writes.push({ number, file: reading.name, offset, body })
      },
      this.#log,
    )
    for (const [at, name] of names.entries()) {
      const { content } = this.#fileOf(name)
      reading = { name, start: content.byteOffset }
      scanner.scan(name, content, names[at + 1])
    }
    scanner.finish(this.#noted)
    const { tail, damages, next } = scanner
    const isDamaged = damages.length > 0
    if (isDamaged && !this.isRotten)
      throw new Violation('disk', `damage is seen where there is none: ${JSON.stringify(damages)}`)
    if (!isDamaged) this.#expectFinished(writes)
    if (tail !== undefined && !isDamaged) {
      const file = this.#fileOf(tail.file)
      this.#cut = { file: tail.file, bytes: file.content.subarray(tail.offset) }
      file.content = file.content.subarray(0, tail.offset)
    }
    const file = names.at(-1)
    const bytes = file === undefined ? 0 : this.#fileOf(file).length
    return { writes, start: { file, bytes, next, files: names }, isDamaged }
  }

  /** What a node reads when it starts is durable, though nobody was told, and noted. */
  adopt(writes: readonly FoundWrite[]): void {
    for (const { number, file, offset, body } of writes) {
      if (number <= this.#finished.length) continue
      this.#finished.push({ file, offset, bytes: headerBytes + body.length, checksum: crc32(body) })
      this.#onDurable(body)
    }
    this.#noted = this.#finished.length
  }

  /** Changes or loses something that is durable, and noted or with a later write behind it; false while there is nothing. */
  rot(): boolean {
    const known = Math.max(this.#noted, this.#finished.length - 1)
    const found = this.#dice.pick(this.#finished.slice(0, known).filter(({ file }) => this.#files.has(file)))
    if (found === undefined) return false
    this.isRotten = true
    if (this.#noted > 0 && this.#dice.chance(0.3)) this.#loseEnd()
    else this.#change(found)
    return true
  }

  /** From a write that is noted on, everything is gone: the last file is shorter, or missing. */
  #loseEnd(): void {
    const { file, offset } = this.#finished[this.#noted - 1] ?? { file: '', offset: 0 }
    for (const name of this.#files.keys()) if (name > file) this.#files.delete(name)
    if (offset === 0) this.#files.delete(file)
    else this.#fileOf(file).content = this.#fileOf(file).content.subarray(0, offset)
  }

  #change({ file, offset, bytes }: Finished): void {
    const content = Buffer.from(this.#fileOf(file).content)
    if (this.#dice.chance(0.5)) {
      const at = offset + this.#dice.whole(0, bytes - 1)
      content[at] = (content[at] ?? 0) ^ (1 << this.#dice.whole(0, 7))
    } else {
      // What was meant for another place.
      const strange = Buffer.alloc(Math.min(bytes, this.#dice.whole(16, 4096)), 0xa5)
      strange.copy(content, offset)
    }
    this.#fileOf(file).content = content
  }

  #endWrite(): void {
    const pending = this.#pending
    this.#pending = undefined
    const reached = pending === undefined ? undefined : this.#tear(pending)
    const file = pending?.file ?? this.#cut?.file
    if (file === undefined) return
    if (this.#cut?.file !== file || this.#dice.chance(0.5)) {
      if (reached !== undefined) this.#fileOf(file).append(reached)
      return
    }
    // What was cut off is there again, under what was written since.
    const { bytes } = this.#cut
    const mixed = Buffer.concat([reached ?? Buffer.alloc(0), bytes.subarray(reached?.length ?? 0)])
    this.#fileOf(file).append(mixed)
  }

  #latencyMs(): number {
    const { writeMinMs, writeMaxMs, slowWrites } = this.#plan
    const usual = this.#dice.between(writeMinMs, writeMaxMs)
    const isSlow = this.isSlow || this.#dice.chance(slowWrites)
    return isSlow ? usual + this.#dice.between(50, slowWriteMsMax) : usual
  }

  #refuse(onDone: (failure: unknown) => void): void {
    this.failsNext = false
    this.crash()
    onDone(new Error(this.isFull ? 'ENOSPC' : 'EIO'))
  }

  #finish({ file, bytes }: Pending): void {
    const body = bytes.subarray(headerBytes)
    if (!this.#files.has(file)) this.#removed = []
    const offset = this.#fileOf(file).length
    this.#fileOf(file).append(bytes)
    this.#cut = undefined
    this.#finished.push({ file, offset, bytes: bytes.length, checksum: crc32(body) })
    this.#onDurable(body)
  }

  #tear({ file, bytes }: Pending): Buffer | undefined {
    const way = this.#dice.whole(1, 10)
    if (way <= 2) return undefined
    if (way <= 4) return bytes
    if (way <= 7) return bytes.subarray(0, this.#dice.whole(0, bytes.length))
    const pageBytes = this.#dice.pick(pageSizes) ?? 512
    const torn = Buffer.from(bytes)
    const start = this.#fileOf(file).length
    for (let page = start - (start % pageBytes); page < start + bytes.length; page += pageBytes) {
      if (this.#dice.chance(0.5)) continue
      torn.fill(0, Math.max(0, page - start), Math.min(bytes.length, page - start + pageBytes))
    }
    return torn
  }

  /** Whatever was reported as durable must be what is read. */
  #expectFinished(writes: readonly FoundWrite[]): void {
    const found = new Map(writes.map(({ number, body }) => [number, crc32(body)]))
    for (const [at, { file, checksum }] of this.#finished.entries()) {
      const read = found.get(at + 1)
      if (read === checksum || !this.#files.has(file)) continue
      throw new Violation('disk', `write ${at + 1} was durable, and ${read ? 'is another' : 'is not read'}`)
    }
    if (this.isRotten) throw new Violation('disk', 'damage was not noticed')
  }

  #fileOf(name: string): GrowingFile {
    let file = this.#files.get(name)
    if (file === undefined) {
      file = new GrowingFile()
      this.#files.set(name, file)
    }
    return file
  }
}
