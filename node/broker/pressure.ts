// Whether somebody is so far behind on a stream that those who bring more should be slowed.

import type { Replica } from '../core/stream/replica.ts'
import type { Subscriber } from './subscriber.ts'

/** Publishers are slowed while a subscriber that makes progress is this far behind. */
const lagBytesMax = 4_194_304
/** A subscriber that took nothing for so long does not slow publishers. */
const progressMs = 1000
/** How long an answer is good for. */
const pressureAgeMs = 1

/** Who lags on a stream. */
export interface Pressure {
  /** Until when this is good, milliseconds. */
  readonly until: number
  readonly subscribersLag: boolean
  readonly linksLag: boolean
}

/** What the gauge looks at. */
export interface PressureSource {
  subscribersOf(replica: Replica): Iterable<Subscriber>
  /** Bytes of this node's publishers that wait for other nodes. */
  waitingBytes(replica: Replica): number
}

export class PressureGauge {
  readonly #now: () => number
  readonly #source: PressureSource
  readonly #known = new WeakMap<Replica, Pressure>()

  constructor(now: () => number, source: PressureSource) {
    this.#now = now
    this.#source = source
  }

  of(replica: Replica): Pressure {
    const now = this.#now()
    const known = this.#known.get(replica)
    if (known !== undefined && known.until > now) return known
    const subscribersLag = this.#isBehind(replica, now)
    const linksLag = this.#source.waitingBytes(replica) > lagBytesMax
    const pressure = { until: now + pressureAgeMs, subscribersLag, linksLag }
    this.#known.set(replica, pressure)
    return pressure
  }

  #isBehind(replica: Replica, now: number): boolean {
    for (const subscriber of this.#source.subscribersOf(replica)) {
      const waiting = subscriber.feedOf(replica)?.waitingBytes ?? 0
      if (waiting > lagBytesMax && subscriber.lastTaken > now - progressMs) return true
    }
    return false
  }
}
