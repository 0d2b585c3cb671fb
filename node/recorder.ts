// The node's journal as one thing: runs and latencies gather in memory and are written out once a second; events go in at
// once. What `check` and `analyze` know of this node, they know from here.

import type { Recorder } from './broker/ports.ts'
import type { JournalLine, SentProducer, SubscriptionEventLine } from './core/common/journal-lines.ts'
import type { StreamMode } from './core/stream/definition.ts'
import { JournalLatency } from './storage/journal-latency.ts'
import { JournalRuns } from './storage/journal-runs.ts'
import type { JournalWriter } from './storage/journal-writer.ts'

export class NodeRecorder implements Recorder {
  readonly #writer: JournalWriter
  readonly #runs: JournalRuns
  readonly #latency: JournalLatency

  constructor(writer: JournalWriter, now: () => number) {
    const emit = (line: JournalLine): void => writer.append(line)
    this.#writer = writer
    this.#runs = new JournalRuns({ emit, now })
    this.#latency = new JournalLatency({ emit, now })
  }

  sent(
    stream: string,
    origin: string,
    from: number,
    count: number,
    topic: string,
    first: number,
    last: number,
    mode: StreamMode,
    producer?: SentProducer,
  ): void {
    this.#runs.sent(stream, origin, from, count, topic, first, last, mode, producer)
  }

  sentMixed(
    stream: string,
    origin: string,
    from: number,
    topics: readonly string[],
    indexes: ArrayLike<number>,
    first: number,
    last: number,
    mode: StreamMode,
    producer?: SentProducer,
  ): void {
    this.#runs.sentMixed(stream, origin, from, topics, indexes, first, last, mode, producer)
  }

  delivered(sub: string, stream: string, origin: string, from: number, to: number, now: number): void {
    this.#runs.delivered(sub, stream, origin, from, to, now)
  }

  latency(stream: string, topic: string, fromNode: string, latencyUs: number, count: number): void {
    this.#latency.record(stream, topic, fromNode, latencyUs, count)
  }

  subscriptionEvent(line: SubscriptionEventLine): void {
    if (line.t === 'sub') this.#latency.prepare()
    this.#runs.subscriptionEvent(line)
  }

  /** A stream's definition, or that it was removed. */
  stream(name: string, topics: readonly string[], deleted: boolean, at: number): void {
    const line = { t: 'stream', at, stream: name, topics } as const
    this.#runs.streamEvent(deleted ? { ...line, deleted: true } : line)
  }

  placed(stream: string, origin: string, to: number): void {
    this.#runs.placed(stream, origin, to)
  }

  voided(stream: string, origin: string, from: number, to: number): void {
    this.#runs.voided(stream, origin, from, to)
  }

  unplaced(stream: string, origin: string, from: number, to: number): void {
    this.#runs.unplaced(stream, origin, from, to)
  }

  retained(stream: string, origin: string, to: number): void {
    this.#runs.retained(stream, origin, to)
  }

  /** A line that belongs to no run. */
  line(line: JournalLine): void {
    this.#writer.append(line)
  }

  /** Once a second. */
  onSecond(): void {
    this.#runs.flush()
    this.#latency.tick()
  }

  /** Resolves when everything recorded so far is in the file; with `sync`, on the disk. */
  async flush(sync: boolean = false): Promise<void> {
    this.#runs.flush()
    this.#latency.flush()
    await this.#writer.flush({ sync })
  }
}
