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

export function sequences(value: unknown): readonly number[] {
  if (!Array.isArray(value)) throw damaged
  return value.map(sequence)
}

export function time(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw damaged
  return value
}

export function integer(digits: string): number {
  if (!/^\d{1,16}$/.test(digits)) throw damaged
  return sequence(Number(digits))
}

/** First and last member of consecutive sequences. */
export type SequenceRange = readonly [from: number, to: number]

/** Sequences start at 1; zero or a reversed range would silently vanish from the sets. */
export function orderedRange(line: Fields): SequenceRange {
  const from = sequence(line['from'])
  const to = sequence(line['to'])
  if (from < 1 || to < from) throw damaged
  return [from, to]
}

/** A run of consecutive records of one topic inside a `sent` line. */
export interface TopicRun {
  readonly topic: string
  readonly count: number
}

/** "0*5,1*3" over ["a","b"]: five of a, then three of b. */
export function decodeOrder(order: string, topics: readonly string[], count: number): readonly TopicRun[] {
  const runs: TopicRun[] = []
  let sum = 0
  for (const part of order.split(',')) {
    const star = part.indexOf('*')
    const topic = topics[integer(star < 0 ? part : part.slice(0, star))]
    const length = star < 0 ? 1 : integer(part.slice(star + 1))
    if (topic === undefined || length < 1) throw damaged
    runs.push({ topic, count: length })
    sum += length
  }
  if (sum !== count) throw damaged
  return runs
}

/** "1-3,5,9-12", in the order in which they were delivered. */
export function decodeRanges(listed: string, from: number, to: number): readonly SequenceRange[] {
  return listed.split(',').map((part) => {
    const dash = part.indexOf('-')
    const low = integer(dash < 0 ? part : part.slice(0, dash))
    const high = dash < 0 ? low : integer(part.slice(dash + 1))
    if (low < from || high > to || high < low) throw damaged
    return [low, high]
  })
}
