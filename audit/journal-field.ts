// The fields of a journal line, each looked at as it is read. What is missing or wrong is thrown as `damaged`, which whoever reads
// the line catches: the quickest way out of a deep field.

export const damaged: unique symbol = Symbol('damaged line')

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function text(value: unknown): string {
  if (typeof value !== 'string') throw damaged
  return value
}

export function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw damaged
  return value.map(text)
}

export function sequence(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw damaged
  return value
}

export function time(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw damaged
  return value
}

export function integer(digits: string): number {
  if (!/^\d{1,16}$/.test(digits)) throw damaged
  return sequence(Number(digits))
}
