// What nodes say to each other about who is in the cluster, before and beside META's own messages. A frame is u8 12, 3 bytes 0, and a JSON
// object (docs/protocol.md section 7).

import type { Refusal } from '../core/common/errors.ts'
import { isNodeId, type NodeId } from '../core/common/ids.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import { isErrorCode } from '../wire/control.ts'
import { toTextBytes, tryReadText } from '../wire/text.ts'
import type { RosterMember } from './roster.ts'
import { isMemberId, readGroupCommand, readMember } from './roster-bytes.ts'

export const metaFrameType = 12
const headBytes = 4
const reasonCharactersMax = 1000

export type MetaMessage =
  /** A node that is not a member, or that does not know it, wants to be one. Passed on to META's leader. */
  | { readonly op: 'enter'; readonly member: RosterMember }
  /** The answer of a node that belongs to no cluster, to the one that would found it. */
  | { readonly op: 'fresh'; readonly id: MemberId }
  /** A group is wanted, with so many voters. */
  | { readonly op: 'group'; readonly group: number; readonly voters?: number | undefined }
  /** A node is to leave; the answer has the same number. */
  | { readonly op: 'leave'; readonly node: NodeId; readonly request: number }
  /** Why what was asked for is not done; or that it has been proposed. */
  | { readonly op: 'answer'; readonly request: number; readonly problem: Refusal | undefined }

export function encodeMeta(message: MetaMessage): Uint8Array {
  const text = toTextBytes(JSON.stringify(message))
  const frame = new Uint8Array(headBytes + text.length)
  frame[0] = metaFrameType
  frame.set(text, headBytes)
  return frame
}

/** What a frame of another node says; undefined where it is broken. */
export function decodeMeta(frame: Uint8Array): MetaMessage | undefined {
  const text = tryReadText(frame.subarray(headBytes))
  if (text === undefined) return undefined
  let fields: Partial<Record<string, unknown>>
  try {
    fields = Object(JSON.parse(text))
  } catch {
    return undefined
  }
  const { op, member: value, id, group, voters, node, request, problem } = fields
  if (op === 'fresh') return isMemberId(id) ? { op, id } : undefined
  if (op === 'group') return isMemberId(group) ? readGroupCommand(group, voters) : undefined
  if (op === 'enter') {
    const member = readMember(value)
    return member && { op, member }
  }
  if (!isMemberId(request)) return undefined
  if (op === 'leave') return typeof node === 'string' && isNodeId(node) ? { op, node, request } : undefined
  if (op !== 'answer') return undefined
  if (problem === undefined) return { op, request, problem }
  const { refused, reason } = Object(problem) as Partial<Record<keyof Refusal, unknown>>
  if (!isErrorCode(refused) || typeof reason !== 'string') return undefined
  return { op, request, problem: { refused, reason: reason.slice(0, reasonCharactersMax) } }
}
