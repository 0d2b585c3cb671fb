// Last acknowledged sequences by origin, which only ever grow.

import type { Origin } from '../../core/common/ids.ts'
import type { Vector } from './command.ts'

/** Origins that are kept of one vector; those that have not moved for longest are left out beyond it. */
export const originsMax = 128

/** Whether a vector says nothing that another one does not. */
export function covers(known: Vector | undefined, vector: Vector): boolean {
  return known !== undefined && changesTo(known, vector).size === 0
}

/** What of a vector is ahead of another one. */
export function changesTo(known: Vector | undefined, vector: Vector): Map<Origin, number> {
  return new Map([...vector].filter(([origin, sequence]) => sequence > (known?.get(origin) ?? -1)))
}

/** What is behind either; where that are too many origins, without those that have not moved for longest. */
export function mergeVectors(known: Vector | undefined, vector: Vector): Map<Origin, number> {
  const changes = changesTo(known, vector)
  const merged = new Map([...[...(known ?? [])].filter(([origin]) => !changes.has(origin)), ...changes])
  for (const origin of merged.keys()) {
    if (merged.size <= originsMax) break
    merged.delete(origin)
  }
  return merged
}

/** Streams and names have no space. */
export function toKey(stream: string, name: string): string {
  return `${stream} ${name}`
}
