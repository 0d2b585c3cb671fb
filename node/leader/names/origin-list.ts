// Origins in the state of a floor: each stands there once, and vectors name it by its place.

import type { Origin } from '../../core/common/ids.ts'

export type ToNumber = (origin: Origin) => number

export class OriginList {
  readonly #numbers = new Map<Origin, number>()

  get origins(): readonly Origin[] {
    return [...this.#numbers.keys()]
  }

  readonly numberOf: ToNumber = (origin) => {
    const number = this.#numbers.get(origin) ?? this.#numbers.size
    this.#numbers.set(origin, number)
    return number
  }
}

/** Reads pairs of a place in the list and a sequence; undefined if they are something else. */
export function readVector(pairs: unknown, origins: readonly Origin[]): Map<Origin, number> | undefined {
  if (!Array.isArray(pairs)) return undefined
  const vector = new Map<Origin, number>()
  for (const pair of pairs as readonly unknown[]) {
    const [number, sequence] = Array.isArray(pair) ? (pair as readonly unknown[]) : []
    const origin = typeof number === 'number' ? origins[number] : undefined
    if (origin === undefined || typeof sequence !== 'number' || !Number.isSafeInteger(sequence))
      return undefined
    vector.set(origin, sequence)
  }
  return vector
}
