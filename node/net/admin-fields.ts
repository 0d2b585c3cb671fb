// Reads the fields of an admin request's body, naming the field and its bounds when one is wrong.

import { RequestRefused } from './admin-request.ts'

/** The fields of a JSON object by name; a Map, so that `__proto__` is a name like any other. */
export type Fields = ReadonlyMap<string, unknown>

export function readString(fields: Fields, name: string): string {
  const value = fields.get(name)
  if (typeof value !== 'string') throw refused(name, 'a text')
  return value
}

/** A list of texts with at least one, or undefined if the field is absent. */
export function readOptionalStrings(fields: Fields, name: string): readonly string[] | undefined {
  const value = fields.get(name)
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length === 0) throw refused(name, 'a list of texts with at least one')
  const items: readonly unknown[] = value
  return items.map((item) => {
    if (typeof item !== 'string') throw refused(name, 'a list of texts')
    return item
  })
}

/** Bounds of a number, both included. */
export interface Bounds {
  readonly min: number
  readonly max: number
}

export function readInteger(fields: Fields, name: string, bounds: Bounds): number {
  const value = readOptionalInteger(fields, name, bounds)
  if (value === undefined) throw refused(name, `an integer from ${bounds.min} to ${bounds.max}`)
  return value
}

export function readOptionalInteger(fields: Fields, name: string, bounds: Bounds): number | undefined {
  const value = readOptionalNumber(fields, name, bounds)
  if (value === undefined || Number.isInteger(value)) return value
  throw refused(name, `an integer from ${bounds.min} to ${bounds.max}`)
}

export function readOptionalNumber(fields: Fields, name: string, bounds: Bounds): number | undefined {
  const value = fields.get(name)
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= bounds.min && value <= bounds.max) return value
  throw refused(name, `a number from ${bounds.min} to ${bounds.max}`)
}

export function readOptionalFields(fields: Fields, name: string): Fields | undefined {
  const value = fields.get(name)
  if (value === undefined) return undefined
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return new Map(Object.entries(value))
  throw refused(name, 'an object')
}

export function readOptionalChoice<Choice extends string>(
  fields: Fields,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = fields.get(name)
  if (value === undefined) return undefined
  const choice = choices.find((candidate) => candidate === value)
  if (choice === undefined) throw refused(name, `one of ${choices.join(', ')}`)
  return choice
}

function refused(name: string, wanted: string): RequestRefused {
  return new RequestRefused(400, 'REQUEST_INVALID', `"${name}" must be ${wanted}`)
}
