// The folder that belongs to one node of one cluster: who it is, one process at a time, and where things lie in it.
//
//   identity.json       node, cluster, its number as a member of groups, and how far its log goes
//   log/                what Raft groups have written; log.damaged-1 and so on are logs that could not be gone on with, damage.json says why
//   lock, lock.json     held while a process runs, and by whom
//   journal/            what was sent and delivered
//   logs/               the process's own log, where it writes to files
//   subscriptions.json  the node's own subscriptions
//   catalog.json        what the cluster knows together: streams, cursors of named subscriptions

import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { HeraldError } from '../core/common/errors.ts'
import type { NodeId } from '../core/common/ids.ts'
import { writeDamageNote } from './damage-note.ts'
import { type DataLock, lockDataDirectory } from './data-lock.ts'
import { toDiskFailure } from './disk-failure.ts'
import { type Identity, readIdentity, writeIdentity } from './identity.ts'
import { syncDirectory, temporaryEnding } from './whole-file.ts'

export interface DataDirectoryOptions {
  readonly path: string
  readonly node: NodeId
  readonly cluster: string
  /** Milliseconds since 1970, for a directory that is created. */
  readonly nowMs: number
  /** A number that is drawn for no other directory, 1..2^53-1. */
  readonly drawMember: () => number
}

const damagedPrefix = 'log.damaged-'

/** An open, locked data directory. */
export class DataDirectory {
  readonly path: string
  #identity: Identity
  readonly #lock: DataLock
  readonly #drawMember: () => number
  /** Resolves when the identity is being written no more: one change at a time, so that none takes another one back. */
  #written: Promise<unknown> = Promise.resolve()

  private constructor(path: string, identity: Identity, lock: DataLock, drawMember: () => number) {
    this.path = path
    this.#identity = identity
    this.#lock = lock
    this.#drawMember = drawMember
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
      const identity = (await readIdentity(path)) ?? (await begin(path, options))
      refuseForeign(path, identity, options)
      await removeTemporaryFiles(path)
      await mkdir(join(path, 'journal'), { recursive: true })
      await mkdir(join(path, 'logs'), { recursive: true })
      return new DataDirectory(path, identity, lock, options.drawMember)
    } catch (cause) {
      lock?.release()
      if (cause instanceof HeraldError) throw cause
      throw toDiskFailure(path, cause)
    }
  }

  get identity(): Identity {
    return this.#identity
  }

  /** The node over this directory, as a member of Raft groups. */
  get member(): number {
    return this.#identity.member
  }

  /** Whether a log of this directory was given up, now or before: the node may have been in a cluster of which it knows nothing. */
  get hasLostLog(): boolean {
    return this.#identity.hasLostLog === true
  }

  get logPath(): string {
    return join(this.path, 'log')
  }

  /**
   * The log cannot be gone on with, and what it promised is not known any more: from now on the node is another member. Durable when it
   * resolves. Throws what the file system throws.
   */
  async abandonLog(reason: string): Promise<void> {
    const member = this.#drawMember()
    await this.#change(({ abandonedLog = reason, ...identity }) => ({ ...identity, member, abandonedLog }))
  }

  /**
   * Moves a log that was abandoned out of the way, for whoever wants to look at it. Returns why it was and where it lies; undefined
   * where none was. Throws what the file system throws.
   */
  async setLogAside(): Promise<{ readonly reason: string; readonly path: string } | undefined> {
    const { abandonedLog } = this.#identity
    if (abandonedLog === undefined) return undefined
    const names = await readdir(this.path)
    const number = 1 + names.filter((name) => name.startsWith(damagedPrefix)).length
    const path = join(this.path, `${damagedPrefix}${number}`)
    if (names.includes('log')) {
      // Only for whoever looks at it: the node goes on also where that cannot be written.
      await writeDamageNote(this.logPath, abandonedLog).catch(() => undefined)
      await rename(this.logPath, path)
    }
    await syncDirectory(this.path)
    await this.#change(({ abandonedLog: _, logReaches: __, ...identity }) => ({
      ...identity,
      hasLostLog: true,
    }))
    return { reason: abandonedLog, path }
  }

  get journalPath(): string {
    return join(this.path, 'journal')
  }

  get logsPath(): string {
    return join(this.path, 'logs')
  }

  /** The last write that the log is known to have; 0 before it has any. */
  get logReaches(): number {
    return this.#identity.logReaches ?? 0
  }

  /** The log has this write, durable: if it is not there at a later start, it is lost. The note is durable when this resolves. */
  async noteLog(write: number): Promise<void> {
    await this.#change((identity) =>
      write > (identity.logReaches ?? 0) ? { ...identity, logReaches: write } : identity,
    )
  }

  /** Gives the directory free for another process. */
  release(): void {
    this.#lock.release()
  }

  #change(toNext: (identity: Identity) => Identity): Promise<void> {
    const change = async (): Promise<void> => {
      const next = toNext(this.#identity)
      if (next === this.#identity) return
      await writeIdentity(this.path, next)
      this.#identity = next
    }
    const changed = this.#written.then(change, change)
    this.#written = changed
    return changed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }
}

async function begin(directory: string, options: DataDirectoryOptions): Promise<Identity> {
  const { node, cluster } = options
  const createdAt = new Date(options.nowMs).toISOString()
  const identity = { node, cluster, member: options.drawMember(), createdAt }
  await writeIdentity(directory, identity)
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
