// What the journal is told of one member of a queue: what it got, and how far it has read, so that the check knows what the queue has come by.

import type { Origin } from '../core/common/ids.ts'
import type { OriginState } from '../core/stream/replica.ts'
import { BatchReader } from '../wire/batch-reader.ts'
import type { BrokerPorts } from './ports.ts'

export interface QueueJournalOptions {
  readonly sub: string
  readonly queue: string
  readonly stream: string
  readonly patterns: readonly string[]
}

export class QueueJournal {
  readonly #ports: BrokerPorts
  readonly #options: QueueJournalOptions
  readonly #reader = new BatchReader()
  /** What was said last of how far it has read. */
  #passed = ''
  /** Whether it was told of the member: of one whose queue waits for its offset it is not, so that nothing is owed to that. */
  #hasBegun = false

  constructor(ports: BrokerPorts, options: QueueJournalOptions) {
    this.#ports = ports
    this.#options = options
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** It is a member from now on, of a queue that stands here. */
  begin(vector: Iterable<readonly [Origin, number]>): void {
    this.#hasBegun = true
    const { sub, queue, stream, patterns } = this.#options
    this.#passed = ''
    const at = this.#ports.now()
    const { recorder } = this.#ports
    recorder.subscriptionEvent({ t: 'sub', at, sub, kind: 'client', patterns, stream, queue })
    for (const [origin, seq] of vector)
      recorder.subscriptionEvent({ t: 'base', at, sub, stream, origin, seq })
  }

  /** The messages of a filtered batch are handed out. */
  delivered({ origin, node }: OriginState, frame: Uint8Array, topics: readonly string[]): void {
    const { recorder, now } = this.#ports
    const { sub, stream } = this.#options
    const at = now()
    const reader = this.#reader
    reader.open(frame)
    while (reader.next()) {
      const { sequence, time, topicIndex } = reader
      recorder.delivered(sub, stream, origin, sequence, sequence, at)
      recorder.latency(stream, topics[topicIndex] ?? '', node, (at - time) * 1000, 1)
    }
  }

  gap(origin: Origin, from: number, to: number): void {
    const { sub, stream } = this.#options
    const at = this.#ports.now()
    this.#ports.count('gapsTold', 1)
    this.#ports.recorder.subscriptionEvent({
      t: 'gap',
      at,
      sub,
      stream,
      origin,
      from,
      to,
      reason: 'retention',
    })
  }

  /** Says which slots it has, and how far they are handed out, if that has changed. */
  passed(slots: readonly number[], positions: Iterable<readonly [Origin, number]>): void {
    if (!this.#hasBegun) return
    const seqs = Object.fromEntries(positions)
    const text = JSON.stringify([slots, seqs])
    if (text === this.#passed) return
    this.#passed = text
    const { sub, stream } = this.#options
    this.#ports.recorder.subscriptionEvent({ t: 'passed', at: this.#ports.now(), sub, stream, slots, seqs })
  }

  /** `isLost`: what was handed out last may not have reached the client. */
  end(positions: Iterable<readonly [Origin, number]>, isLost: boolean): void {
    if (!this.#hasBegun) return
    const { sub, stream } = this.#options
    const at = this.#ports.now()
    const { recorder } = this.#ports
    if (isLost) recorder.subscriptionEvent({ t: 'lost', at, sub, stream })
    recorder.subscriptionEvent({ t: 'end', at, sub, stream, seqs: Object.fromEntries(positions) })
  }
}
