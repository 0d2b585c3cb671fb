// What the entries of the group of names say: where durable subscriptions and queues of streams in leader mode stand, and who reads under
// them. Every command names what it builds on, so that one that comes late, or twice, means nothing.

import { fromOrigin, type Origin } from '../../core/common/ids.ts'
import { toTextBytes, tryReadText } from '../../wire/text.ts'
import { readFence } from '../command.ts'

/** Last acknowledged sequence of every origin. */
export type Vector = ReadonlyMap<Origin, number>

/** One name on one stream. */
export interface NameKey {
  readonly stream: string
  readonly name: string
}

export type NameCommand =
  /**
   * A subscription wants a name, which `replaces` holds as far as its node knows. Whoever holds it gives it up in its own time; where `force`
   * is set nobody waits for that any more.
   */
  | ({
      readonly op: 'take'
      readonly holder: string
      readonly replaces: string | undefined
      readonly force: boolean
    } & NameKey)
  /** Where its holder stands, as far as that has changed; with `frees` it lets the name go. */
  | ({
      readonly op: 'save'
      readonly holder: string
      readonly vector: Vector
      readonly frees: boolean
    } & NameKey)
  | QueueCommand
  /** A name that nobody holds, or a queue without members, is wanted no more. */
  | ({ readonly op: 'forget' } & NameKey)
  /** A run of a node is over, or cannot be reached: it holds nothing any more. */
  | { readonly op: 'gone'; readonly origin: Origin }

/** How far slots of a queue are acknowledged: pairs of a slot and an offset. */
export type SlotPositions = readonly (readonly [slot: number, position: number])[]

/** What members of queues say; `holder` is the member. */
export type QueueCommand =
  /** Joins a queue, which begins behind `low` if it is new. */
  | ({
      readonly op: 'join'
      readonly holder: string
      readonly patterns: readonly string[]
      readonly key: string | undefined
      readonly low: Low
    } & NameKey)
  /** Has acknowledged so much of its slots, and lets those go that are to be others'. */
  | ({
      readonly op: 'ack'
      readonly holder: string
      readonly positions: SlotPositions
      readonly released: readonly (readonly [slot: number, turn: number])[]
      readonly low: Low | undefined
    } & NameKey)
  | ({ readonly op: 'leave'; readonly holder: string; readonly positions: SlotPositions } & NameKey)

/** An offset, and the last sequence of every origin there. */
export interface Low {
  readonly offset: number
  readonly vector: Vector
}

/** The run of a node that has a subscription, from the name that the journal has for that: `NODE#BOOT/N`. */
export function originOf(holder: string): Origin {
  return holder.slice(0, holder.indexOf('/')) as Origin
}

export function isHolder(value: unknown): value is string {
  return typeof value === 'string' && value.includes('/') && fromOrigin(originOf(value)) !== undefined
}

/** The first byte of a frame with a command for whoever leads the group. */
export const nameFrameType = 11
const headBytes = 4

export function encodeNameCommand(command: NameCommand): Uint8Array {
  return toTextBytes(JSON.stringify(command, (_key, value) => (value instanceof Map ? [...value] : value)))
}

/** What an entry says; undefined where it says nothing. */
export function decodeNameCommand(data: Uint8Array): NameCommand | undefined {
  const text = data.length === 0 ? undefined : tryReadText(data)
  if (text === undefined) return undefined
  let fields: Partial<Record<string, unknown>>
  try {
    fields = Object(JSON.parse(text))
  } catch {
    return undefined
  }
  return fields['op'] === 'gone' ? readGone(fields) : readOfName(fields)
}

/** u8 11, 3 bytes 0, and the command. */
export function encodeNameFrame(command: NameCommand): Uint8Array {
  const body = encodeNameCommand(command)
  const frame = new Uint8Array(headBytes + body.length)
  frame[0] = nameFrameType
  frame.set(body, headBytes)
  return frame
}

export function decodeNameFrame(frame: Uint8Array): NameCommand | undefined {
  return decodeNameCommand(frame.subarray(headBytes))
}

function readGone({ origin }: Partial<Record<string, unknown>>): NameCommand | undefined {
  if (typeof origin !== 'string' || fromOrigin(origin) === undefined) return undefined
  return { op: 'gone', origin: origin as Origin }
}

function readOfName(fields: Partial<Record<string, unknown>>): NameCommand | undefined {
  const { op, stream, name, holder, replaces, force, vector: pairs, frees } = fields
  if (typeof stream !== 'string' || typeof name !== 'string') return undefined
  if (op === 'forget') return { op, stream, name }
  if (!isHolder(holder)) return undefined
  if (op === 'join' || op === 'ack' || op === 'leave')
    return readOfQueue(op, { stream, name, holder }, fields)
  if (op === 'take' && typeof force === 'boolean' && (replaces === undefined || isHolder(replaces)))
    return { op, stream, name, holder, replaces, force }
  const vector = readFence(pairs)
  return op === 'save' && vector !== undefined && typeof frees === 'boolean'
    ? { op, stream, name, holder, vector, frees }
    : undefined
}

function readOfQueue(
  op: QueueCommand['op'],
  member: NameKey & { readonly holder: string },
  { patterns, key, low: value, positions: pairs, released: turns }: Partial<Record<string, unknown>>,
): NameCommand | undefined {
  const low = value === undefined ? undefined : readLow(value)
  if (low === null) return undefined
  if (op === 'join') {
    const isSound = isTexts(patterns) && (key === undefined || typeof key === 'string') && low !== undefined
    return isSound ? { op, ...member, patterns, key, low } : undefined
  }
  const positions = readPositions(pairs)
  if (positions === undefined) return undefined
  if (op === 'leave') return { op, ...member, positions }
  const released = readPositions(turns)
  return released === undefined ? undefined : { op, ...member, positions, released, low }
}

/** Null where it is something else. */
function readLow(value: unknown): Low | null {
  const { offset, vector: pairs } = Object(value) as Partial<Record<string, unknown>>
  const vector = readFence(pairs)
  return vector !== undefined && isNumber(offset) ? { offset, vector } : null
}

function readPositions(pairs: unknown): SlotPositions | undefined {
  if (!Array.isArray(pairs)) return undefined
  const isPair = (pair: unknown): pair is [number, number] => isNumbers(pair) && pair.length === 2
  return pairs.every(isPair) ? pairs : undefined
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every(isNumber)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
