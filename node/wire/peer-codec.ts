// What nodes say to each other, as bytes (docs/protocol.md section 6): batches and confirmations are binary, the rest is
// JSON. A peer is trusted to mean well but not to be of the same version: what does not parse comes back as
// undefined and is counted, never thrown.

import { type Boot, isBoot, isNodeId, type StreamId } from '../core/common/ids.ts'
import { protocolLimits } from '../core/common/limits.ts'
import type { CatalogEntry } from '../core/gossip/catalog.ts'
import type { HeldMessage, Holding, PeerMessage } from '../core/gossip/messages.ts'
import { streamLimits } from '../core/stream/definition.ts'
import {
  batchBoot,
  batchCount,
  batchFlag,
  batchOffset,
  batchSequence,
  batchStream,
  frameType,
  numberedBatchProblem,
} from './batch-header.ts'
import { readU64, writeU64 } from './bytes.ts'

const heldType = 7
const heldBytes = 40

/** The binary frame of a message that has one; undefined for those that travel as text. */
export function encodePeerFrame(message: PeerMessage): Uint8Array | undefined {
  if (message.kind === 'batch') return message.frame
  if (message.kind !== 'held') return undefined
  const frame = new Uint8Array(heldBytes)
  frame[0] = heldType
  writeU64(frame, 8, message.stream)
  writeU64(frame, 16, message.boot)
  writeU64(frame, 24, message.from)
  writeU64(frame, 32, message.to)
  return frame
}

/** The text of a message that has no binary frame. */
export function encodePeerText(message: PeerMessage): string {
  const { kind, ...fields } = message
  return JSON.stringify({ op: kind, ...fields })
}

export function decodePeerFrame(frame: Uint8Array): PeerMessage | undefined {
  if (frame[0] === heldType) return decodeHeld(frame)
  if (frame[0] !== frameType.batch || numberedBatchProblem(frame) !== undefined) return undefined
  return {
    kind: 'batch',
    stream: batchStream(frame),
    boot: batchBoot(frame),
    from: batchSequence(frame),
    count: batchCount(frame),
    confirm: ((frame[batchOffset.flags] as number) & batchFlag.confirm) !== 0,
    frame,
  }
}

function decodeHeld(frame: Uint8Array): HeldMessage | undefined {
  if (frame.length !== heldBytes) return undefined
  const [stream, boot, from, to] = [
    readU64(frame, 8),
    readU64(frame, 16),
    readU64(frame, 24),
    readU64(frame, 32),
  ]
  if (!isSequence(stream) || !isBoot(boot) || !isSequence(from) || !isSequence(to) || to < from)
    return undefined
  return { kind: 'held', stream: stream as StreamId, boot, from, to }
}

export function decodePeerText(text: string): PeerMessage | undefined {
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof fields !== 'object' || fields === null) return undefined
  const { op, id, stream, boot, from, to } = fields as Partial<Record<string, unknown>>
  switch (op) {
    case 'interest':
      return decodeInterest(fields)
    case 'holdings':
      return decodeHoldings(fields)
    case 'probe': {
      const { toldHash, interestHash, catalogHash } = fields as Partial<Record<string, unknown>>
      return isSequence(toldHash) && isSequence(interestHash) && isSequence(catalogHash)
        ? { kind: 'probe', toldHash, interestHash, catalogHash }
        : undefined
    }
    case 'resync':
      return { kind: 'resync' }
    case 'pull':
      if (!isSequence(id) || !isStream(stream) || !isOriginBoot(boot)) return undefined
      return isSequence(from) && isSequence(to) && from <= to
        ? { kind: 'pull', id, stream, boot, from, to }
        : undefined
    case 'pulled': {
      const { batches, busy } = fields as Partial<Record<string, unknown>>
      if (!isSequence(id) || !isSequence(batches)) return undefined
      return { kind: 'pulled', id, batches, busy: busy === true }
    }
    case 'catalog':
      return decodeCatalog(fields)
    default:
      return undefined
  }
}

function decodeInterest(fields: Readonly<Record<string, unknown>>): PeerMessage | undefined {
  const { stream, wanted, ageMs, have } = fields as Partial<Record<string, unknown>>
  if (!isStream(stream) || typeof wanted !== 'boolean') return undefined
  if (typeof ageMs !== 'number' || !(ageMs >= 0)) return undefined
  if (have === undefined) return { kind: 'interest', stream, wanted, ageMs }
  return isSequence(have) ? { kind: 'interest', stream, wanted, ageMs, have } : undefined
}

