// Batches that wait for their place, of all streams: those of this node's publishers, and those of others that were left over when an epoch
// in gossip mode ended, of which this node has a copy.

import type { Boot, StreamId } from '../core/common/ids.ts'
import type { SlabPool } from '../core/common/slabs.ts'
import { type LeftOverOrigin, Submissions } from './submissions.ts'

export class SubmissionTable {
  readonly #slabs: SlabPool
  readonly #streams = new Map<StreamId, Map<Boot, Submissions>>()

  constructor(slabs: SlabPool) {
    this.#slabs = slabs
  }

  /** Those of one boot on a stream; undefined where there were never any. */
  find(stream: StreamId, boot: Boot): Submissions | undefined {
    return this.#streams.get(stream)?.get(boot)
  }

  /** The same, created where they do not exist: then the next batch of the boot begins at `next`. `origin`: of another node's boot. */
  open(stream: StreamId, boot: Boot, next: number, origin?: LeftOverOrigin): Submissions {
    const boots = this.#streams.get(stream) ?? new Map<Boot, Submissions>()
    this.#streams.set(stream, boots)
    const known = boots.get(boot)
    if (known !== undefined) return known
    const submissions = new Submissions(next, this.#slabs, origin)
    boots.set(boot, submissions)
    return submissions
  }

  /** All boots of a stream. */
  *of(stream: StreamId): Generator<[Boot, Submissions]> {
    yield* this.#streams.get(stream) ?? []
  }

  get streams(): Iterable<StreamId> {
    return this.#streams.keys()
  }

  /** Forgets a stream, or one boot of it; whoever waits there hears that nobody knows. */
  forget(stream: StreamId, boot?: Boot): void {
    for (const [each, submissions] of this.of(stream)) {
      if (boot !== undefined && each !== boot) continue
      submissions.onPlaced(Number.POSITIVE_INFINITY, undefined)
      this.#streams.get(stream)?.delete(each)
    }
  }
}
