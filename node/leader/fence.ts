// Where an epoch in gossip mode ends: what its members say that they have, and what follows from it (docs/switching.md).

import { type Boot, fromOrigin, isBoot, type NodeId, type Origin, toOrigin } from '../core/common/ids.ts'
import type { SequenceRange } from '../core/stream/sequence-ranges.ts'
import type { Fence } from './command.ts'

/** What a member has of one origin. */
export interface Held {
  /** Last sequence delivered there; 0 where nobody wants the stream. */
  readonly delivered: number
  /** What it holds besides. */
  readonly ranges: readonly SequenceRange[]
}

/** What a member says once it numbers nothing more in the epoch. */
export interface SealReport {
  readonly node: NodeId
  readonly boot: Boot
  /** The last sequence that it has numbered; 0 if none. */
  readonly own: number
  /** Whether somebody there waits for everything up to the fence. */
  readonly isInterested: boolean
  readonly held: ReadonlyMap<Origin, Held>
}

/**
 * The last sequence of every origin that belongs to the epoch: of one that has answered what it says itself, of any other everything up to
 * the first hole in what all together hold, and at least what somebody has delivered. Never below `minimum`, where the epoch began.
 */
export function computeFence(minimum: Fence, reports: Iterable<SealReport>): Map<Origin, number> {
  const answered = [...reports]
  const fence = new Map(minimum)
  for (const origin of new Set(answered.flatMap(({ held }) => [...held.keys()]))) {
    const parts = answered.map(({ held }) => held.get(origin))
    const delivered = Math.max(fence.get(origin) ?? 0, ...parts.map((part) => part?.delivered ?? 0))
    fence.set(
      origin,
      endOfPrefix(
        delivered,
        parts.flatMap((part) => part?.ranges ?? []),
      ),
    )
  }
  for (const { node, boot, own } of answered) {
    const origin = toOrigin(node, boot)
    if (own > 0 || fence.has(origin)) fence.set(origin, Math.max(own, minimum.get(origin) ?? 0))
  }
  return fence
}

/** Whether everybody who waits for it holds everything up to the fence. */
export function isHeldUpTo(fence: Fence, reports: Iterable<SealReport>): boolean {
  for (const { isInterested, held } of reports) {
    if (!isInterested) continue
    for (const [origin, to] of fence) {
      const { delivered = 0, ranges = [] } = held.get(origin) ?? {}
      if (endOfPrefix(delivered, ranges) < to) return false
    }
  }
  return true
}

/** How far ranges go on behind a sequence without a hole. */
function endOfPrefix(from: number, ranges: readonly SequenceRange[]): number {
  let end = from
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    if (range.from > end + 1) break
    end = Math.max(end, range.to)
  }
  return end
}

/** As it travels. */
export function toReportFields(report: SealReport): unknown {
  const { node, boot, own, isInterested } = report
  const held = [...report.held].map(([origin, { delivered, ranges }]) => {
    return [origin, delivered, ranges.map(({ from, to }) => [from, to])]
  })
  return { node, boot, own, isInterested, held }
}

/** Reads what another node says; undefined where it is something else. */
export function readReport(value: unknown, from: NodeId): SealReport | undefined {
  const { boot, own, isInterested, held } = Object(value) as Partial<Record<keyof SealReport, unknown>>
  if (typeof boot !== 'number' || !isBoot(boot) || !isSequence(own)) return undefined
  if (typeof isInterested !== 'boolean' || !Array.isArray(held)) return undefined
  const parts = new Map<Origin, Held>()
  for (const each of held as readonly unknown[]) {
    const [origin, delivered, ranges] = Array.isArray(each) ? (each as readonly unknown[]) : []
    const name = typeof origin === 'string' ? fromOrigin(origin) : undefined
    if (name === undefined || !isSequence(delivered) || !isRanges(ranges)) return undefined
    const list = ranges.map(([first, last]) => ({ from: first, to: last }))
    parts.set(toOrigin(name.node, name.boot), { delivered, ranges: list })
  }
  return { node: from, boot, own, isInterested, held: parts }
}

function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isRanges(value: unknown): value is [number, number][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && isRange(pair))
}

function isRange([from, to, ...more]: readonly unknown[]): boolean {
  return more.length === 0 && isSequence(from) && isSequence(to) && from > 0 && to >= from
}
