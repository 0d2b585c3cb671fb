// What a node remembers on disk: the journal, its own subscriptions, and the catalog. Written as things happen, read once at
// the start.

import type { Logger } from 'pino'
import type { Broker } from './broker/broker.ts'
import type { NodeSubscriptions } from './broker/node-subscriptions.ts'
import { now } from './clock.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { Counters } from './core/common/counters.ts'
import { HeraldError } from './core/common/errors.ts'
import type { JournalStatus } from './net/admin-port.ts'
import type { LinkStatus } from './net/ports.ts'
import { NodeRecorder } from './recorder.ts'
import { type CatalogEntry, CatalogFile, readCatalog } from './storage/catalog-file.ts'
import type { DataDirectory } from './storage/data-directory.ts'
import { JournalWriter } from './storage/journal-writer.ts'
import { clearLogsAndSubscriptions } from './storage/served-files.ts'
import { findForgotten, recoverSubscriptions, SubscriptionsFile } from './storage/subscriptions-file.ts'
import { readCatalogEntry } from './wire/peer-codec.ts'

/** Clock offsets change slowly; a line every ten seconds shows their course, and the first one comes as soon as there is one. */
const clockLineMs = 10_000

export class NodeMemory {
  readonly directory: DataDirectory
  readonly recorder: NodeRecorder
  readonly #config: NodeConfig
  readonly #journal: JournalWriter
  readonly #subscriptionsFile: SubscriptionsFile
  readonly #catalogFile: CatalogFile
  readonly #log: Logger
  /** What the disk has refused, by file: tried again every second. */
  readonly #unsaved = new Map<string, () => Promise<void>>()
  /** Journal file that begins with what a reader has to know. */
  #journalFile = 0
  /** What retention had dropped when the journal was told last, by stream and origin. */
  readonly #goneTold = new Map<string, number>()
  /** How far origins had their places when the journal was told last, by stream and origin. */
  readonly #placedTold = new Map<string, number>()
  /** When the clock of a peer is due to be told, milliseconds since 1970. */
  readonly #nextClockLines = new Map<string, number>()

  /** Opens the journal. Throws HeraldError. */
  static async open(
    config: NodeConfig,
    directory: DataDirectory,
    log: Logger,
    counters: Counters,
  ): Promise<NodeMemory> {
    const journal = await JournalWriter.open({
      directory: directory.journalPath,
      fileBytesMax: config.tunables.journalFileBytes,
      filesMax: config.tunables.journalFilesMax,
      now,
      onFailure: ({ code, message }) => log.error({ event: 'journal-failed', code, reason: message }),
      onDropped: (lines) => counters.increment('journalLinesDropped', lines),
    })
    return new NodeMemory(config, directory, journal, log)
  }

  private constructor(config: NodeConfig, directory: DataDirectory, journal: JournalWriter, log: Logger) {
    this.#log = log
    this.#config = config
    this.directory = directory
    this.#journal = journal
    this.recorder = new NodeRecorder(journal, now)
    this.#subscriptionsFile = new SubscriptionsFile(directory.path)
    this.#catalogFile = new CatalogFile(directory.path)
  }

  /** Whether what happens is written down; while it is not, the delivery check cannot tell. */
  get journal(): JournalStatus {
    const { failure } = this.#journal
    return failure === undefined ? { state: 'ok' } : { state: 'failing', reason: failure }
  }

  /** Gives the broker back what the last boot knew, and begins the journal of this one. */
  async recall(broker: Broker, subscriptions: NodeSubscriptions): Promise<void> {
    const entries = await readCatalog(this.directory.path)
    const { path, journalPath } = this.directory
    const saved = await recoverSubscriptions(path, journalPath)
    const forgotten = saved.isSaved ? [] : await findForgotten(journalPath, now())
    this.beginJournal(broker)
    for (const line of forgotten) this.recorder.line(line)
    for (const entry of entries) {
      const checked = readCatalogEntry(entry)
      if (checked !== undefined) broker.agent.catalog.merge(checked)
      else this.#log.warn({ event: 'catalog-entry-unknown', key: entry.key })
    }
    // The broker writes each stream into the journal, which has begun for that.
    broker.refreshStreams()
    for (const { sub, patterns, since, vectors } of saved.subscriptions) {
      for (const pattern of patterns) subscriptions.resume({ sub, pattern, since, vectors })
    }
    // From now on a file that is missing was there.
    if (!saved.isSaved) await this.saveSubscriptions(subscriptions).catch(isLogged)
  }

  /** Writes what a reader of the journal has to know first; again in every file, since old files are removed. */
  beginJournal(broker: Broker): void {
    const { cluster, nodeId } = this.#config
    const at = now()
    this.recorder.line({ t: 'start', at, v: 1, cluster, node: nodeId, origin: broker.origin })
    this.#goneTold.clear()
    this.#nextClockLines.clear()
    for (const { name, definition } of broker.streams.replicas) {
      this.recorder.stream(name, definition.topics, false, at)
    }
    for (const subscriber of broker.subscribers) subscriber.announce()
    broker.queues.announce()
    this.#journalFile = this.#journal.position.file
  }

