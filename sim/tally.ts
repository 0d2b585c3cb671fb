// Counts what happened, for the report, and folds every event into a hash, so that two runs of a seed can be compared.

export class Tally {
  readonly counts: Map<string, number> = new Map()
  #high = 0x811c9dc5
  #low = 0x9dc5811c

  count(what: string, by: number = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + by)
  }

  /** Folds an event into the trace hash. */
  trace(time: number, ...facts: readonly (string | number)[]): void {
    this.#mix(time * 1000)
    for (const fact of facts) {
      if (typeof fact === 'number') this.#mix(fact)
      else for (let index = 0; index < fact.length; index++) this.#mix(fact.charCodeAt(index))
    }
  }

  /** 64 bits in hexadecimal. */
  get hash(): string {
    return [this.#high, this.#low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #mix(value: number): void {
    this.#high = Math.imul(this.#high ^ (value >>> 0), 0x01000193)
    this.#low = Math.imul(this.#low ^ Math.floor(value / 65536) ^ this.#high, 0x85ebca6b)
    this.#low ^= this.#low >>> 13
  }
}
