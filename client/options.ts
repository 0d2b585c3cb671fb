// What callers may set, with ranges and defaults in one place. Options are checked once, when a client is made.

import { HeraldError } from '../node/core/common/errors.ts'
import type { AckLevel } from '../node/wire/batch-header.ts'
import type { StartFrom } from '../node/wire/control.ts'
import { timerMsMax } from './transport.ts'

/** Options of `connect`. All times are milliseconds. */
export interface ConnectOptions {
  /** What `client.name` gives back, for whoever has several; default `herald-client`. */
  readonly name?: string
  /** Aborting ends the attempt to connect, and later closes the client. */
  readonly signal?: AbortSignal
  /** How long `connect` tries before it rejects; 1 to 600,000, default 10,000. One attempt takes at most 3,000. */
  readonly connectTimeoutMs?: number
  /** Time in which a publish gets its outcome; 1 to 3,600,000, default 10,000. */
  readonly deadlineMs?: number
  /**
   * Bytes of publications sent and not yet acknowledged; 1,024 to 1 GiB, default 8 MiB. The node's own limit holds as well.
   * Above it `saturated` is true; at twice as much, counting what waits to be sent, publications are refused.
   */
  readonly inFlightBytesMax?: number
  /** Pauses between attempts to reconnect. */
  readonly reconnect?: ReconnectOptions
}

/** Exponential back-off with jitter: each pause is drawn from the upper half of the doubled one before. */
export interface ReconnectOptions {
  /** First pause; 1 to 60,000, default 50. */
  readonly minMs?: number
  /** Longest pause; `minMs` to 600,000, default 5,000. */
  readonly maxMs?: number
  /** Time without a connection after which the client closes; 1 to 2,147,483,647 (24.8 days), default: never. */
  readonly giveUpMs?: number
}

/** Options of one publication. */
export interface PublishOptions {
  /** At most 64 pairs, 16 KiB together; names up to 255 bytes. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** At most 255 bytes. */
  readonly key?: string | undefined
  /**
   * What has to be true before the publication counts as acknowledged: `local` (default) the node has it, `copies` as
   * many nodes have it as the stream asks for, `none`: do not ask.
   */
  readonly ack?: AckLevel | undefined
  /** Intended send time, milliseconds since 1970; default now. Latency is measured from it. */
  readonly time?: number | undefined
  /** Time in which this publish gets its outcome, instead of the client's; 1 to 3,600,000. */
  readonly deadlineMs?: number | undefined
}

/** One publication of `publishBatch`. */
export interface Publication extends Pick<PublishOptions, 'headers' | 'key' | 'time'> {
  readonly topic: string
  readonly payload: string | Uint8Array
}

/** Options of `subscribe`. */
export interface SubscribeOptions {
  /**
   * Where to start: `now` (default), `earliest` that is retained (`first` is another word for it), a cursor of an earlier subscription, or a time
   * (milliseconds since 1970). It begins at or before the first message sent since then, as messages arrived at
   * the node and in whole batches; compare `message.time` to leave out what is older. Or an offset: the place in the order of a
   * stream in leader mode at which it begins.
   */
  readonly from?:
    | 'now'
    | 'earliest'
    | 'first'
    | { readonly cursor: string }
    | { readonly time: number }
    | { readonly offset: number }
  /** Makes the subscription durable: the node keeps its cursor under this name, which wins over `from`. */
  readonly name?: string
  /**
   * Makes the subscription a member of this queue: each message goes to one of its members, those with one key in their order, each at
   * least once. The patterns must lie in one stream in leader mode, and be those of all other members. The queue keeps how far it is; `from`
   * (`now`, `earliest` or an offset) counts where it is new. Not together with `name`.
   */
  readonly queue?: string
  /** The header whose value is the key; where a message has none, and by default, the key it was published with, or else its topic. */
  readonly key?: string
  /**
   * What may be on its way or waiting here; messages 1 to 2^31, default 65,536, of a member of a queue 1,024; bytes default 8 MiB. What a
   * member has not worked on holds up slots that are to be another's.
   */
  readonly credit?: { readonly messages?: number; readonly bytes?: number }
  /** Aborting ends the subscription: an iterator throws the signal's reason. */
  readonly signal?: AbortSignal
}

