// What a group knows of the named producers of its streams: which of their sequences are stored, so that a retry is told from something new.
// It follows from the entries of the log alone, so that every member has the same behind the same entry, also what it has forgotten.
//
// The last sequence would not do. A publication whose outcome was unknown may be retried when later ones are stored: below the last sequence
// are what is stored and what never came, and only ranges tell the two apart.

import type { Boot } from '../core/common/ids.ts'

/**
 * Named producers of a group, each on one stream. Of more, the one is forgotten that published longest ago: a retry of it is then stored like
 * something new.
 */
export const producersMax = 1000
/**
 * Stretches of a producer's sequences, with holes between them. Of more, the lowest is forgotten with all below it: a retry from there is
 * refused, since nobody knows any more whether it is a copy. A producer of one stream makes a hole only where something is lost.
 */
export const stretchesMax = 64
/**
 * Stretches of all producers of a group. Of more, whole producers are forgotten. With both limits reached the table has 750 KB in a floor,
 * and so a floor fits into one message between nodes.
 */
export const allStretchesMax = 16_000

/** Records of one batch that the ledger judges alike. `old`: nobody knows any more whether they are stored. */
export interface Part {
  readonly kind: 'new' | 'copy' | 'old'
  /** Records before it in the batch. */
  readonly skip: number
  readonly count: number
}

/** Where records were put: their origin's sequences, and their place in the order. */
export interface StoredPlace {
  readonly boot: Boot
  /** Of the first record. */
  readonly first: number
  readonly epoch: number
  readonly offset: number
}

/** Some records of a batch; without a place where they are copies of something that was stored too long ago to know where. */
export interface FoundPart {
  readonly count: number
  readonly place: StoredPlace | undefined
}

interface Stretch {
  readonly from: number
  to: number
}

/** A producer's last batches, as far as each begins right behind the one before: in its sequences, its origin's, and the order. */
interface LastRun extends StoredPlace {
  readonly from: number
  to: number
}

interface Producer {
  /** Number of the last batch, counted over all producers: who has the lowest is forgotten first. */
  usedAt: number
  /** What is known begins behind this. */
  floor: number
  /** Stored sequences, ascending; between two of them at least one is missing. */
  stretches: Stretch[]
  last: LastRun | undefined
}

export class Producers {
  readonly #known = new Map<string, Producer>()
  /** Batches with a producer so far, or since the table was read. */
  #batches = 0
  /** Stretches of all producers. */
  #stretches = 0

  /** What the records of a batch are: one part, or more where they differ. Something old makes all of it old. */
  judge(name: string, sequence: number, count: number): readonly Part[] {
    const { floor = 0, stretches = [] } = this.#known.get(name) ?? {}
    if (sequence <= floor) return [{ kind: 'old', skip: 0, count }]
    const parts: Part[] = []
    const end = sequence + count
    let next = sequence
    const add = (kind: Part['kind'], to: number): void => {
      if (to > next) parts.push({ kind, skip: next - sequence, count: to - next })
      next = Math.max(next, to)
    }
    // What comes is nearly always behind everything.
    const last = stretches.at(-1)
    if (last === undefined || sequence > last.to) add('new', end)
    for (const { from, to } of next < end ? stretches : []) {
      if (to < next) continue
      if (from >= end) break
      add('new', from)
      add('copy', Math.min(end, to + 1))
    }
    add('new', end)
    return parts
  }

