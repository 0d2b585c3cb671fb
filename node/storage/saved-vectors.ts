// Vectors on disk: for every stream, the last delivered sequence of every origin. Kept as maps in memory, because
// stream and origin names come from outside, and as plain objects in files.

import { childMap } from './nested-map.ts'

/** stream -> origin -> last delivered sequence. */
export type Vectors = ReadonlyMap<string, ReadonlyMap<string, number>>

/** The same, to be changed. */
export type MutableVectors = Map<string, Map<string, number>>

/** Raises one entry; a lower sequence than the known one changes nothing. */
export function raiseVector(vectors: MutableVectors, stream: string, origin: string, sequence: number): void {
  const origins = childMap(vectors, stream)
  origins.set(origin, Math.max(origins.get(origin) ?? 0, sequence))
}

/** For every entry the higher of both. */
export function mergeVectors(left: Vectors, right: Vectors): MutableVectors {
  const merged: MutableVectors = new Map()
  for (const vectors of [left, right]) {
    for (const [stream, origins] of vectors) {
      for (const [origin, sequence] of origins) raiseVector(merged, stream, origin, sequence)
    }
  }
  return merged
}

/** The form in files. */
export function toVectorsValue(vectors: Vectors): Record<string, Record<string, number>> {
  return Object.fromEntries([...vectors].map(([stream, origins]) => [stream, Object.fromEntries(origins)]))
}

/** Reads the form in files; undefined if the value is not one. */
export function fromVectorsValue(value: unknown): MutableVectors | undefined {
  if (!isRecord(value)) return undefined
  const vectors: MutableVectors = new Map()
  for (const [stream, origins] of Object.entries(value)) {
    if (!isRecord(origins)) return undefined
    const entries = new Map<string, number>()
    for (const [origin, sequence] of Object.entries(origins)) {
      if (!isSequence(sequence)) return undefined
      entries.set(origin, sequence)
    }
    vectors.set(stream, entries)
  }
  return vectors
}

/** True for a sequence, or 0 for "none yet". */
export function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** True for a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
