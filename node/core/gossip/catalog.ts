// Small facts that every node ends up agreeing on: stream definitions and the cursors of named subscriptions.
// Last writer wins by (stream, version, node, value): merging is commutative, associative and idempotent, so any order and any
// repetition of messages leads to the same table. A removed entry stays as one with an undefined value. The value decides only
// when a node wrote twice under one version, because it lost its file in between. Streams of one name follow each other: see `orderOf`.

import type { NodeId } from '../common/ids.ts'

export interface CatalogEntry {
  /** `stream:NAME` or `cursor:NAME`. */
  readonly key: string
  /** JSON value; absent when removed. */
  readonly value?: unknown
  readonly version: number
  /** The node that wrote it. */
  readonly by: NodeId
}

/** Entries a catalog may have; a new key beyond it is refused, and `CatalogExchange` counts that. */
export const catalogEntriesMax = 10_000
/** Of these, so many are kept free for streams: names of subscriptions come from clients, streams from the operator. */
const streamEntriesKept = 1000

export class Catalog {
  readonly #entries = new Map<string, CatalogEntry>()
  #hash = 0

  /** Order-independent hash of all entries: equal on two nodes that agree. */
  get hash(): number {
    return this.#hash
  }

  get(key: string): CatalogEntry | undefined {
    return this.#entries.get(key)
  }

  entries(): IterableIterator<CatalogEntry> {
    return this.#entries.values()
  }

  /** Whether an entry of this key may be written: it is here already, or there is room for one more. */
  hasRoomFor(key: string): boolean {
    if (this.#entries.has(key)) return true
    const kept = key.startsWith('stream:') ? 0 : streamEntriesKept
    return this.#entries.size < catalogEntriesMax - kept
  }

  /** Writes a value as this node; undefined removes. Returns the entry to be told to the others, if there is room for it. */
  write(key: string, value: unknown, by: NodeId): CatalogEntry | undefined {
    if (!this.hasRoomFor(key)) return undefined
    const version = (this.#entries.get(key)?.version ?? 0) + 1
    const entry: CatalogEntry = value === undefined ? { key, version, by } : { key, value, version, by }
    this.#put(entry)
    return entry
  }

  /** Takes another node's entry, if there is room for it; true if it is newer than what was here. */
  merge(entry: CatalogEntry): boolean {
    const mine = this.#entries.get(entry.key)
    if (!this.hasRoomFor(entry.key)) return false
    if (mine !== undefined && !isNewer(entry, mine)) return false
    this.#put(entry)
    return true
  }

  #put(entry: CatalogEntry): void {
    const before = this.#entries.get(entry.key)
    if (before !== undefined) this.#hash = (this.#hash ^ hashEntry(before)) >>> 0
    this.#hash = (this.#hash ^ hashEntry(entry)) >>> 0
    this.#entries.set(entry.key, entry)
  }
}

function isNewer(entry: CatalogEntry, than: CatalogEntry): boolean {
  const [one, other] = [orderOf(entry), orderOf(than)]
  const at = one.findIndex((part, nth) => part !== other[nth])
  if (at >= 0) return (one[at] ?? 0) > (other[at] ?? 0)
  if (entry.by !== than.by) return entry.by > than.by
  return toText(entry.value) > toText(than.value)
}

/**
 * What decides first, the most important first. Who removes a stream has dropped what it had, up to the offset `behind`, and nobody can bring that back:
 * so a removal ends the stream that it is of, whatever was changed of that meanwhile, and of two at once the one that has dropped most is right.
 * One that is made again is another stream, and says with `made` in which version it was made, as its removal does.
 */
function orderOf({ key, value, version }: CatalogEntry): readonly number[] {
  if (!key.startsWith('stream:')) return [0, 0, 0, version]
  const { removed, behind, made } = Object(value) as Partial<Record<'removed' | 'behind' | 'made', unknown>>
  return [toCount(made), removed === true ? 1 : 0, toCount(behind), version]
}

function toCount(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : 0
}

function hashEntry(entry: CatalogEntry): number {
  return hashText(`${entry.key}\n${entry.version}\n${entry.by}\n${toText(entry.value)}`)
}

function toText(value: unknown): string {
  return JSON.stringify(value) ?? ''
}

/** FNV-1a over UTF-16 code units with a final mix, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
