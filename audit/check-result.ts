// The outcome of the delivery check: a plain JSON value, so that it can be printed, stored and compared.

import type { JournalHealth } from './journal-reader.ts'

/** What can be wrong, and what cannot be told; the worst first. */
export const findingKinds = [
  'lost-silent',
  'phantom',
  'duplicated',
  'out-of-order',
  'disagreed',
  'unexpected',
  'lost-told',
  'gone',
  'unknown',
] as const

/**
 * `lost-silent`: due and never delivered, and the subscriber was not told. `lost-told`: the same with a gap event.
 * `duplicated`: delivered more than once. `out-of-order`: delivered after a higher one. `phantom`: delivered and never
 * sent. `disagreed`: handed in another order than to another subscription, in leader mode. `unexpected`: sent, but not for this subscriber (its topic does not match, or it lies outside of the
 * subscription). `gone`: published before the subscription was made, and told to be no more: no fault. `unknown`: the journals do not tell.
 */
export type FindingKind = (typeof findingKinds)[number]

/** Whether a finding speaks against the cluster; the others are there to be known. */
export function isFault(kind: FindingKind): boolean {
  return kind !== 'gone' && kind !== 'unknown'
}

/** Why something is unknown. */
export type UnknownReason =
  | 'origin-journal-missing'
  | 'origin-journal-truncated'
  | 'origin-journal-damaged'
  | 'subscriber-journal-truncated'
  | 'subscriber-journal-damaged'
  | 'subscription-not-journaled'
  | 'start-not-journaled'
  | 'session-broken'
  | 'not-acknowledged'

/** A set of sequences: how many, and exactly which ("1-3,5"). */
export interface SetReport {
  readonly count: number
  readonly ranges: string
}

/** Everything about one subscription and one origin. Sequences count once in each set. */
export interface OriginReport {
  readonly origin: string
  /** The subscription starts after this sequence. */
  readonly base: number
  /** Due by the end of the journals, pending and unknown ones included. */
  readonly expected: SetReport
  readonly delivered: SetReport
  readonly lostTold: SetReport
  /** Told as well, and published before the subscription was made: not due. */
  readonly gone: SetReport
  readonly lostSilent: SetReport
  readonly duplicated: SetReport
  readonly outOfOrder: SetReport
  readonly phantom: SetReport
  readonly unexpected: SetReport
  /** Sent so shortly before the journals' end that they may still be on their way. */
  readonly pending: SetReport
  readonly unknown: SetReport
  readonly unknownReasons: readonly UnknownReason[]
  /** The reasons that the gaps gave. */
  readonly gapReasons: readonly string[]
}

/** The counts of a subscription, or of all together. */
export interface Counts {
  readonly expected: number
  readonly delivered: number
  readonly lostTold: number
  readonly gone: number
  readonly lostSilent: number
  readonly duplicated: number
  readonly outOfOrder: number
  readonly phantom: number
  readonly unexpected: number
  readonly pending: number
  readonly unknown: number
}

/** One subscription on one stream. */
export interface SubscriberReport {
  readonly node: string
  readonly sub: string
  readonly name: string | null
  /** `queue`: all its members together, on several nodes. */
  readonly kind: 'node' | 'client' | 'queue' | 'unknown'
  readonly stream: string
  readonly patterns: readonly string[]
  readonly state: 'open' | 'ended' | 'stopped' | 'broken'
  readonly counts: Counts
  readonly origins: readonly OriginReport[]
}

/** One thing to look at. */
export interface Finding {
  readonly kind: FindingKind
  readonly node: string
  readonly sub: string
  readonly stream: string
  /** Empty where the order of all origins is meant. */
  readonly origin: string
  readonly count: number
  readonly ranges: string
  /** Of an unknown: why. Of a told loss: the reasons of the gaps. */
  readonly reasons: readonly string[]
  /** Of `disagreed`: then `ranges` are offsets of this epoch, and the other subscription was handed something else there. */
  readonly order?: FindingOrder
}

export interface FindingOrder {
  readonly epoch: number
  /** The subscription itself where it went back. */
  readonly other: { readonly node: string; readonly sub: string }
}

/** The verdict over all journals. */
export interface CheckResult {
  readonly schemaVersion: 1
  /** False if anything was lost, doubled, out of order, delivered without being sent, or to the wrong subscriber, or if two disagree. */
  readonly ok: boolean
  readonly graceMs: number
  /** The newest line of all journals, in milliseconds since 1970 by its node's clock; null without any line. */
  readonly endsAt: number | null
  /** Messages numbered by the origins whose journals are here. */
  readonly sent: number
  readonly totals: Counts
  readonly subscribers: readonly SubscriberReport[]
  /** The worst first. */
  readonly findings: readonly Finding[]
  readonly journals: readonly JournalHealth[]
  /** Nodes that are spoken of but whose journal is not here. */
  readonly missingJournals: readonly string[]
}
