// The journal of a node of the switching world: what it numbers goes to the verdict, which judges deliveries where they arrive.

import type { Recorder } from '../../node/broker/ports.ts'
import type { Verdict } from './verdict.ts'

export class NodeRecorder implements Recorder {
  readonly #verdict: Verdict

  constructor(verdict: Verdict) {
    this.#verdict = verdict
  }

  sent(stream: string, origin: string, from: number, count: number): void {
    this.#verdict.onNumbered(stream, origin, from, count)
  }

  sentMixed(
    stream: string,
    origin: string,
    from: number,
    _topics: unknown,
    indexes: ArrayLike<number>,
  ): void {
    this.#verdict.onNumbered(stream, origin, from, indexes.length)
  }

  placed(): void {}

  voided(): void {}

  unplaced(): void {}

  delivered(): void {}

  latency(): void {}

  subscriptionEvent(): void {}

  stream(): void {}
}
