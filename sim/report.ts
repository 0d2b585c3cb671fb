// The text that `npm run sim` prints.

import type { Failure, Outcome } from './run.ts'

/** Sums over all runs. */
export class Totals {
  seeds = 0
  failed = 0
  events = 0
  simulatedMs = 0
  readonly counts: Map<string, number> = new Map()

  add(outcome: Outcome, failure: Failure | undefined): void {
    this.seeds++
    if (failure !== undefined) this.failed++
    this.events += outcome.events
    this.simulatedMs += outcome.simulatedMs
    for (const [what, count] of outcome.counts) this.counts.set(what, (this.counts.get(what) ?? 0) + count)
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

export function formatReport(totals: Totals, seconds: number): string {
  const { seeds, failed, events, simulatedMs, counts } = totals
  const hours = (simulatedMs / 3_600_000).toFixed(2)
  const rate = (seeds / Math.max(seconds, 0.001)).toFixed(1)
  const lines = [...counts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([what, count]) => `  ${what.padEnd(36)} ${String(count).padStart(10)}`)
  return [
    `${seeds} seeds, each run twice, ${failed} failed; ${hours} simulated hours, ${events} events`,
    ...lines,
    `in ${seconds.toFixed(1)} s (${rate} seeds/s)`,
    '',
  ].join('\n')
}
