// Streams in leader mode on this node: their log in files, the agent over it, and the time that passes for it.

import type { Logger } from 'pino'
import type { Broker } from './broker/broker.ts'
import { now } from './clock.ts'
import { formatAddress } from './config/address.ts'
import type { NodeConfig } from './config/node-config.ts'
import { type ErrorCode, HeraldError } from './core/common/errors.ts'
import type { Boot, NodeId } from './core/common/ids.ts'
import type { SlabPool } from './core/common/slabs.ts'
import { NotePace } from './core/wal/note-pace.ts'
import { EntryMemory } from './groups/entry-memory.ts'
import { LogReading } from './groups/log-reading.ts'
import { GroupRecovery } from './groups/recovery.ts'
import { LeaderAgent } from './leader/agent.ts'
import { LeaderClockwork } from './leader-clockwork.ts'
import type { Roster } from './meta/roster.ts'
import type { MemberStatus } from './net/admin-port.ts'
import type { DataDirectory } from './storage/data-directory.ts'
import { toDiskFailure, toReason } from './storage/disk-failure.ts'
import { LogFiles, type OpenedLogFiles } from './storage/log-files.ts'
import type { TurnEnd } from './turn-end.ts'

/** The log as it was found. */
export interface OpenedLog extends OpenedLogFiles {
  readonly recovery: GroupRecovery
  /** Why the log that was here was set aside, and this one begins anew; undefined where it goes on. */
  readonly damage: string | undefined
}

/**
 * Opens the log of a node. One that is damaged is set aside, and the node begins anew, as another member: nobody counts on what it has
 * forgotten, and the others bring it what it lacks. Throws DISK_FAILED, and DATA_OUTDATED where another version wrote it.
 */
export async function openLog(directory: DataDirectory, slabs: SlabPool, log: Logger): Promise<OpenedLog> {
  try {
    const aside = await directory.setLogAside()
    if (aside !== undefined) log.error({ event: 'log-set-aside', ...aside })
    try {
      return { ...(await readLog(directory, slabs, log)), damage: aside?.reason }
    } catch (error) {
      if (!(error instanceof HeraldError) || error.code !== 'DATA_DAMAGED') throw error
      await directory.abandonLog(error.message)
      return await openLog(directory, slabs, log)
    }
  } catch (cause) {
    if (!(cause instanceof HeraldError)) throw toDiskFailure(directory.path, cause)
    if (cause.code !== 'DATA_OUTDATED') throw cause
    throw new HeraldError(cause.code, `${directory.logPath}/${cause.message}`)
  }
}

/** Throws DISK_FAILED, and DATA_DAMAGED where something is lost that was durable. */
async function readLog(
  directory: DataDirectory,
  slabs: SlabPool,
  log: Logger,
): Promise<Omit<OpenedLog, 'damage'>> {
  const { logPath: path } = directory
  const note = (write: number): Promise<void> => directory.noteLog(write)
  const noted = directory.logReaches
  const reading = new LogReading(new GroupRecovery(() => new EntryMemory(slabs)))
  const opened = await LogFiles.open(path, (...write) => reading.onWrite(...write), { noted, note })
  const { damages, start } = opened
  const [problem] = reading.problems({ path, noted, damages, files: start.files ?? [] })
  if (problem !== undefined) throw new HeraldError('DATA_DAMAGED', problem)
  const { tail } = opened
  if (tail !== undefined) log.warn({ event: 'log-tail-cut', file: tail.file, bytes: tail.bytes })
  // Also a process that died before it noted what it wrote has what is here.
  await note(start.next.number - 1)
  return { ...opened, recovery: reading.recovery }
}