/** Options of calls that wait. */
export interface WaitOptions {
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** `ConnectOptions` with defaults filled in. */
export interface ClientSettings {
  readonly name: string
  readonly connectTimeoutMs: number
  readonly deadlineMs: number
  readonly inFlightBytesMax: number
  readonly reconnectMinMs: number
  readonly reconnectMaxMs: number
  readonly giveUpMs: number
}

/** A publish is given up after an hour at the latest. */
export const deadlineMsMax = 3_600_000

const mebibyte = 1_048_576

/** Checks and completes options; throws a HeraldError CONFIG_INVALID that names the option and its range. */
export function toSettings(options: ConnectOptions): ClientSettings {
  const reconnect = options.reconnect ?? {}
  const minMs = ranged('reconnect.minMs', reconnect.minMs ?? 50, 1, 60_000)
  return {
    name: options.name ?? 'herald-client',
    connectTimeoutMs: ranged('connectTimeoutMs', options.connectTimeoutMs ?? 10_000, 1, 600_000),
    deadlineMs: ranged('deadlineMs', options.deadlineMs ?? 10_000, 1, deadlineMsMax),
    inFlightBytesMax: ranged(
      'inFlightBytesMax',
      options.inFlightBytesMax ?? 8 * mebibyte,
      1024,
      1024 * mebibyte,
    ),
    reconnectMinMs: minMs,
    reconnectMaxMs: ranged('reconnect.maxMs', reconnect.maxMs ?? Math.max(minMs, 5000), minMs, 600_000),
    giveUpMs:
      reconnect.giveUpMs === undefined
        ? Number.POSITIVE_INFINITY
        : ranged('reconnect.giveUpMs', reconnect.giveUpMs, 1, timerMsMax),
  }
}

/** How a subscription reads, with defaults filled in. */
export interface ReadingSettings {
  readonly from: StartFrom
  readonly name: string | undefined
  readonly queue: string | undefined
  readonly key: string | undefined
  readonly credit: { readonly messages: number; readonly bytes: number }
}

/** Checks and completes how a subscription reads; throws a HeraldError CONFIG_INVALID. */
export function toReading(options: SubscribeOptions): ReadingSettings {
  const { from: start = 'now', name, queue, key } = options
  // Nodes of earlier versions know one word for it.
  const from = start === 'first' ? 'earliest' : start
  checkStart(from)
  if (queue !== undefined && name !== undefined)
    throw new HeraldError(
      'CONFIG_INVALID',
      `name: of a member of the queue ${queue}, which keeps where it stands, there is none; give one of the two`,
    )
  if (key !== undefined && queue === undefined)
    throw new HeraldError('CONFIG_INVALID', 'key: it says how a queue keeps order; give a queue as well')
  if (queue !== undefined && typeof from === 'object' && !('offset' in from))
    throw new HeraldError('CONFIG_INVALID', 'from: a queue begins now, at the earliest or at an offset')
  if (key !== undefined && !isHeaderName(key))
    throw new HeraldError('CONFIG_INVALID', `key is ${JSON.stringify(key)}, not a text of 1..255 bytes`)
  return { from, name, queue, key, credit: toCredit(options) }
}

/** Whoever asks a node for another start, or another credit, is closed, and would be again over every node. */
function checkStart(from: unknown): void {
  if (from === 'now' || from === 'earliest') return
  const { cursor, time, offset } = Object(from) as Partial<Record<string, unknown>>
  const isStart =
    typeof cursor === 'string' ||
    (cursor === undefined && Number.isFinite(time)) ||
    (cursor === undefined && time === undefined && Number.isSafeInteger(offset) && Number(offset) >= 1)
  if (isStart) return
  const shown = JSON.stringify(from)
  const wanted = "'now', 'earliest', { cursor }, { time } in milliseconds or { offset } from 1 on"
  throw new HeraldError('CONFIG_INVALID', `from is ${shown}, not ${wanted}`)
}

function isHeaderName(key: unknown): boolean {
  return typeof key === 'string' && key !== '' && new TextEncoder().encode(key).length <= 255
}

function toCredit({ credit, queue }: SubscribeOptions): ReadingSettings['credit'] {
  const messages = credit?.messages ?? (queue === undefined ? 65_536 : 1024)
  return {
    messages: whole('credit.messages', messages, 1, 2 ** 31),
    bytes: whole('credit.bytes', credit?.bytes ?? 8 * mebibyte, 1, 2 ** 40),
  }
}

/** WebSocket addresses, normalised; throws a HeraldError CONFIG_INVALID for what is not one. */
export function toUrls(urls: string | readonly string[]): readonly string[] {
  const given = typeof urls === 'string' ? [urls] : urls
  if (given.length === 0) throw new HeraldError('CONFIG_INVALID', 'urls is empty')
  return given.map((url, index) => {
    const normalised = toWebSocketUrl(url)
    if (normalised === undefined) {
      throw new HeraldError(
        'CONFIG_INVALID',
        `urls[${index}]: ${JSON.stringify(url)} is not a ws: or wss: address`,
      )
    }
    return normalised
  })
}

/** A WebSocket address in normal form, or undefined. */
export function toWebSocketUrl(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'ws:' && url.protocol !== 'wss:') || url.hash !== '') return undefined
  return url.href
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  throw new HeraldError('CONFIG_INVALID', `${name} is ${String(value)}, not a whole number of ${min}..${max}`)
}

function ranged(name: string, value: number, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw new HeraldError('CONFIG_INVALID', `${name}: ${String(value)} is not ${min}..${max}`)
}
