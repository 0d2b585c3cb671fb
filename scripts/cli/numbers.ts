// Counts as people read them: 12,345 messages. Sizes and durations are written by node/config/quantity.ts, as they are read.

const grouping = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 12345 as `12,345`. */
export function showCount(value: number): string {
  return grouping.format(value)
}

/** 1 message, 2 messages. */
export function showPlural(count: number, noun: string, plural = `${noun}s`): string {
  return `${showCount(count)} ${count === 1 ? noun : plural}`
}

/** The sum of numbers. */
export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
