// A stream that has one order, and what a feed hands out of it, as texts.

import assert from 'node:assert/strict'
import type { Boot, NodeId } from '../../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../../node/core/stream/definition.ts'
import type { FeedStart } from '../../../node/core/stream/feed.ts'
import { LogFeed } from '../../../node/core/stream/log-feed.ts'
import { type OriginState, Replica } from '../../../node/core/stream/replica.ts'

/** Retention. */
export const ageMs = 1000
/** Of every batch. */
export const bytes = 100
const definition: StreamDefinition = {
  name: 'orders',
  topics: ['orders.>'],
  mode: 'leader',
  retention: { bytes: 1_000_000, ageMs },
  copies: 0,
  replicas: 3,
}

/** A stream of which batches come in one order, as a group gives it. Origins are letters. */
export class Stream {
  readonly replica: Replica = new Replica(definition)
  now = 0

  state(origin: string): OriginState {
    return this.replica.originState(origin as NodeId, origin.charCodeAt(0) as Boot, this.now)
  }

  /** The next batch of an origin. Of one that is new, everything before it is gone. */
  take(origin: string, from: number, to: number): void {
    const { replica } = this
    const state = this.state(origin)
    if (state.position === undefined) this.begin(origin, from - 1)
    const frame = new Uint8Array(bytes)
    replica.insert(state, { frame, from, count: to - from + 1, confirm: false }, this.now)
    replica.advance(state)
  }

  /** An origin begins behind a sequence. */
  begin(origin: string, base: number): void {
    const state = this.state(origin)
    if (base > 0) state.gone.add(1, base)
    this.replica.setBase(state, base)
  }

  /** A floor stands for everything of an origin up to a sequence. */
  lose(origin: string, to: number): void {
    const state = this.state(origin)
    state.gone.add((state.position ?? 0) + 1, to)
    this.replica.skip(state, to)
  }

  /** Time passes, and retention drops what is too old. */
  pass(ms: number): void {
    this.now += ms
    this.replica.trim(this.now)
  }

  feed(start: FeedStart): LogFeed {
    return new LogFeed(this.replica, start)
  }

  fromNow(): LogFeed {
    return this.feed({ kind: 'now' })
  }

  after(sequences: Readonly<Record<string, number>> = {}, others: 'zero' | 'base' = 'zero'): LogFeed {
    const vector = Object.entries(sequences).map(
      ([origin, to]) => [origin.charCodeAt(0) as Boot, to] as const,
    )
    return this.feed({ kind: 'after', vector: new Map(vector), others })
  }
}

/** What a feed hands out now: `A 1-2`, or `gap A 1-2`. */
export function drain(feed: LogFeed): string[] {
  const items: string[] = []
  for (let item = feed.next(); item !== undefined; item = feed.next()) {
    const { node } = item.state
    if (item.kind === 'gap') items.push(`gap ${node} ${item.from}-${item.to}`)
    else {
      assert.ok(item.entry.isHeld)
      items.push(`${node} ${item.from}-${item.entry.to}`)
    }
  }
  return items
}
