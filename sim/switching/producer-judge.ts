// Named producers across changes of the mode: what a stream has stored in leader mode, in whatever epoch, it stores in no later one again; what passes
// by as a copy is stored; and what a producer is told to be stored in leader mode is, where it is told. Gossip mode compares nothing.

import { toStreamId } from '../../node/core/common/ids.ts'
import type { ProducerTag } from '../../node/wire/batch-producer.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import { Violation } from '../run.ts'
import type { Tally } from '../tally.ts'

export class ProducerJudge {
  readonly #tally: Tally
  /** By stream and producer, the offset of each sequence; it forgets nothing. */
  readonly #stored = new Map<string, Map<number, number>>()

  constructor(tally: Tally) {
    this.#tally = tally
  }

  /** Committed: sequences from the tag's on, stored from `offset` on, or copies, with offset 0. */
  onCommitted(stream: string, { name, sequence }: ProducerTag, count: number, offset: number): void {
    const stored = this.#storedOf(stream, name)
    this.#tally.count(offset === 0 ? 'copies passed' : 'messages stored of producers', count)
    for (let nth = 0; nth < count; nth++) {
      const what = `${stream}: ${name} ${sequence + nth}`
      const before = stored.get(sequence + nth)
      if (offset === 0 && before === undefined) this.#fail(`${what} passes by as a copy, and is not stored`)
      if (offset > 0 && before !== undefined) this.#fail(`${what} is stored at ${before}, and again`)
      if (offset > 0) stored.set(sequence + nth, offset + nth)
    }
  }

  /** A producer is told what became of its publication. */
  onOutcome(stream: string, { name, sequence }: ProducerTag, outcome: PublishOutcome): void {
    if (outcome.status !== 'stored') return
    const stored = this.#storedOf(stream, name)
    let at = sequence
    for (const { records, offset, isDuplicate = false, stream: id } of outcome.runs) {
      const end = at + records
      for (let nth = 0; at < end; at++, nth++) {
        const place = stored.get(at)
        const what = `${stream}: ${name} ${at} is told to be stored`
        if (id !== toStreamId(stream)) this.#fail(`${what} on another stream`)
        if (place === undefined && (isDuplicate || offset > 0)) this.#fail(`${what}, and is not`)
        if (offset > 0 && place !== offset + nth) this.#fail(`${what} at ${offset + nth}, and is at ${place}`)
      }
    }
  }

  #storedOf(stream: string, name: string): Map<number, number> {
    const key = `${stream} ${name}`
    const known = this.#stored.get(key) ?? new Map<number, number>()
    this.#stored.set(key, known)
    return known
  }

  #fail(what: string): void {
    throw new Violation('named producers', what)
  }
}
