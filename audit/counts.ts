// How many sequences each set of a report has: of an origin, of a subscription, of all.

import type { Counts, OriginReport } from './check-result.ts'

/** The sizes of the sets of one origin. */
export function countsOf(origin: OriginReport): Counts {
  return {
    expected: origin.expected.count,
    delivered: origin.delivered.count,
    lostTold: origin.lostTold.count,
    gone: origin.gone.count,
    lostSilent: origin.lostSilent.count,
    duplicated: origin.duplicated.count,
    outOfOrder: origin.outOfOrder.count,
    phantom: origin.phantom.count,
    unexpected: origin.unexpected.count,
    pending: origin.pending.count,
    unknown: origin.unknown.count,
  }
}

/** The counts of all together. */
export function sumCounts(parts: readonly Counts[]): Counts {
  const sum = (pick: (counts: Counts) => number): number =>
    parts.reduce((total, part) => total + pick(part), 0)
  return {
    expected: sum((part) => part.expected),
    delivered: sum((part) => part.delivered),
    lostTold: sum((part) => part.lostTold),
    gone: sum((part) => part.gone),
    lostSilent: sum((part) => part.lostSilent),
    duplicated: sum((part) => part.duplicated),
    outOfOrder: sum((part) => part.outOfOrder),
    phantom: sum((part) => part.phantom),
    unexpected: sum((part) => part.unexpected),
    pending: sum((part) => part.pending),
    unknown: sum((part) => part.unknown),
  }
}

/** How far up a subscription stands among others: what is wrong with it. */
export function badness(counts: Counts): number {
  const wrong = counts.lostSilent + counts.lostTold + counts.duplicated + counts.outOfOrder
  // What is unknown only decides between subscriptions that are equally well.
  return (wrong + counts.phantom + counts.unexpected) * 2 ** 10 + Math.min(counts.unknown, 2 ** 10 - 1)
}
