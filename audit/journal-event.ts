// The lines of a journal as typed events (docs/protocol.md, section 4), and the decoder from parsed JSON.
//
// A journal was written by another process, perhaps while its disk failed: every field is looked at, and a line
// whose numbers contradict each other counts as damaged, because half of it would make a wrong verdict.

import {
  damaged,
  decodeOrder,
  decodeRanges,
  type Fields,
  isFields,
  orderedRange,
  sequence,
  type TopicRun,
  text,
  texts,
  time,
} from './journal-field.ts'

/** First and last member of consecutive sequences. */
export type SequenceRange = readonly [from: number, to: number]

interface Span {
  readonly stream: string
  readonly origin: string
  readonly from: number
  readonly to: number
  /** Milliseconds since 1970 of the first and of the last message. */
  readonly first: number
  readonly last: number
}

/** What a subscription was handed without a break in leader mode, from one offset to another, as a hash over its order. */
export interface OrderLine {
  readonly t: 'order'
  readonly sub: string
  readonly stream: string
  readonly epoch: number
  readonly from: number
  readonly offset: number
  readonly hash: number
}

/** One line of a journal; `at` is when it was written, in milliseconds since 1970 by the node's clock. */
export type JournalEvent = { readonly at: number } & (
  | { readonly t: 'start'; readonly origin: string }
  | { readonly t: 'stop'; readonly origin: string }
  | { readonly t: 'stream'; readonly stream: string }
  | ({
      readonly t: 'sent'
      readonly topics: readonly TopicRun[]
      readonly isOrdered: boolean
      /** Who named itself, and the sequence that it gave the first message. */
      readonly producer?: { readonly name: string; readonly sequence: number }
    } & Span)
  | ({ readonly t: 'void' } & Pick<Span, 'stream' | 'origin' | 'from' | 'to'>)
  | {
      readonly t: 'sub'
      readonly sub: string
      readonly kind: 'node' | 'client'
      readonly patterns: readonly string[]
      readonly stream: string
      readonly name: string | undefined
      /** When the subscription was made. */
      readonly since: number | undefined
    }
  | {
      readonly t: 'base'
      readonly sub: string
      readonly stream: string
      readonly origin: string
      readonly seq: number
    }
  | ({ readonly t: 'got'; readonly sub: string; readonly ranges: readonly SequenceRange[] } & Span)
  | {
      readonly t: 'gap'
      readonly sub: string
      readonly stream: string
      readonly origin: string
      readonly from: number
      readonly to: number
      readonly reason: string
    }
  | OrderLine
  | {
      readonly t: 'end'
      readonly sub: string
      readonly stream: string
      readonly seqs: readonly (readonly [origin: string, seq: number])[]
    }
  | { readonly t: 'lost'; readonly sub: string; readonly stream: string }
  | {
      readonly t: 'retention' | 'placed'
      readonly stream: string
      readonly origin: string
      readonly to: number
    }
  | {
      readonly t: 'latency'
      readonly stream: string
      readonly topic: string
      readonly from: string
      readonly n: number
      readonly hdr: string
    }
  | { readonly t: 'dropped'; readonly lines: number }
  | { readonly t: 'clock'; readonly peer: string; readonly offsetMs: number; readonly errorMs: number }
)

/** The event of one parsed line; 'unknown' for a kind of a later version, 'damaged' when fields are missing or wrong. */
export function toJournalEvent(value: unknown): JournalEvent | 'unknown' | 'damaged' {
  if (!isFields(value)) return 'damaged'
  try {
    return decode(value, value['t'])
  } catch (error) {
    if (error === damaged) return 'damaged'
    throw error
  }
}

