// The lines of a journal that are about one subscription, but for its deliveries, as typed events.

import {
  damaged,
  type Fields,
  isFields,
  orderedRange,
  sequence,
  sequences,
  text,
  texts,
  time,
} from './journal-field.ts'

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

type SequencePairs = readonly (readonly [origin: string, seq: number])[]

/** A member of a queue has these slots, and has handed out what of them lies up to these sequences. */
export interface PassedLine {
  readonly t: 'passed'
  readonly sub: string
  readonly stream: string
  readonly slots: readonly number[]
  readonly seqs: SequencePairs
}

/** One such line. */
export type SubscriptionEvent =
  | {
      readonly t: 'sub'
      readonly sub: string
      readonly kind: 'node' | 'client'
      readonly patterns: readonly string[]
      readonly stream: string
      readonly name: string | undefined
      /** It is a member of this queue. */
      readonly queue: string | undefined
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
  | PassedLine
  | {
      readonly t: 'end'
      readonly sub: string
      readonly stream: string
      readonly seqs: SequencePairs
    }
  | { readonly t: 'lost'; readonly sub: string; readonly stream: string }

/** The event of a line of some kind; 'unknown' for one of a later version. */
export function decodeSubscriptionLine(
  line: Fields,
  kind: string,
  at: number,
): ({ readonly at: number } & SubscriptionEvent) | 'unknown' {
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
    case 'end':
      return { t: kind, at, ...subscription(line), seqs: pairs(line) }
    case 'passed':
      return { t: kind, at, ...subscription(line), slots: sequences(line['slots']), seqs: pairs(line) }
    case 'lost':
      return { t: kind, at, ...subscription(line) }
    case 'order':
      return { t: kind, at, ...subscription(line), ...order(line) }
    default:
      return 'unknown'
  }
}

function subscription(line: Fields): { readonly sub: string; readonly stream: string } {
  return { sub: text(line['sub']), stream: text(line['stream']) }
}

function pairs({ seqs }: Fields): SequencePairs {
  if (!isFields(seqs)) throw damaged
  return Object.entries(seqs).map(([key, seq]) => [key, sequence(seq)])
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
  readonly queue: string | undefined
  readonly since: number | undefined
} {
  const kind = line['kind']
  const name = line['name']
  const queue = line['queue']
  const since = line['since']
  if (kind !== 'node' && kind !== 'client') throw damaged
  return {
    kind,
    patterns: texts(line['patterns']),
    name: name === undefined ? undefined : text(name),
    queue: queue === undefined ? undefined : text(queue),
    since: since === undefined ? undefined : time(since),
  }
}
