// What the entries of the META group say, and its roster as the state of a floor: JSON objects.

import { isNodeId, type NodeId } from '../core/common/ids.ts'
import type { ConfigurationRecord } from '../core/raft/configuration.ts'
import type { MemberId } from '../core/raft/quorum.ts'
import { readConfiguration } from '../wire/snapshot-bytes.ts'
import { toTextBytes, tryReadText } from '../wire/text.ts'
import { Roster, type RosterCommand, type RosterMember } from './roster.ts'

const addressCharactersMax = 300

export function encodeRosterCommand(command: RosterCommand): Uint8Array {
  return toTextBytes(JSON.stringify(command))
}

/** What an entry says; undefined where it says nothing: a leader's first one in its term. */
export function decodeRosterCommand(data: Uint8Array): RosterCommand | undefined {
  const { op, member: value, node, group, voters, id } = parseObject(data)
  if (op === 'group' && isCount(group)) return readGroupCommand(group, voters)
  if (op === 'left' && isMemberId(id)) return { op, id }
  if (op === 'leave' && typeof node === 'string' && isNodeId(node)) return { op, node }
  const member = readMember(value)
  return op === 'join' && member !== undefined ? { op, member } : undefined
}

export function encodeRoster(roster: Roster): Uint8Array {
  return toTextBytes(JSON.stringify(roster.toFields()))
}

/** The roster in the state of a floor; undefined where the bytes are something else. */
export function decodeRoster(bytes: Uint8Array): Roster | undefined {
  const { groupCount, members, leaving, former, groups, voterCounts } = parseObject(bytes)
  if (!isCount(groupCount) || !Array.isArray(members) || !Array.isArray(former) || !Array.isArray(groups))
    return undefined
  if (!Array.isArray(leaving) || !leaving.every(isMemberId)) return undefined
  if (!Array.isArray(voterCounts) || !voterCounts.every(isVoterCount)) return undefined
  const all = members.map(readMember)
  const begun = groups.map(readGroup)
  const isSound =
    all.every((member) => member !== undefined) &&
    begun.every((group) => group !== undefined) &&
    former.every(isFormer)
  return isSound
    ? Roster.fromFields({ groupCount, members: all, leaving, former, groups: begun, voterCounts })
    : undefined
}

/** What is asked of a group, in an entry or a frame. */
export function readGroupCommand(
  group: number,
  voters: unknown,
): (RosterCommand & { readonly op: 'group' }) | undefined {
  if (voters === undefined) return { op: 'group', group }
  return isCount(voters) ? { op: 'group', group, voters } : undefined
}

/** A member as it stands in commands and frames. */
export function readMember(value: unknown): RosterMember | undefined {
  const { id, node, address } = Object(value) as Partial<Record<keyof RosterMember, unknown>>
  if (!isMemberId(id) || typeof node !== 'string' || !isNodeId(node)) return undefined
  if (typeof address !== 'string' || address.length > addressCharactersMax) return undefined
  return { id, node, address }
}

export function isMemberId(value: unknown): value is MemberId {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function readGroup(value: unknown): [number, ConfigurationRecord] | undefined {
  const [group, fields]: readonly unknown[] = Array.isArray(value) ? value : []
  const configuration = readConfiguration(fields)
  return isCount(group) && configuration !== undefined ? [group, configuration] : undefined
}

function isFormer(value: unknown): value is [MemberId, NodeId] {
  const [id, node]: readonly unknown[] = Array.isArray(value) ? value : []
  return isMemberId(id) && typeof node === 'string' && isNodeId(node)
}

function isVoterCount(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(isCount)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}

function parseObject(data: Uint8Array): Partial<Record<string, unknown>> {
  const text = tryReadText(data)
  if (text === undefined || text === '') return {}
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
