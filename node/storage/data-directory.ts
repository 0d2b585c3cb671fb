// The folder that belongs to one node of one cluster: who it is, one process at a time, and where things lie in it.
//
//   identity.json       node, cluster, and its number as a member of groups; written once
//   lock, lock.json     held while a process runs, and by whom
//   journal/            what was sent and delivered
//   logs/               the process's own log, where it writes to files
//   subscriptions.json  the node's own subscriptions
//   catalog.json        what the cluster knows together: streams, cursors of named subscriptions

import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HeraldError } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import { type DataLock, lockDataDirectory } from './data-lock.ts'
import { toDiskFailure } from './disk-failure.ts'
import { temporaryEnding, writeWholeFile } from './whole-file.ts'

const identityFileName = 'identity.json'

export interface DataDirectoryOptions {
  readonly path: string
  readonly node: NodeId
  readonly cluster: string
  /** Milliseconds since 1970, for a directory that is created. */
  readonly nowMs: number
  /** A number that is drawn for no other directory, 1..2^53-1. */
  readonly drawMember: () => number
}

/** Whose directory it is. */
export interface Identity {
  readonly node: string
  readonly cluster: string
  /** When the directory was first used, ISO 8601. */
  readonly createdAt: string
  /** The node over this directory, as a member of Raft groups: whoever loses the directory has another number afterwards. */
  readonly member: number
}

/** An open, locked data directory. */
export class DataDirectory {
  readonly path: string
  readonly identity: Identity
  readonly #lock: DataLock

  private constructor(path: string, identity: Identity, lock: DataLock) {
    this.path = path
    this.identity = identity
    this.#lock = lock
  }

  /** Opens or creates the directory. Throws DATA_LOCKED, DATA_FOREIGN, DATA_DAMAGED or DISK_FAILED. */
  static async open(options: DataDirectoryOptions): Promise<DataDirectory> {
    const path = resolve(options.path)
    let lock: DataLock | undefined
    try {
      // The identity is looked at first, so that an empty lock is not left in a directory that is somebody else's.
      await mkdir(path, { recursive: true })
      refuseForeign(path, await readIdentity(path), options)
      lock = await lockDataDirectory(path, options.node)
      const identity = (await readIdentity(path)) ?? (await writeIdentity(path, options))
      refuseForeign(path, identity, options)
      await removeTemporaryFiles(path)
      await mkdir(join(path, 'journal'), { recursive: true })
      await mkdir(join(path, 'logs'), { recursive: true })
      return new DataDirectory(path, identity, lock)
    } catch (cause) {
      lock?.release()
      if (cause instanceof HeraldError) throw cause
      throw toDiskFailure(path, cause)
    }
  }

  get member(): number {
    return this.identity.member
  }

  get journalPath(): string {
    return join(this.path, 'journal')
  }

  get logsPath(): string {
    return join(this.path, 'logs')
  }

  /** Gives the directory free for another process. */
  release(): void {
    this.#lock.release()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }
}

async function readIdentity(directory: string): Promise<Identity | undefined> {
  const path = join(directory, identityFileName)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
  const identity = parseIdentity(text)
  if (identity === undefined) {
    throw new HeraldError('DATA_DAMAGED', `${path}: not {"node", "cluster", "createdAt", "member"}`)
  }
  return identity
}

function parseIdentity(text: string): Identity | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    if (!('node' in value && 'cluster' in value && 'createdAt' in value)) return undefined
    if (!('member' in value)) return undefined
    const { node, cluster, createdAt, member } = value
    if (typeof node !== 'string' || typeof cluster !== 'string' || typeof createdAt !== 'string')
      return undefined
    if (typeof member !== 'number' || !Number.isSafeInteger(member) || member < 1) return undefined
    return { node, cluster, createdAt, member }
  } catch {
    return undefined
  }
}

async function writeIdentity(directory: string, options: DataDirectoryOptions): Promise<Identity> {
  const { node, cluster } = options
  const identity = {
    ...{ node, cluster, member: options.drawMember() },
    createdAt: new Date(options.nowMs).toISOString(),
  }
  await writeWholeFile(join(directory, identityFileName), `${JSON.stringify(identity)}\n`)
  return identity
}

function refuseForeign(path: string, identity: Identity | undefined, options: DataDirectoryOptions): void {
  if (identity === undefined) return
  if (identity.node === options.node && identity.cluster === options.cluster) return
  const owner = `node ${identity.node} of cluster ${identity.cluster}`
  const asked = `node ${options.node} of cluster ${options.cluster}`
  throw new HeraldError('DATA_FOREIGN', `${path} belongs to ${owner}, not to ${asked}`)
}

async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.endsWith(temporaryEnding)) await rm(join(directory, name), { force: true })
  }
}
