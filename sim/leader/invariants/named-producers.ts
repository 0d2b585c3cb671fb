// A named producer's sequence is stored at most once; what passes by as a copy is stored; and what a producer is told to be stored is, where it
// is told. Worked out from committed entries with plain sets, which forget nothing.

import type { StreamId } from '../../../node/core/common/ids.ts'
import type { Placed } from '../../../node/leader/submissions.ts'
import { batchCount } from '../../../node/wire/batch-header.ts'
import { batchProducer } from '../../../node/wire/batch-producer.ts'
import { Violation } from '../../run.ts'
import type { DurableEntry } from '../durable-log.ts'
import type { Publication } from '../publications.ts'
import type { LeaderInvariant, LeaderWorld } from '../world.ts'

export class NamedProducers implements LeaderInvariant {
  readonly name = 'named producers'
  readonly #world: LeaderWorld
  /** By stream and producer, the offset of each sequence. */
  readonly #stored = new Map<string, Map<number, number>>()

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  /** Comes behind the order, which knows what the entry has placed. */
  onCommitted(group: number, { index, data }: DurableEntry): void {
    const placing = this.#world.order.placedBy(group, index)
    const producer = placing === undefined ? undefined : batchProducer(data)
    if (placing === undefined || producer === undefined) return
    const stored = this.#storedOf(placing.stream, producer.name)
    const { tally } = this.#world
    tally.count(placing.isVoid ? 'copies passed' : 'messages stored of producers', placing.count)
    for (let nth = 0; nth < batchCount(data); nth++) {
      const sequence = producer.sequence + nth
      const what = `${producer.name} ${sequence}`
      if (placing.isVoid && !stored.has(sequence))
        throw new Violation(this.name, `${what} passes by as a copy and is not stored`)
      if (placing.isVoid) continue
      if (stored.has(sequence))
        throw new Violation(this.name, `${what} is stored at ${stored.get(sequence)}, and again`)
      stored.set(sequence, placing.offset + nth)
    }
  }

  onPlaced({ stream, from, to, named }: Publication, placed: Placed | undefined): void {
    if (named === undefined || placed === undefined) return
    const { name, sequence } = named.producer
    const stored = this.#storedOf(stream, name)
    const records = to - from + 1
    const { epoch, offset, parts = [{ kind: 'new', records, epoch, offset }] } = placed
    const offsets = parts.flatMap(({ kind, offset: first, records: count }) => {
      if (kind === 'old') throw new Violation(this.name, `${name} ${sequence} is told to be too old`)
      return Array.from({ length: count }, (_, at) => (first === 0 ? 0 : first + at))
    })
    // Where a floor stood for the beginning of a batch that was cut, nobody here knows which parts these are.
    const isWhole = offsets.length === records
    for (let nth = 0; nth < records; nth++) {
      const place = stored.get(sequence + nth)
      const told = isWhole ? offsets[nth] : 0
      const what = `${name} ${sequence + nth} is told to be stored`
      if (place === undefined) throw new Violation(this.name, `${what}, and is not`)
      if (told !== 0 && told !== place)
        throw new Violation(this.name, `${what} at ${told}, and is at ${place}`)
    }
  }

  #storedOf(stream: StreamId, name: string): Map<number, number> {
    const key = `${stream} ${name}`
    const known = this.#stored.get(key) ?? new Map<number, number>()
    this.#stored.set(key, known)
    return known
  }
}
