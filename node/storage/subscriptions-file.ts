// The node's own subscriptions in `subscriptions.json`: what it subscribed to and what it has received, so that it
// resumes after a restart without loss or repeat. The file is saved now and then with the place in the journal up to
// which it is certainly complete; the journal after that place tells the rest.

import { join } from 'node:path'
import { HeraldError } from '../core/common/errors.ts'
import type { EndLine } from '../core/common/journal-lines.ts'
import type { JournalPosition } from './journal-files.ts'
import { findOpenSubscriptions, recoverVectors } from './journal-recovery.ts'
import {
  fromVectorsValue,
  isRecord,
  isSequence,
  mergeVectors,
  toVectorsValue,
  type Vectors,
} from './saved-vectors.ts'
import { readSealedFile, toSealedText } from './sealed-file.ts'
import { LatestFile } from './whole-file.ts'

const fileName = 'subscriptions.json'

/** One subscription of the node itself. */
export interface SavedSubscription {
  /** Unique within the cluster; the same before and after a restart. */
  readonly sub: string
  readonly patterns: readonly string[]
  /** When it was made, milliseconds since 1970. */
  readonly since: number
  readonly vectors: Vectors
}

/** The content of the file. */
export interface SavedSubscriptions {
  readonly subscriptions: readonly SavedSubscription[]
  /** Every journal line before this place is contained in the vectors. */
  readonly journal: JournalPosition | undefined
}

/** Writes the file, however often it is asked, one write at a time. */
export class SubscriptionsFile {
  readonly #file: LatestFile

  constructor(dataDirectory: string) {
    this.#file = new LatestFile(join(dataDirectory, fileName))
  }

  /**
   * Saves what `toState` says at the moment of writing; resolves when that, or something later, is on disk.
   * `toState` must take the journal's position and the vectors in the same turn.
   */
  async save(toState: () => SavedSubscriptions): Promise<void> {
    await this.#file.save(() => toText(toState()))
  }
}

/** What the node had subscribed to when it stopped, however it stopped. */
export interface RecoveredSubscriptions {
  readonly subscriptions: readonly SavedSubscription[]
  readonly tornLines: number
  /** Whether there is a file. */
  readonly isSaved: boolean
}

/** The node's subscriptions as they were when it stopped. Throws DATA_DAMAGED and DISK_FAILED. */
export async function recoverSubscriptions(
  dataDirectory: string,
  journalDirectory: string,
): Promise<RecoveredSubscriptions> {
  const saved = await readSubscriptions(dataDirectory)
  if (saved === undefined) return { subscriptions: [], tornLines: 0, isSaved: false }
  if (saved.subscriptions.length === 0) return { subscriptions: [], tornLines: 0, isSaved: true }
  const subs = new Set(saved.subscriptions.map((subscription) => subscription.sub))
  const recovered = await recoverVectors({ directory: journalDirectory, after: saved.journal, subs })
  const subscriptions = saved.subscriptions.map((subscription) => {
    const after = recovered.vectors.get(subscription.sub) ?? new Map()
    return { ...subscription, vectors: mergeVectors(subscription.vectors, after) }
  })
  return { subscriptions, tornLines: recovered.tornLines, isSaved: true }
}

/**
 * What the journal says of the node's subscriptions that went with their file: they are over, and the journal must say so, or
 * `check` waits for what they get. Reads the whole journal.
 */
export async function findForgotten(journalDirectory: string, at: number): Promise<readonly EndLine[]> {
  const open = await findOpenSubscriptions(journalDirectory)
  const subs = new Set(open.keys())
  const { vectors } = await recoverVectors({ directory: journalDirectory, after: undefined, subs })
  return [...open].flatMap(([sub, streams]) =>
    Array.from(streams, (stream): EndLine => {
      const seqs = Object.fromEntries(vectors.get(sub)?.get(stream) ?? [])
      return { t: 'end', at, sub, stream, seqs }
    }),
  )
}

/** The file alone, without the journal; undefined where there is none. Throws DATA_DAMAGED and DISK_FAILED. */
export async function readSubscriptions(dataDirectory: string): Promise<SavedSubscriptions | undefined> {
  const path = join(dataDirectory, fileName)
  const value = await readSealedFile(path)
  if (value === undefined) return undefined
  const saved = fromValue(value)
  if (saved === undefined) throw new HeraldError('DATA_DAMAGED', `${path} is not a list of subscriptions`)
  return saved
}

function toText(state: SavedSubscriptions): string {
  const subscriptions = state.subscriptions.map(({ sub, patterns, since, vectors }) => {
    return { sub, patterns, since, vectors: toVectorsValue(vectors) }
  })
  return toSealedText({ v: 1, journal: state.journal, subscriptions })
}

function fromValue(value: unknown): SavedSubscriptions | undefined {
  if (!isRecord(value) || value['v'] !== 1 || !Array.isArray(value['subscriptions'])) return undefined
  const subscriptions: SavedSubscription[] = []
  for (const item of value['subscriptions']) {
    const subscription = fromSubscriptionValue(item)
    if (subscription === undefined) return undefined
    subscriptions.push(subscription)
  }
  return { subscriptions, journal: fromPositionValue(value['journal']) }
}

function fromSubscriptionValue(value: unknown): SavedSubscription | undefined {
  if (!isRecord(value)) return undefined
  const { sub, patterns, since } = value
  const vectors = fromVectorsValue(value['vectors'])
  if (typeof sub !== 'string' || typeof since !== 'number' || vectors === undefined) return undefined
  if (!Array.isArray(patterns) || !patterns.every((pattern) => typeof pattern === 'string')) return undefined
  return { sub, patterns, since, vectors }
}

/** A position that does not read as one means "from the beginning": slower, and right. */
function fromPositionValue(value: unknown): JournalPosition | undefined {
  if (!isRecord(value)) return undefined
  const { file, offset } = value
  return isSequence(file) && isSequence(offset) ? { file, offset } : undefined
}