  /** Once a second: what gathered goes into the journal. */
  onSecond(at: number, broker: Broker, links: readonly LinkStatus[]): void {
    if (this.#journal.position.file !== this.#journalFile) this.beginJournal(broker)
    this.#tellPlaced(broker)
    this.#tellGone(broker)
    for (const { journal } of broker.subscribers) journal.order.onSecond()
    broker.queues.onSecond()
    this.recorder.onSecond()
    for (const [file, save] of this.#unsaved) void this.#save(file, save).catch(isLogged)
    for (const { peer, state, clockOffsetMs, clockErrorMs } of links) {
      if (state !== 'up' || clockOffsetMs === undefined || clockErrorMs === undefined) continue
      if (at < (this.#nextClockLines.get(peer) ?? 0)) continue
      this.#nextClockLines.set(peer, at + clockLineMs)
      this.recorder.line({ t: 'clock', at, peer, offsetMs: clockOffsetMs, errorMs: clockErrorMs })
    }
  }

  /**
   * Saves the node's own subscriptions with the place in the journal up to which their positions are certain. They are in the
   * journal before they are in the file, else a crash between the two would lose what was delivered meanwhile; the place is the
   * one before that write, so that no line before it says more than the positions do. Throws DISK_FAILED.
   */
  async saveSubscriptions(subscriptions: NodeSubscriptions): Promise<void> {
    await this.#save('subscriptions.json', async () => {
      const journal = this.#journal.position
      const flushed = this.recorder.flush()
      const saved = subscriptions.saved().map(({ sub, pattern, since, vectors }) => {
        return { sub, patterns: [pattern], since, vectors }
      })
      await flushed
      await this.#subscriptionsFile.save(() => ({ journal, subscriptions: saved }))
    })
  }

  /** Throws DISK_FAILED. */
  async saveCatalog(broker: Broker): Promise<void> {
    const toEntries = (): CatalogEntry[] =>
      [...broker.agent.catalog.entries()].map(({ key, value, version, by }) => ({ key, value, version, by }))
    await this.#save('catalog.json', () => this.#catalogFile.save(toEntries))
  }

  /** As `saveCatalog`, for a caller who has nobody to tell: the log is told. */
  onCatalogChanged(broker: Broker): void {
    void this.saveCatalog(broker).catch(isLogged)
  }

  /** Saves all for the last time; what the disk refuses is in the log. */
  async saveAll(broker: Broker, subscriptions: NodeSubscriptions): Promise<void> {
    await this.saveSubscriptions(subscriptions).catch(isLogged)
    await this.saveCatalog(broker).catch(isLogged)
  }

  /** Removes journals, logs and the subscriptions file, and begins the journal anew. */
  async clear(broker: Broker): Promise<{ readonly removedFiles: number; readonly removedBytes: number }> {
    await this.recorder.flush()
    const journals = await this.#journal.clear()
    const others = await clearLogsAndSubscriptions(this.directory.path)
    this.beginJournal(broker)
    return { removedFiles: journals.files + others.files, removedBytes: journals.bytes + others.bytes }
  }

  /** Resolves when everything that has happened so far is in the journal. */
  async flush(broker: Broker): Promise<void> {
    this.#tellPlaced(broker)
    this.#tellGone(broker)
    for (const { journal } of broker.subscribers) journal.order.flush()
    broker.queues.onSecond()
    await this.recorder.flush()
  }

  /** Ends the journal in order and gives the directory free. */
  async close(broker: Broker): Promise<void> {
    await this.flush(broker)
    this.recorder.line({ t: 'stop', at: now(), node: this.#config.nodeId, origin: broker.origin })
    await this.recorder.flush(true)
    await this.#journal.close()
    this.directory.release()
  }

  /**
   * Writes how far every origin has its places, not only this boot: where an origin crashes before it has written that, the
   * journals of the others tell.
   */
  #tellPlaced(broker: Broker): void {
    for (const { stream, origin, to } of broker.leader.placed()) {
      const key = `${stream}\n${origin}`
      if (this.#placedTold.get(key) === to) continue
      this.#placedTold.set(key, to)
      this.recorder.placed(stream, origin, to)
    }
  }

  /** Writes what is left of no origin any more: what a subscription is told to be gone must be so by more than its word. */
  #tellGone(broker: Broker): void {
    for (const replica of broker.streams.replicas) {
      for (const { origin, goneTo } of replica.origins.values()) {
        const key = `${replica.name}\n${origin}`
        if (goneTo === 0 || this.#goneTold.get(key) === goneTo) continue
        this.#goneTold.set(key, goneTo)
        this.recorder.retained(replica.name, origin, goneTo)
      }
    }
  }

  /** A disk that refuses is logged once, until everything is saved again. */
  async #save(file: string, save: () => Promise<void>): Promise<void> {
    try {
      await save()
      this.#unsaved.delete(file)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const error = new HeraldError('DISK_FAILED', `${file} cannot be written: ${why}`, { cause })
      const { code, message } = error
      if (this.#unsaved.size === 0) this.#log.error({ event: 'save-failed', code, reason: message })
      this.#unsaved.set(file, save)
      throw error
    }
  }
}

/** The log has it. */
function isLogged(): void {}