function decode(line: Fields, kind: unknown): JournalEvent | 'unknown' {
  if (typeof kind !== 'string') throw damaged
  const at = time(line['at'])
  switch (kind) {
    case 'start':
    case 'stop':
      return { t: kind, at, origin: text(line['origin']) }
    case 'stream':
      return { t: kind, at, stream: text(line['stream']) }
    case 'sent':
      return decodeSent(line, at)
    case 'got':
      return decodeGot(line, at)
    case 'retention':
    case 'placed':
      return { t: kind, at, ...numbered(line), to: sequence(line['to']) }
    case 'void': {
      const [from, to] = orderedRange(line)
      return { t: kind, at, ...numbered(line), from, to }
    }
    case 'latency':
      return {
        t: kind,
        at,
        stream: text(line['stream']),
        topic: text(line['topic']),
        from: text(line['from']),
        n: sequence(line['n']),
        hdr: text(line['hdr']),
      }
    case 'dropped':
      return { t: kind, at, lines: sequence(line['lines']) }
    case 'clock':
      return {
        t: kind,
        at,
        peer: text(line['peer']),
        offsetMs: time(line['offsetMs']),
        errorMs: time(line['errorMs']),
      }
    default:
      return decodeSubscriptionLine(line, kind, at)
  }
}

function decodeSubscriptionLine(line: Fields, kind: string, at: number): JournalEvent | 'unknown' {
  switch (kind) {
    case 'sub':
      return { t: kind, at, ...subscription(line), ...interest(line) }
    case 'base':
      return { t: kind, at, ...subscription(line), origin: text(line['origin']), seq: sequence(line['seq']) }
    case 'gap': {
      const [from, to] = orderedRange(line)
      return {
        t: kind,
        at,
        ...subscription(line),
        origin: text(line['origin']),
        from,
        to,
        reason: text(line['reason']),
      }
    }
    case 'end': {
      const seqs = line['seqs']
      if (!isFields(seqs)) throw damaged
      return {
        t: kind,
        at,
        ...subscription(line),
        seqs: Object.entries(seqs).map(([key, seq]) => [key, sequence(seq)]),
      }
    }
    case 'lost':
      return { t: kind, at, ...subscription(line) }
    case 'order':
      return { t: kind, at, ...subscription(line), ...order(line) }
    default:
      return 'unknown'
  }
}

function numbered(line: Fields): { readonly stream: string; readonly origin: string } {
  return { stream: text(line['stream']), origin: text(line['origin']) }
}

function subscription(line: Fields): { readonly sub: string; readonly stream: string } {
  return { sub: text(line['sub']), stream: text(line['stream']) }
}

function order(line: Fields): Pick<OrderLine, 'epoch' | 'from' | 'offset' | 'hash'> {
  const from = sequence(line['from'])
  const offset = sequence(line['offset'])
  const hash = sequence(line['hash'])
  if (from < 1 || offset < from || hash >= 2 ** 32) throw damaged
  return { epoch: sequence(line['epoch']), from, offset, hash }
}

function interest(line: Fields): {
  readonly kind: 'node' | 'client'
  readonly patterns: readonly string[]
  readonly name: string | undefined
  readonly since: number | undefined
} {
  const kind = line['kind']
  const name = line['name']
  const since = line['since']
  if (kind !== 'node' && kind !== 'client') throw damaged
  return {
    kind,
    patterns: texts(line['patterns']),
    name: name === undefined ? undefined : text(name),
    since: since === undefined ? undefined : time(since),
  }
}

function decodeSent(line: Fields, at: number): JournalEvent {
  const [from, to] = orderedRange(line)
  const count = to - from + 1
  if (line['n'] !== count) throw damaged
  const order = line['order']
  const ordered = line['ordered']
  if (ordered !== undefined && ordered !== true) throw damaged
  const topics =
    order === undefined
      ? [{ topic: text(line['topic']), count }]
      : decodeOrder(text(order), texts(line['topics']), count)
  const { producer: name, number } = line
  const producer = name === undefined ? {} : { producer: { name: text(name), sequence: sequence(number) } }
  return { t: 'sent', at, ...span(line, from, to), topics, isOrdered: ordered === true, ...producer }
}

function decodeGot(line: Fields, at: number): JournalEvent {
  const [from, to] = orderedRange(line)
  const listed = line['ranges']
  const ranges: readonly SequenceRange[] =
    listed === undefined ? [[from, to]] : decodeRanges(text(listed), from, to)
  let sum = 0
  for (const [low, high] of ranges) sum += high - low + 1
  if (line['n'] !== sum) throw damaged
  return { t: 'got', at, sub: text(line['sub']), ...span(line, from, to), ranges }
}

function span(line: Fields, from: number, to: number): Span {
  return {
    ...numbered(line),
    from,
    to,
    first: time(line['first']),
    last: time(line['last']),
  }
}
