// Whether all subscriptions were handed the same order, in every epoch of leader mode: from the running hashes that each has written.
//
// A hash is the sum of what was added at each change of the origin (node/broker/order-trace.ts), so what two subscriptions were handed
// between two offsets is the same if their hashes have grown by the same. The difference of two hashes is therefore the same at every
// offset that both have written; where both began at one offset it is 0. A set of such relations over all stretches (weighted-sets.ts)
// finds also who contradicts others with whom it has only a third one in common.

import { mapEntry } from './map-entry.ts'
import type { OrderLine } from './subscription-event.ts'
import { WeightedSets } from './weighted-sets.ts'

/** A subscription, by the name that is unique in the cluster. */
export interface OrderedSubscription {
  readonly node: string
  readonly sub: string
}

/** Somewhere between these offsets a subscription was handed something else than another one, or went back if that is itself. */
export interface Disagreement extends OrderedSubscription {
  readonly stream: string
  readonly epoch: number
  readonly from: number
  readonly to: number
  readonly other: OrderedSubscription
}

/** What one subscription was handed without a break. */
interface Stretch extends OrderedSubscription {
  readonly from: number
  /** offset -> hash. */
  readonly points: Map<number, number>
  /** Its member of the weighted sets; another one from where it contradicts the rest. */
  member: number
  /** The last offset at which it was compared with another. */
  comparedTo: number
}

interface Epoch {
  readonly stream: string
  readonly number: number
  readonly stretches: Map<string, Stretch>
}

/** A stretch and its hash at one offset. */
interface Point {
  readonly stretch: Stretch
  readonly hash: number
}

/** Collects the lines of all journals. */
export class OrderCheck {
  readonly #epochs = new Map<string, Epoch>()
  /** The offset up to which a subscription has written, in the present boot of its node. */
  readonly #ends = new Map<string, number>()
  readonly #disagreements: Disagreement[] = []

  /** `boot`: of the node; after a restart a subscription may be handed again what it was handed last. */
  add(node: string, boot: string, line: OrderLine): void {
    const { sub, stream, epoch, from, offset, hash } = line
    const { stretches } = mapEntry(this.#epochs, JSON.stringify([stream, epoch]), () => {
      return { stream, number: epoch, stretches: new Map<string, Stretch>() }
    })
    const key = JSON.stringify([node, sub, boot, from])
    this.#goBack({ node, sub }, boot, stretches.has(key) ? offset : from, line)
    const stretch = mapEntry(stretches, key, () => {
      return { node, sub, from, points: new Map<number, number>(), member: 0, comparedTo: from - 1 }
    })
    stretch.points.set(offset, hash)
  }

  /** Everything that does not fit together. */
  finish(): readonly Disagreement[] {
    return [...this.#disagreements, ...[...this.#epochs.values()].flatMap(compare)]
  }

  /** What a subscription is handed must lie behind all that it was handed before. */
  #goBack(
    other: OrderedSubscription,
    boot: string,
    from: number,
    { stream, epoch, offset }: OrderLine,
  ): void {
    const key = JSON.stringify([other.node, other.sub, boot, stream, epoch])
    const end = this.#ends.get(key) ?? 0
    if (from <= end) this.#disagreements.push({ ...other, stream, epoch, from, to: end, other })
    this.#ends.set(key, Math.max(end, offset))
  }
}

function compare({ stream, number, stretches }: Epoch): readonly Disagreement[] {
  const sets = new WeightedSets()
  relateBeginnings(sets, [...stretches.values()])
  const found: Disagreement[] = []
  for (const [offset, points] of byOffset(stretches.values())) {
    if (points.length < 2) continue
    const reference = mostAgreed(sets, points)
    for (const point of points) {
      const { stretch } = point
      if (!agrees(sets, point, reference)) {
        const { node, sub, comparedTo } = stretch
        const other = { node: reference.stretch.node, sub: reference.stretch.sub }
        const from = Math.min(comparedTo, reference.stretch.comparedTo) + 1
        found.push({ node, sub, stream, epoch: number, from, to: offset, other })
        // From here on it may go on as the others do.
        stretch.member = sets.add()
      }
      sets.relate(reference.stretch.member, stretch.member, difference(point.hash, reference.hash))
    }
    for (const { stretch } of points) stretch.comparedTo = offset
  }
  return found
}

/** Stretches that begin at one offset have the same hash there. */
function relateBeginnings(sets: WeightedSets, stretches: readonly Stretch[]): void {
  const first = new Map<number, number>()
  for (const stretch of stretches) {
    stretch.member = sets.add()
    sets.relate(
      mapEntry(first, stretch.from, () => stretch.member),
      stretch.member,
      0,
    )
  }
}

function byOffset(stretches: Iterable<Stretch>): readonly (readonly [number, readonly Point[]])[] {
  const offsets = new Map<number, Point[]>()
  for (const stretch of stretches)
    for (const [offset, hash] of stretch.points)
      mapEntry(offsets, offset, (): Point[] => []).push({ stretch, hash })
  return [...offsets].sort(([a], [b]) => a - b)
}

/** One of those that most others agree with; the first of them. */
function mostAgreed(sets: WeightedSets, points: readonly Point[]): Point {
  const counts = new Map<string, { readonly point: Point; count: number }>()
  for (const point of points) {
    const { root, weight } = sets.find(point.stretch.member)
    const key = JSON.stringify([root, difference(point.hash, weight)])
    mapEntry(counts, key, () => ({ point, count: 0 })).count++
  }
  return [...counts.values()].reduce((best, each) => (each.count > best.count ? each : best)).point
}

/** True also where nothing relates them yet. */
function agrees(sets: WeightedSets, a: Point, b: Point): boolean {
  const left = sets.find(a.stretch.member)
  const right = sets.find(b.stretch.member)
  if (left.root !== right.root) return true
  return difference(a.hash, left.weight) === difference(b.hash, right.weight)
}

function difference(a: number, b: number): number {
  return (a - b) >>> 0
}
