// The configurations that a search has entered (Lowe 2017, section 3): the set of operations that have taken effect, how far the
// log is filled then, and what it ends with. Compared whole: a hash alone could hide an order that exists.

import type { LogState } from './log-model.ts'

/** 16-bit words: their texts are keys that a Map compares exactly. */
const wordBits = 16
/** Guess: far below what a process has. A set that is full keeps what it has; the search is then slower, and bounded by its steps. */
const keyBytesMax = 256 * 2 ** 20
/** A function takes so many arguments on every engine. */
const chunkWords = 4_096

export class ConfigurationSet {
  readonly #words: Uint16Array
  readonly #known = new Set<string>()
  #keyBytes = 0

  constructor(operations: number) {
    this.#words = new Uint16Array(Math.ceil(operations / wordBits))
  }

  include(operation: number): void {
    const word = Math.floor(operation / wordBits)
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (operation % wordBits))
  }

  exclude(operation: number): void {
    const word = Math.floor(operation / wordBits)
    this.#words[word] = (this.#words[word] ?? 0) & ~(1 << (operation % wordBits))
  }

  /** False if the present set was entered before with the same log. */
  tryEnter(state: LogState): boolean {
    const key = this.#toKey(state)
    if (this.#known.has(key)) return false
    if (this.#keyBytes + 2 * key.length > keyBytesMax) return true
    this.#keyBytes += 2 * key.length
    this.#known.add(key)
    return true
  }

  /** The words have a fixed length, so that no two configurations have the same text. */
  #toKey({ filled, value }: LogState): string {
    const parts: string[] = []
    for (let start = 0; start < this.#words.length; start += chunkWords)
      parts.push(String.fromCharCode(...this.#words.subarray(start, start + chunkWords)))
    return `${parts.join('')}${filled} ${value ?? ''}`
  }
}