/** What the host needs of the node. */
export interface LeaderHostOptions {
  readonly config: NodeConfig
  readonly boot: Boot
  readonly directory: DataDirectory
  readonly opened: OpenedLog
  readonly slabs: SlabPool
  readonly random: () => number
  readonly sendFrame: (node: NodeId, frame: Uint8Array) => void
  readonly queuedBytes: (node: NodeId) => number | undefined
  /** The broker is made after the host. */
  readonly brokerOf: () => Broker
  /** Answers to publishers that wait: they leave before other members hear what the groups have done. */
  readonly answers: TurnEnd
  /** Members have come or gone. */
  readonly onRoster: (roster: Roster, meta: number) => void
  /** The disk has refused: nothing may be acknowledged any more. */
  readonly onFailed: (code: ErrorCode, reason: string) => void
}

export class LeaderHost {
  readonly agent: LeaderAgent
  readonly #options: LeaderHostOptions
  readonly #files: LogFiles
  readonly #notes: NotePace
  readonly #clockwork: LeaderClockwork

  constructor(options: LeaderHostOptions) {
    const { config, boot, directory, opened, slabs, random, brokerOf } = options
    const { files, start, recovery } = opened
    this.#options = options
    this.#files = files
    this.#notes = new NotePace(files.durable)
    this.#clockwork = new LeaderClockwork({
      isAtRest: () => this.agent.isAtRest,
      onTicks: (ticks) => this.#onTicks(ticks),
      now,
    })
    this.agent = new LeaderAgent({
      node: config.nodeId,
      boot,
      member: directory.member,
      hasLostLog: directory.hasLostLog,
      nodes: new Map(Array.from(config.peers, ([id, peer]) => [id, formatAddress(peer)])),
      start,
      logs: recovery.logs,
      slabs,
      random,
      timeoutMs: config.tunables.copiesTimeoutMs,
      ports: {
        disk: files,
        now,
        endOfTurn: (callback) => setImmediate(callback),
        onRan: () => {
          options.answers.run()
          this.#clockwork.onTurn()
        },
        // Frames to other members are small and gone soon: from the pool, each of them is not a buffer of its own to be collected.
        allocate: (bytes) => Buffer.allocUnsafe(bytes),
        sendFrame: options.sendFrame,
        queuedBytes: options.queuedBytes,
        onDelivered: (replica) => brokerOf().onDelivered(replica),
        onVoid: (...run) => brokerOf().ports.recorder.voided(...run),
        onFailed: (cause) => void this.#fail(cause),
        onRoster: options.onRoster,
        epochs: {
          onSealed: (stream) => brokerOf().epochs.onSealed(stream),
          onEpoch: (stream, nodes, replica) => brokerOf().epochs.onEpoch(stream, nodes, replica),
          publishAgain: (stream, pending) => brokerOf().epochs.publishAgain(stream, pending),
        },
      },
    })
  }

  /** This node's part in the Raft groups of the cluster. */
  get member(): MemberStatus {
    const { damage } = this.#options.opened
    return { state: this.agent.standing, ...(damage !== undefined && { damage }) }
  }

  /** Goes on with what the log has; time begins to pass. */
  start(): void {
    this.agent.recover()
    this.#clockwork.start()
  }

  #onTicks(ticks: number): void {
    this.agent.tick(ticks)
    const write = this.#notes.tick(ticks, this.#files.durable)
    if (write !== undefined) void this.#note(write)
  }

  /** Where that fails, the note before still holds; a log that cannot be written either says so itself. */
  async #note(write: number): Promise<void> {
    await this.#options.directory.noteLog(write).catch(() => undefined)
  }

  /** A log that has lost what it had is not gone on with: the next start begins anew, as another member. */
  async #fail(cause: unknown): Promise<void> {
    const { directory, onFailed } = this.#options
    const code = toCode(cause)
    if (code === 'DATA_DAMAGED') await directory.abandonLog(toReason(cause)).catch(() => undefined)
    onFailed(code, toReason(cause))
  }

  /** Stops the time; nothing is written any more when this resolves. */
  async close(): Promise<void> {
    this.#clockwork.stop()
    await this.#files.close()
    await this.#note(this.#files.durable)
  }
}

/** What is wrong with the log: by default, that it cannot be written. */
function toCode(cause: unknown): ErrorCode {
  return cause instanceof HeraldError ? cause.code : 'DISK_FAILED'
}