  /** Records were stored. */
  store(name: string, sequence: number, count: number, place: StoredPlace): void {
    const producer = this.#use(name)
    const to = sequence + count - 1
    const { stretches } = producer
    const before = stretches.length
    addStretch(stretches, sequence, to)
    if (stretches.length > stretchesMax) producer.floor = stretches.shift()?.to ?? 0
    this.#stretches += stretches.length - before
    while (this.#stretches > allStretchesMax) this.#forgetOne()
    const { last } = producer
    if (last !== undefined && continues(last, sequence, place)) last.to = to
    else producer.last = { ...place, from: sequence, to }
  }

  /** Records came that were not stored. */
  pass(name: string): void {
    this.#use(name)
  }

  /** Where copies are. */
  find(name: string, sequence: number, count: number): readonly FoundPart[] {
    const last = this.#known.get(name)?.last
    const end = sequence + count
    const from = Math.min(end, Math.max(sequence, last?.from ?? end))
    const to = Math.max(from, Math.min(end, (last?.to ?? 0) + 1))
    const parts: FoundPart[] = [{ count: from - sequence, place: undefined }]
    if (last !== undefined) {
      const { boot, epoch } = last
      const ahead = from - last.from
      parts.push({
        count: to - from,
        place: { boot, epoch, first: last.first + ahead, offset: last.offset + ahead },
      })
    }
    parts.push({ count: end - to, place: undefined })
    return parts.filter(({ count: records }) => records > 0)
  }

  /** A table that goes its own way. */
  clone(): Producers {
    const producers = new Producers()
    producers.#batches = this.#batches
    producers.#stretches = this.#stretches
    for (const [name, { usedAt, floor, stretches, last }] of this.#known)
      producers.#known.set(name, {
        ...{ usedAt, floor, last: last && { ...last } },
        stretches: stretches.map((stretch) => ({ ...stretch })),
      })
    return producers
  }

  /** As JSON values that `decode` reads, in the order in which they would be forgotten. */
  encode(): readonly unknown[] {
    return [...this.#known]
      .sort(([, a], [, b]) => a.usedAt - b.usedAt)
      .map(([name, { floor, stretches, last }]) => {
        const run = last && [last.from, last.to, last.boot, last.first, last.epoch, last.offset]
        return [name, floor, stretches.flatMap(({ from, to }) => [from, to]), run ?? []]
      })
  }

  /** Undefined where the value is no such table. */
  static decode(value: unknown): Producers | undefined {
    if (!Array.isArray(value)) return undefined
    const producers = new Producers()
    for (const each of value as readonly unknown[]) {
      const [name, floor, bounds, run] = Array.isArray(each) ? (each as readonly unknown[]) : []
      if (typeof name !== 'string' || !areSequences([floor]) || !areSequences(bounds) || !areSequences(run))
        return undefined
      const stretches: Stretch[] = []
      for (let at = 0; at < bounds.length; at += 2)
        stretches.push({ from: bounds[at] ?? 0, to: bounds[at + 1] ?? 0 })
      producers.#stretches += stretches.length
      const [from = 0, to = 0, boot = 0, first = 0, epoch = 0, offset = 0] = run
      const last = run.length === 0 ? undefined : { from, to, boot: boot as Boot, first, epoch, offset }
      producers.#known.set(name, { usedAt: ++producers.#batches, floor: floor as number, stretches, last })
    }
    return producers
  }

  /** The producer of a batch that has come, who is the last one to be forgotten now. */
  #use(name: string): Producer {
    let producer = this.#known.get(name)
    if (producer === undefined) {
      if (this.#known.size >= producersMax) this.#forgetOne()
      producer = { usedAt: 0, floor: 0, stretches: [], last: undefined }
      this.#known.set(name, producer)
    }
    producer.usedAt = ++this.#batches
    return producer
  }

  #forgetOne(): void {
    let oldest: string | undefined
    let lowest = Number.POSITIVE_INFINITY
    for (const [name, { usedAt }] of this.#known) {
      if (usedAt >= lowest) continue
      oldest = name
      lowest = usedAt
    }
    if (oldest === undefined) return
    this.#stretches -= this.#known.get(oldest)?.stretches.length ?? 0
    this.#known.delete(oldest)
  }
}

/** Puts stored sequences in, of which none was. */
function addStretch(stretches: Stretch[], from: number, to: number): void {
  let at = stretches.length
  while (at > 0 && (stretches[at - 1]?.from ?? 0) > from) at--
  const before = stretches[at - 1]
  const after = stretches[at]
  const joinsAfter = after?.from === to + 1
  if (before?.to === from - 1) {
    before.to = joinsAfter ? after.to : to
    if (joinsAfter) stretches.splice(at, 1)
  } else stretches.splice(at, joinsAfter ? 1 : 0, { from, to: joinsAfter ? after.to : to })
}

function continues(last: LastRun, sequence: number, { boot, first, epoch, offset }: StoredPlace): boolean {
  const ahead = sequence - last.from
  const isNext = sequence === last.to + 1 && boot === last.boot && epoch === last.epoch
  return isNext && first === last.first + ahead && offset === last.offset + ahead
}

function areSequences(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0)
}
