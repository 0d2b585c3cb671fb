// From what was given for a setting, a text or a JSON value, to its value; or to what is wrong with it, as a text.

import { isNodeId, type NodeId } from '../core/common/ids.ts'
import { type Address, isHost, isPort, parseAddress, portMax } from './address.ts'
import { showValue } from './problem.ts'
import { formatBytes, formatDuration, parseBytes, parseDurationMs } from './quantity.ts'
import type { TunableEntry } from './tunables.ts'

/** The value, or what is wrong. */
export type Parsed<Value> = { readonly value: Value } | { readonly wrong: string }

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export const logFormats = ['json', 'pretty'] as const

export type LogLevel = (typeof logLevels)[number]
export type LogFormat = (typeof logFormats)[number]

const clusterPattern = /^[A-Za-z0-9_.-]{1,64}$/
const countPattern = /^\d{1,15}$/

export function parseNodeId(given: unknown): Parsed<NodeId> {
  if (typeof given === 'string' && isNodeId(given)) return { value: given }
  return { wrong: `node id ${showValue(given)} is not 1 to 32 of A-Z a-z 0-9 _ -` }
}

export function parsePort(given: unknown): Parsed<number> {
  const port = typeof given === 'string' && countPattern.test(given) ? Number(given) : given
  return isPort(port) ? { value: port } : { wrong: `${showValue(given)} is not 1..${portMax}` }
}

export function parseHost(given: unknown): Parsed<string> {
  if (typeof given === 'string' && isHost(given)) return { value: given }
  return { wrong: `${showValue(given)} is not a host name or address` }
}

export function parseAdmin(given: unknown): Parsed<Address> {
  const address = typeof given === 'string' ? parseAddress(given, 0) : `${showValue(given)} is not HOST:PORT`
  return typeof address === 'string' ? { wrong: address } : { value: address }
}

/** Names separated by commas, or a JSON array of them. */
export function parseNames(given: unknown): Parsed<readonly string[]> {
  const names: readonly unknown[] = typeof given === 'string' ? given.split(',') : toArray(given)
  const trimmed: string[] = []
  for (const name of names) {
    const text = typeof name === 'string' ? name.trim().toLowerCase() : ''
    if (!isHost(text)) return { wrong: `${showValue(name)} is not a host name` }
    trimmed.push(text)
  }
  return { value: trimmed }
}

export function parsePath(given: unknown): Parsed<string> {
  if (typeof given === 'string' && given !== '' && !given.includes('\0')) return { value: given }
  return { wrong: `${showValue(given)} is not a path` }
}

export function parseCluster(given: unknown): Parsed<string> {
  if (typeof given === 'string' && clusterPattern.test(given)) return { value: given }
  return { wrong: `${showValue(given)} is not 1 to 64 of A-Z a-z 0-9 _ - .` }
}

export function parseLogLevel(given: unknown): Parsed<LogLevel> {
  return parseChoice(given, logLevels)
}

export function parseLogFormat(given: unknown): Parsed<LogFormat> {
  return parseChoice(given, logFormats)
}

/** A number within the bounds of its entry; sizes and durations as texts with a unit, or as JSON numbers of bytes. */
export function parseTunable(given: unknown, entry: TunableEntry): Parsed<number> {
  const value = toNumber(given, entry)
  if (value === undefined) return { wrong: `${showValue(given)} is not ${formExpected[entry.kind]}` }
  if (value >= entry.minimum && value <= entry.maximum) return { value }
  const bounds = `${formatTunable(entry.minimum, entry)}..${formatTunable(entry.maximum, entry)}`
  return { wrong: `${showValue(given)} is not ${bounds}` }
}

/** A tunable's value as text, in its unit. */
export function formatTunable(value: number, entry: Pick<TunableEntry, 'kind'>): string {
  if (entry.kind === 'bytes') return formatBytes(value)
  return entry.kind === 'duration' ? formatDuration(value) : String(value)
}

const formExpected = {
  bytes: 'a size such as 64MiB',
  duration: 'a duration with its unit, such as 10m or 250ms',
  count: 'a whole number',
} as const

function toNumber(given: unknown, entry: TunableEntry): number | undefined {
  if (typeof given === 'number')
    return entry.kind !== 'duration' && Number.isSafeInteger(given) ? given : undefined
  if (typeof given !== 'string') return undefined
  if (entry.kind === 'bytes') return parseBytes(given)
  if (entry.kind === 'duration') return parseDurationMs(given)
  return countPattern.test(given) ? Number(given) : undefined
}

function parseChoice<Choice extends string>(given: unknown, choices: readonly Choice[]): Parsed<Choice> {
  const value = choices.find((choice) => choice === given)
  return value === undefined
    ? { wrong: `${showValue(given)} is not one of ${choices.join(', ')}` }
    : { value }
}

function toArray(given: unknown): readonly unknown[] {
  return Array.isArray(given) ? given : [given]
}
