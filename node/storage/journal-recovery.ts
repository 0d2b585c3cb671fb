// Reads back from the journal what node subscriptions have received since a checkpoint. For a subscription of the
// node itself the journal is the receipt: what stands in it was delivered, and what does not stand in it is delivered
// again after a restart and then stands in it once. That holds after kill -9, when files saved now and then are older.

import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { readSeal } from '../core/common/line-seal.ts'
import { type JournalPosition, listJournalFiles, toJournalFileName } from './journal-files.ts'
import { isRecord, isSequence, type MutableVectors, raiseVector } from './saved-vectors.ts'

/** Longer lines are skipped; the longest that the writer makes has 512 topics of 255 bytes and 4,096 run lengths. */
const lineCharactersMax = 1024 * 1024

export interface RecoverVectorsOptions {
  /** The journal's folder. */
  readonly directory: string
  /** Where to begin; undefined for the oldest line there is. */
  readonly after: JournalPosition | undefined
  /** Subscriptions to look for. */
  readonly subs: ReadonlySet<string>
}

export interface RecoveredVectors {
  /** subscription -> what it has passed; to be merged with the checkpoint by taking the higher. */
  readonly vectors: ReadonlyMap<string, MutableVectors>
  /** Lines that are not whole JSON, as a crash leaves them, or not what was written. */
  readonly tornLines: number
}

/** The last sequence per subscription, stream and origin that the journal knows after a checkpoint. */
export async function recoverVectors(options: RecoverVectorsOptions): Promise<RecoveredVectors> {
  const vectors = new Map<string, MutableVectors>()
  for (const sub of options.subs) vectors.set(sub, new Map())
  let tornLines = 0
  const after = options.after ?? { file: 0, offset: 0 }
  for (const file of await listJournalFiles(options.directory)) {
    if (file < after.file) continue
    const path = join(options.directory, toJournalFileName(file))
    for await (const line of readLines(path, file === after.file ? after.offset : 0)) {
      if (!applyLine(vectors, line)) tornLines++
    }
  }
  return { vectors, tornLines }
}

/** The node's own subscriptions that began in the journal and did not end in it, with their streams. */
export async function findOpenSubscriptions(directory: string): Promise<ReadonlyMap<string, Set<string>>> {
  const open = new Map<string, Set<string>>()
  for (const file of await listJournalFiles(directory)) {
    for await (const text of readLines(join(directory, toJournalFileName(file)), 0)) {
      const { t, kind, sub, stream } = readLine(text) ?? {}
      if (typeof sub !== 'string' || typeof stream !== 'string') continue
      if (t === 'sub' && kind === 'node') childSet(open, sub).add(stream)
      else if (t === 'end') open.get(sub)?.delete(stream)
    }
  }
  return open
}

function childSet(sets: Map<string, Set<string>>, key: string): Set<string> {
  const set = sets.get(key) ?? new Set()
  sets.set(key, set)
  return set
}

/** Undefined for a line that is torn, or not what was written. */
function readLine(text: string): Readonly<Record<string, unknown>> | undefined {
  if (readSeal(text) === 'broken') return undefined
  try {
    const line: unknown = JSON.parse(text)
    return isRecord(line) ? line : undefined
  } catch {
    return undefined
  }
}

/** False if the line cannot be read. */
function applyLine(vectors: ReadonlyMap<string, MutableVectors>, text: string): boolean {
  const line = readLine(text)
  if (line === undefined) return false
  const { t, sub, stream, origin, to, seq } = line
  if (typeof sub !== 'string' || typeof stream !== 'string' || typeof origin !== 'string') return true
  const passed = t === 'base' ? seq : t === 'got' || t === 'gap' ? to : undefined
  const known = vectors.get(sub)
  if (known !== undefined && isSequence(passed)) raiseVector(known, stream, origin, passed)
  return true
}

/** Lines of a file from a place on, the last one also without its end. */
async function* readLines(path: string, start: number): AsyncGenerator<string> {
  let rest = ''
  let isSkipping = false
  const stream = createReadStream(path, { start, encoding: 'utf8', highWaterMark: 256 * 1024 })
  for await (const piece of stream) {
    const lines = `${rest}${String(piece)}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (isSkipping) isSkipping = false
      else if (line !== '') yield line
    }
    if (rest.length > lineCharactersMax) {
      isSkipping = true
      rest = ''
    }
  }
  if (rest !== '' && !isSkipping) yield rest
}