function decodeHoldings(fields: Readonly<Record<string, unknown>>): PeerMessage | undefined {
  const { stream, answer, ageMs, holdings } = fields as Partial<Record<string, unknown>>
  if (!isStream(stream) || typeof answer !== 'boolean' || !Array.isArray(holdings)) return undefined
  if (ageMs !== undefined && (typeof ageMs !== 'number' || !(ageMs >= 0))) return undefined
  const decoded: Holding[] = []
  for (const holding of holdings as unknown[]) {
    const { node, boot, first, last, base } = (holding ?? {}) as Partial<Record<string, unknown>>
    if (typeof node !== 'string' || !isNodeId(node) || !isOriginBoot(boot)) return undefined
    if (!isSequence(first) || !isSequence(last) || !isSequence(base)) return undefined
    decoded.push({ node, boot, first, last, base })
  }
  const age = ageMs === undefined ? {} : { ageMs }
  return { kind: 'holdings', stream, answer, ...age, holdings: decoded }
}

function decodeCatalog(fields: Readonly<Record<string, unknown>>): PeerMessage | undefined {
  const { entries } = fields as Partial<Record<string, unknown>>
  if (!Array.isArray(entries)) return undefined
  const decoded: CatalogEntry[] = []
  for (const entry of entries as unknown[]) {
    const read = readCatalogEntry(entry)
    if (read === undefined) return undefined
    decoded.push(read)
  }
  const { asks, answers } = fields as Partial<Record<string, unknown>>
  const { id, hash } = Object(asks) as Partial<Record<string, unknown>>
  return {
    ...{ kind: 'catalog', entries: decoded },
    ...(isSequence(id) && isSequence(hash) && { asks: { id, hash } }),
    ...(isSequence(answers) && { answers }),
  }
}

/** Checks one catalog entry that came from a peer or a file; what it holds is as deep as a definition, not deeper. */
export function readCatalogEntry(entry: unknown): CatalogEntry | undefined {
  const { key, value, version, by } = (entry ?? {}) as Partial<Record<string, unknown>>
  if (typeof key !== 'string' || key.length > 256 || !isSequence(version)) return undefined
  if (typeof by !== 'string' || !isNodeId(by) || !/^(stream|cursor):/.test(key)) return undefined
  if (value === undefined) return { key, version, by }
  const isValid = key.startsWith('stream:') ? isStreamValue(value) : isCursorValue(value)
  return isValid ? { key, value, version, by } : undefined
}

/**
 * Exactly what a node keeps of a stream: `topics`, `mode`, `retention`, `copies`, `replicas`, which earlier versions did not know, and `behind`
 * and `made` where it was made again. Of one that was removed: `removed`, `behind`, and its `made`.
 */
function isStreamValue(value: unknown): boolean {
  if (hasOnly(value, ['removed', 'behind', 'made'])) {
    const { removed, behind, made = 0 } = value
    return removed === true && isSequence(behind) && isSequence(made)
  }
  if (!hasOnly(value, ['topics', 'mode', 'retention', 'copies', 'replicas', 'behind', 'made'])) return false
  const { topics, mode, retention, copies, replicas = 0, behind = 0, made = 0 } = value
  if (!Array.isArray(topics) || topics.length > streamLimits.patternsMax) return false
  if (!topics.every((topic) => typeof topic === 'string' && topic.length <= protocolLimits.topicBytesMax))
    return false
  if ((mode !== 'gossip' && mode !== 'leader') || !hasOnly(retention, ['bytes', 'ageMs'])) return false
  return [copies, replicas, behind, made, retention['bytes'], retention['ageMs']].every(isSequence)
}

/** Exactly what a node keeps of a named subscription: `claim`, and `cursor` once there is one. */
function isCursorValue(value: unknown): boolean {
  if (!hasOnly(value, ['cursor', 'claim'])) return false
  const { cursor, claim } = value
  return isSequence(claim) && (cursor === undefined || typeof cursor === 'string')
}

/** Whether a value is an object without other fields than these. */
function hasOnly(value: unknown, fields: readonly string[]): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every((field) => fields.includes(field))
}

/** A sequence, count, id or hash: a whole number from 0 to 2^53-1. */
function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isStream(value: unknown): value is StreamId {
  return isSequence(value)
}

function isOriginBoot(value: unknown): value is Boot {
  return typeof value === 'number' && isBoot(value)
}
