// Numbers as a reader wants them: three digits that matter, and a unit.

/** 1,234,567 */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US')
}

/** 950, 12.3k, 4.56M: for rates and axes. */
export function formatShort(value: number): string {
  if (value >= 1e9) return `${threeDigits(value / 1e9)}G`
  if (value >= 1e6) return `${threeDigits(value / 1e6)}M`
  if (value >= 1e3) return `${threeDigits(value / 1e3)}k`
  return threeDigits(value)
}

/** 820 µs, 4.12 ms, 1.5 s */
export function formatMicroseconds(microseconds: number): string {
  if (microseconds >= 1e6) return `${threeDigits(microseconds / 1e6)} s`
  if (microseconds >= 1e3) return `${threeDigits(microseconds / 1e3)} ms`
  return `${threeDigits(microseconds)} µs`
}

/** 90 s, 12 min, 3.5 h */
export function formatDuration(ms: number): string {
  if (ms < 120_000) return `${threeDigits(ms / 1_000)} s`
  if (ms < 7_200_000) return `${threeDigits(ms / 60_000)} min`
  return `${threeDigits(ms / 3_600_000)} h`
}

/** 2026-01-31 12:00:00 UTC; the text "unknown" for what is no time. */
export function formatTime(ms: number | null): string {
  const date = new Date(ms ?? Number.NaN)
  if (Number.isNaN(date.getTime())) return 'unknown'
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

function threeDigits(value: number): string {
  if (value >= 100) return `${Math.round(value)}`
  return `${Number(value.toPrecision(3))}`
}
