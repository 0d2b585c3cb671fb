// Reads of one group on this node: who asks hears when everything that was committed by then is applied here. A read that got no answer
// is asked for again under another number: the answer to an old one may say less than it must (etcd issue 20418).

import type { Boot } from '../core/common/ids.ts'

/** A read without an answer is asked for again after so long, milliseconds. */
const askAgainMs = 500
/** And after so long nobody is asked any more: whoever waits goes on with what there is. */
const giveUpMs = 2000
/** Numbers of one boot; those of boots lie apart. */
const requestsMax = 2 ** 32

interface Read {
  /** Hears whether everything that it must see is applied; false where that could not be found out. */
  readonly callback: (isCurrent: boolean) => void
  readonly since: number
  askedAt: number
  /** Applied up to here it may go on; undefined while there is no answer. */
  index: number | undefined
}

export class Reads {
  readonly #now: () => number
  readonly #request: (request: number) => void
  readonly #firstRequest: number
  #requests = 0
  readonly #reads = new Map<number, Read>()

  /** `request` asks the group's leader for a read under a number, which may come to nothing. */
  constructor(boot: Boot, now: () => number, request: (request: number) => void) {
    this.#now = now
    this.#request = request
    this.#firstRequest = (boot % 2 ** 20) * requestsMax
  }

  /** Calls back once everything that is committed now is applied, or when that could not be found out, `since` somebody waits for it. */
  ask(callback: (isCurrent: boolean) => void, since: number = this.#now()): void {
    this.#ask({ callback, since, askedAt: 0, index: undefined })
  }

  onAnswer(request: number, index: number): void {
    const read = this.#reads.get(request)
    if (read !== undefined) read.index = index
  }

  /** Everything up to an index is applied. */
  onApplied(applied: number): void {
    for (const [request, read] of this.#reads)
      if (read.index !== undefined && read.index <= applied) this.#finish(request, read, true)
  }

  tick(): void {
    const now = this.#now()
    for (const [request, read] of [...this.#reads]) {
      if (now - read.since > giveUpMs) this.#finish(request, read, false)
      else if (read.index === undefined && now - read.askedAt > askAgainMs) {
        this.#reads.delete(request)
        this.#ask(read)
      }
    }
  }

  #ask(read: Read): void {
    const request = this.#firstRequest + this.#requests++
    read.askedAt = this.#now()
    this.#reads.set(request, read)
    this.#request(request)
  }

  #finish(request: number, { callback }: Read, isCurrent: boolean): void {
    this.#reads.delete(request)
    callback(isCurrent)
  }
}
