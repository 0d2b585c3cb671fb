// What the broker needs from its surroundings: a clock, somebody to call it back later, the other nodes, and somebody who
// writes down what it sent and delivered. Production and simulator each bring their own.

import type { CounterName } from '../core/common/counters.ts'
import type { NodeId } from '../core/common/ids.ts'
import type { SentProducer, SubscriptionEventLine } from '../core/common/journal-lines.ts'
import type { PeerMessage } from '../core/gossip/messages.ts'
import type { StreamMode } from '../core/stream/definition.ts'

export interface BrokerPorts {
  /** Milliseconds since 1970 with microseconds as fractions; never goes back. */
  readonly now: () => number
  /** Calls back when the present turn of the event loop has ended. */
  readonly endOfTurn: (callback: () => void) => void
  /** Calls back when it is known what this turn has to answer to publishers, at the latest when it has ended. */
  readonly deferAnswers: (callback: () => void) => void
  /** Calls back after so many milliseconds. */
  readonly after: (delayMs: number, callback: () => void) => void
  readonly sendToPeer: (peer: NodeId, message: PeerMessage) => void
  readonly recorder: Recorder
  readonly count: (counter: CounterName, by: number) => void
  /** Fresh bytes that need not be zeroed. */
  readonly allocate: (bytes: number) => Uint8Array
  /** The catalog has changed and should be saved. */
  readonly onCatalogChanged: (keys: readonly string[]) => void
}

/** The journal, as the hot path calls it. Times are milliseconds. */
export interface Recorder {
  sent(
    stream: string,
    origin: string,
    from: number,
    count: number,
    topic: string,
    firstMs: number,
    lastMs: number,
    mode: StreamMode,
    producer?: SentProducer,
  ): void
  sentMixed(
    stream: string,
    origin: string,
    from: number,
    topics: readonly string[],
    topicIndexes: ArrayLike<number>,
    firstMs: number,
    lastMs: number,
    mode: StreamMode,
    producer?: SentProducer,
  ): void
  /** What was numbered for leader mode has its place, or needs none any more, up to here. */
  placed(stream: string, origin: string, to: number): void
  /** What was numbered from..to has no message: a named producer's retry of what was stored already. */
  voided(stream: string, origin: string, from: number, to: number): void
  /** What was numbered from..to for leader mode was published in gossip mode, without a place. */
  unplaced(stream: string, origin: string, from: number, to: number): void
  delivered(sub: string, stream: string, origin: string, from: number, to: number, nowMs: number): void
  latency(stream: string, topic: string, fromNode: string, latencyUs: number, count: number): void
  subscriptionEvent(line: SubscriptionEventLine): void
  /** A stream has come, has other topics, or is gone. */
  stream(name: string, topics: readonly string[], deleted: boolean, at: number): void
}

/** The writing end of one client connection, as a session sees it. */
export interface SessionSink {
  /** Sends one binary message, and holds it for as long as it is read; bytes that stand in no slab must not change any more. */
  sendFrame(frame: Uint8Array): void
  sendText(text: string): void
  /** Bytes handed to the socket and not yet taken by the kernel. */
  readonly bufferedBytes: number
  pauseReading(): void
  resumeReading(): void
  close(status: number, reason: string): void
}
