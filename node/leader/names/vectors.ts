// Last acknowledged sequences by origin, which only ever grow.

import type { Origin } from '../../core/common/ids.ts'
import type { Vector } from './command.ts'

/** Origins that one vector may name: every restart of a publisher's node brings one. */
export const originsMax = 4096
/** The same of all names and queues together: their state is 1 to 5 MB then, and is put into words at once. */
export const positionsMax = 65_536

/** How many origins may come to a vector, where all vectors together name so many. */
export function roomIn(known: Vector | undefined, positions: number): number {
  return Math.max(0, Math.min(originsMax - (known?.size ?? 0), positionsMax - positions))
}

/** What of a vector is ahead of another one. */
export function changesTo(known: Vector | undefined, vector: Vector): Map<Origin, number> {
  return new Map([...vector].filter(([origin, sequence]) => sequence > (known?.get(origin) ?? -1)))
}

/** The same, with no more origins that are new than there is room for: whoever is left out would count as 0. */
export function fittingChanges(known: Vector | undefined, vector: Vector, room: number): Map<Origin, number> {
  let left = room
  const changes = [...changesTo(known, vector)]
  return new Map(changes.filter(([origin]) => known?.has(origin) === true || left-- > 0))
}

/** What is behind either, as far as there is room. */
export function mergeVectors(known: Vector | undefined, vector: Vector, room: number): Map<Origin, number> {
  return new Map([...(known ?? []), ...fittingChanges(known, vector, room)])
}

/** Streams and names have no space. */
export function toKey(stream: string, name: string): string {
  return `${stream} ${name}`
}
