// Sizes and durations as people write them: `64MiB`, `10m`, `250ms`. Shared by the node's settings and the command line.

const byteUnits: readonly (readonly [unit: string, bytes: number])[] = [
  ['GiB', 1024 ** 3],
  ['MiB', 1024 ** 2],
  ['KiB', 1024],
  ['B', 1],
]
const decimalByteUnits: readonly (readonly [unit: string, bytes: number])[] = [
  ['GB', 1000 ** 3],
  ['MB', 1000 ** 2],
  ['KB', 1000],
]
const durationUnits: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
]
const quantityPattern = /^(\d{1,15}(?:\.\d{1,6})?) ?([A-Za-z]*)$/

/** Bytes of `64MiB`, `1.5 GB`, `512B` or `65536`; undefined if the text is not a size in whole bytes. */
export function parseBytes(text: string): number | undefined {
  return parseQuantity(text, [...byteUnits, ...decimalByteUnits, ['', 1]])
}

/** Milliseconds of `10m`, `1.5h` or `250ms`; a unit is required. Undefined if the text is not whole milliseconds. */
export function parseDurationMs(text: string): number | undefined {
  return parseQuantity(text, durationUnits)
}

/** The size in the largest unit that it fills, with at most one decimal: `64MiB`, `1.5KiB`, `512B`. */
export function formatBytes(bytes: number): string {
  return formatQuantity(bytes, byteUnits, 'B')
}

/** The duration in the largest unit that it fills, with at most one decimal: `10m`, `1.5s`, `250ms`. */
export function formatDuration(durationMs: number): string {
  return formatQuantity(durationMs, durationUnits, 'ms')
}

function parseQuantity(
  text: string,
  units: readonly (readonly [unit: string, factor: number])[],
): number | undefined {
  const match = quantityPattern.exec(text)
  if (match === null) return undefined
  const [, number, unit] = match
  const factor = units.find(([name]) => name.toLowerCase() === unit?.toLowerCase())?.[1]
  if (factor === undefined) return undefined
  const value = Number(number) * factor
  // A fraction like 1.1MiB is not a whole number of bytes; it is meant approximately, so it is rounded.
  const rounded = Math.round(value)
  return Number.isSafeInteger(rounded) && (value === rounded || factor > 1) ? rounded : undefined
}

function formatQuantity(
  value: number,
  units: readonly (readonly [unit: string, factor: number])[],
  smallest: string,
): string {
  for (const [unit, factor] of units) {
    if (Math.abs(value) < factor) continue
    return `${Number((value / factor).toFixed(1))}${unit}`
  }
  return `${Number(value.toFixed(1))}${smallest}`
}
