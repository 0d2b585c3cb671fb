// Who a data directory belongs to, in identity.json: written once, and again when its log cannot be gone on with, and to note how far that
// goes: a log that has lost its end looks like one that never had it.

import { join } from 'node:path'
import { HeraldError } from '../core/common/errors.ts'
import { readSealedFile, toSealedText } from './sealed-file.ts'
import { writeWholeFile } from './whole-file.ts'

/** Whose directory it is. */
export interface Identity {
  readonly node: string
  readonly cluster: string
  /** When the directory was first used, ISO 8601. */
  readonly createdAt: string
  /** The node over this directory, as a member of Raft groups: whoever loses the directory has another number afterwards. */
  readonly member: number
  /** A write that the log has, durable: one that ends before it has lost something. Absent until it begins. */
  readonly logReaches?: number
  /** Why the log that lies here is not this member's, but that of the one before; absent where it is. */
  readonly abandonedLog?: string
  /** A log of this directory was given up once: whatever its cluster had agreed on, the node has forgotten. Absent where none was. */
  readonly hasLostLog?: true
}

const fileName = 'identity.json'

/** Throws DATA_DAMAGED and DISK_FAILED; undefined where there is none. */
export async function readIdentity(directory: string): Promise<Identity | undefined> {
  const path = join(directory, fileName)
  const value = await readSealedFile(path)
  if (value === undefined) return undefined
  const identity = toIdentity(value)
  if (identity === undefined)
    throw new HeraldError('DATA_DAMAGED', `${path}: not {"node", "cluster", "createdAt", "member"}`)
  return identity
}

export async function writeIdentity(directory: string, identity: Identity): Promise<void> {
  await writeWholeFile(join(directory, fileName), toSealedText(identity))
}

function toIdentity(value: unknown): Identity | undefined {
  const fields: Partial<Record<keyof Identity, unknown>> = Object(value)
  const { node, cluster, createdAt, member, logReaches, abandonedLog, hasLostLog } = fields
  if (typeof node !== 'string' || typeof cluster !== 'string' || typeof createdAt !== 'string')
    return undefined
  if (!isCount(member) || !(logReaches === undefined || isCount(logReaches))) return undefined
  if (!(abandonedLog === undefined || typeof abandonedLog === 'string')) return undefined
  if (!(hasLostLog === undefined || hasLostLog === true)) return undefined
  return {
    ...{ node, cluster, createdAt, member },
    ...(logReaches !== undefined && { logReaches }),
    ...(abandonedLog !== undefined && { abandonedLog }),
    ...(hasLostLog !== undefined && { hasLostLog }),
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}
