// The text that `npm run sim` prints.

import type { Failure, Outcome } from './run.ts'

/** What threads tell each other of their runs. */
export interface Sums {
  readonly seeds: number
  readonly twice: number
  readonly failed: number
  readonly events: number
  readonly simulatedMs: number
  readonly counts: ReadonlyMap<string, number>
}

/** Sums over all runs. */
export class Totals implements Sums {
  seeds = 0
  /** Of these, how many were run twice. */
  twice = 0
  failed = 0
  events = 0
  simulatedMs = 0
  readonly counts: Map<string, number> = new Map()

  add({ events, simulatedMs, counts }: Outcome, failure: Failure | undefined, isTwice: boolean): void {
    const failed = failure === undefined ? 0 : 1
    this.merge({ seeds: 1, twice: isTwice ? 1 : 0, failed, events, simulatedMs, counts })
  }

  merge({ seeds, twice, failed, events, simulatedMs, counts }: Sums): void {
    this.seeds += seeds
    this.twice += twice
    this.failed += failed
    this.events += events
    this.simulatedMs += simulatedMs
    for (const [what, count] of counts) this.counts.set(what, (this.counts.get(what) ?? 0) + count)
  }
}

export function formatFailure(replay: string, plan: { readonly seed: number }, failure: Failure): string {
  return [
    `seed ${plan.seed} FAILED: ${failure.invariant}`,
    `  ${failure.message}`,
    `  replay: ${replay}`,
    `  plan: ${JSON.stringify(plan)}`,
    ...failure.story.map((line) => `  ${line}`),
    '',
  ].join('\n')
}

export function formatReport(totals: Sums, seconds: number): string {
  const { seeds, twice, failed, events, simulatedMs, counts } = totals
  const hours = (simulatedMs / 3_600_000).toFixed(2)
  const rate = (seeds / Math.max(seconds, 0.001)).toFixed(1)
  const lines = [...counts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([what, count]) => `  ${what.padEnd(36)} ${String(count).padStart(10)}`)
  return [
    `${seeds} seeds, ${twice} of them twice, ${failed} failed; ${hours} simulated hours, ${events} events`,
    ...lines,
    `in ${seconds.toFixed(1)} s (${rate} seeds/s)`,
    '',
  ].join('\n')
}
