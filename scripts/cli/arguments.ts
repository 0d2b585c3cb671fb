// Words of the command line as values. Each parser refuses with the word and the bound; commander names the option.

import { InvalidArgumentError } from 'commander'
import { parseBytes, parseDurationMs } from '../../node/config/quantity.ts'

/** `250ms`, `60s`, `10m`, `2h` or `1d` in milliseconds. */
export function parseTimeout(text: string): number {
  const milliseconds = parseDurationMs(text)
  if (milliseconds !== undefined && milliseconds > 0) return milliseconds
  throw new InvalidArgumentError(`"${text}" is not a duration such as 500ms, 10s or 5m.`)
}

/** `64MiB,10m`, in either order; one of the two is enough. */
export function parseRetention(text: string): { readonly bytes?: number; readonly ageMs?: number } {
  let retention: { readonly bytes?: number; readonly ageMs?: number } = {}
  for (const part of parseList(text)) {
    const ageMs = parseDurationMs(part)
    const bytes = ageMs === undefined ? parseBytes(part) : undefined
    if (ageMs === undefined && bytes === undefined) {
      throw new InvalidArgumentError(`"${part}" is neither a size such as 64MiB nor a duration such as 10m.`)
    }
    if ((ageMs === undefined ? retention.bytes : retention.ageMs) !== undefined) {
      throw new InvalidArgumentError(
        `"${text}" gives the same limit twice; a size and a duration are as 64MiB,10m.`,
      )
    }
    retention = { ...retention, ...(ageMs !== undefined && { ageMs }), ...(bytes !== undefined && { bytes }) }
  }
  return retention
}

/** A whole number of at least one, with `_` or `,` between digits as people like it. */
export function parseCount(text: string): number {
  return parseWhole(text, 1)
}

/** A whole number, zero included. */
export function parseCopies(text: string): number {
  return parseWhole(text, 0)
}

/** How many nodes decide on the order of a stream: an odd number, since an even one tolerates no more. */
export function parseReplicas(text: string): number {
  if (text === '3' || text === '5') return Number(text)
  throw new InvalidArgumentError(`"${text}" is not 3 or 5.`)
}

function parseWhole(text: string, minimum: number): number {
  const value = /^[\d_,]+$/.test(text) ? Number(text.replaceAll(/[_,]/g, '')) : Number.NaN
  if (Number.isSafeInteger(value) && value >= minimum) return value
  throw new InvalidArgumentError(`"${text}" is not a whole number of ${minimum} or more.`)
}

/** Several values between commas. */
export function parseList(text: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.some((item) => item === '')) throw new InvalidArgumentError(`"${text}" has an empty item.`)
  return items
}

/** The same, collected over repeated options. */
export function collectList(text: string, sofar: readonly string[] = []): readonly string[] {
  return [...sofar, ...parseList(text)]
}

/** `NAME=VALUE`, collected over repeated options. */
export function collectPair(
  text: string,
  sofar: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError(`"${text}" is not NAME=VALUE.`)
  return { ...sofar, [text.slice(0, at)]: text.slice(at + 1) }
}
