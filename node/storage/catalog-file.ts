// What the cluster knows together and every node keeps for itself: stream definitions and the cursors of named
// subscriptions, as entries of a last-writer-wins table. This file knows keys and versions, not what the values mean.

import { join } from 'node:path'
import { HeraldError } from '../core/common/errors.ts'
import { isRecord, isSequence } from './saved-vectors.ts'
import { readSealedFile, toSealedText } from './sealed-file.ts'
import { LatestFile } from './whole-file.ts'

const fileName = 'catalog.json'

/** One entry; of two with the same key `Catalog` says which counts. */
export interface CatalogEntry {
  readonly key: string
  /** Any JSON value. */
  readonly value: unknown
  readonly version: number
  /** The node that wrote this version. */
  readonly by: string
}

/** Writes the file, however often it is asked, one write at a time. */
export class CatalogFile {
  readonly #file: LatestFile

  constructor(dataDirectory: string) {
    this.#file = new LatestFile(join(dataDirectory, fileName))
  }

  /** Saves what `toSaved` says at the moment of writing; resolves when that, or something later, is on disk. */
  async save(toSaved: () => readonly CatalogEntry[]): Promise<void> {
    await this.#file.save(() => toText(toSaved()))
  }
}

/** The entries as they were saved last; none if there is no file. Throws DATA_DAMAGED and DISK_FAILED. */
export async function readCatalog(dataDirectory: string): Promise<readonly CatalogEntry[]> {
  const path = join(dataDirectory, fileName)
  const value = await readSealedFile(path)
  if (value === undefined) return []
  const entries = toEntries(value)
  if (entries === undefined) throw new HeraldError('DATA_DAMAGED', `${path} is not a list of entries`)
  return entries
}

function toText(entries: readonly CatalogEntry[]): string {
  return toSealedText({ v: 1, entries })
}

function toEntries(value: unknown): readonly CatalogEntry[] | undefined {
  if (!isRecord(value) || value['v'] !== 1 || !Array.isArray(value['entries'])) return undefined
  const entries: CatalogEntry[] = []
  for (const item of value['entries']) {
    if (!isRecord(item)) return undefined
    const { key, value: content, version, by } = item
    if (typeof key !== 'string' || typeof by !== 'string' || !isSequence(version)) return undefined
    entries.push({ key, value: content, version, by })
  }
  return entries
}
