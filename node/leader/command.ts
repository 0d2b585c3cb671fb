// What the entries of a data group say. Most are batches, as their publishers wrote them; the others are JSON objects.

import {
  type Boot,
  fromOrigin,
  isBoot,
  isNodeId,
  type NodeId,
  type Origin,
  toOrigin,
} from '../core/common/ids.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import { frameType, numberedBatchProblem } from '../wire/batch-header.ts'
import { readDefinition, toDefinitionValue } from '../wire/stream-definition.ts'
import { toTextBytes, tryReadText } from '../wire/text.ts'

/** Last sequence of origins, with the nodes whose they are. */
export type Fence = ReadonlyMap<Origin, number>

export type Command =
  | { readonly op: 'batch'; readonly frame: Uint8Array }
  /** Whose boot this is, before the first of its batches. */
  | { readonly op: 'origin'; readonly node: NodeId; readonly boot: Boot }
  /** The leader's clock, milliseconds since 1970: batches behind this got their places then or up to a second later. */
  | { readonly op: 'time'; readonly at: number }
  /** An epoch in gossip mode is to end: its members number nothing more in it, and say what they have. */
  | { readonly op: 'seal'; readonly epoch: number; readonly definition: StreamDefinition }
  /**
   * An epoch begins, in the mode of the definition. `fence`: where the one before ended, in gossip mode; one in leader mode ends with what
   * has its place by now. `at`: when, milliseconds since 1970, by the clock of who led then; entries of earlier versions do not say.
   */
  | {
      readonly op: 'begin'
      readonly epoch: number
      readonly definition: StreamDefinition
      readonly fence: Fence
      readonly at?: number | undefined
    }

export function encodeCommand(command: Command): Uint8Array {
  if (command.op === 'batch') return command.frame
  if (command.op === 'origin' || command.op === 'time') return toTextBytes(JSON.stringify(command))
  const { op, epoch, definition } = command
  const fence = op === 'begin' ? { fence: [...command.fence], at: command.at } : {}
  const value = toDefinitionValue(definition)
  return toTextBytes(JSON.stringify({ op, epoch, stream: definition.name, definition: value, ...fence }))
}

/** What an entry says; undefined where it says nothing: a leader's first one in its term. */
export function decodeCommand(data: Uint8Array): Command | undefined {
  if (data.length === 0) return undefined
  if (data[0] === frameType.batch)
    return numberedBatchProblem(data) === undefined ? { op: 'batch', frame: data } : undefined
  const text = tryReadText(data)
  return text === undefined ? undefined : parse(text)
}

function parse(text: string): Command | undefined {
  let fields: Partial<Record<string, unknown>>
  try {
    fields = Object(JSON.parse(text))
  } catch {
    return undefined
  }
  const { op, node, boot, at, epoch, stream, definition: value, fence: pairs } = fields
  if (
    op === 'origin' &&
    typeof node === 'string' &&
    isNodeId(node) &&
    typeof boot === 'number' &&
    isBoot(boot)
  )
    return { op, node, boot }
  if (op === 'time') return typeof at === 'number' && Number.isFinite(at) && at >= 0 ? { op, at } : undefined
  if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 0) return undefined
  if (typeof stream !== 'string') return undefined
  const definition = readDefinition(stream, value)
  if (definition === undefined) return undefined
  if (op === 'seal') return { op, epoch, definition }
  const fence = readFence(pairs)
  if (op !== 'begin' || fence === undefined) return undefined
  return Number.isFinite(at)
    ? { op, epoch, definition, fence, at: Number(at) }
    : { op, epoch, definition, fence }
}

/** Reads pairs of an origin and a sequence; undefined if they are something else. */
export function readFence(pairs: unknown): Map<Origin, number> | undefined {
  if (!Array.isArray(pairs)) return undefined
  const fence = new Map<Origin, number>()
  for (const pair of pairs as readonly unknown[]) {
    const [origin, sequence] = Array.isArray(pair) ? (pair as readonly unknown[]) : []
    const parts = typeof origin === 'string' ? fromOrigin(origin) : undefined
    if (
      parts === undefined ||
      typeof sequence !== 'number' ||
      !Number.isSafeInteger(sequence) ||
      sequence < 0
    )
      return undefined
    fence.set(toOrigin(parts.node, parts.boot), sequence)
  }
  return fence
}
