// A subscriber gets (origin, sequence) only as the next one after what it has passed. What lies between was told as a gap, or
// its topic is none that it wants. This holds across reconnects, other nodes and restarts.

import type { Origin } from '../../node/core/common/ids.ts'
import type { SubscriptionEventLine } from '../../node/core/common/journal-lines.ts'
import type { AudienceMember } from '../audience-member.ts'
import { Violation } from '../run.ts'
import type { Handed, Invariant, World } from '../world.ts'

/** Where a member stands on one origin of one stream. */
export interface Track {
  /** It began after this sequence. */
  base: number
  passed: number
  delivered: number
  /** Messages that it wanted and was told will not come. */
  toldLost: number
  /** Nothing has been handed out yet. */
  isFresh: boolean
}

export class DeliveryRule implements Invariant {
  readonly name = 'delivery rule'
  readonly #world: World
  readonly #tracks = new Map<AudienceMember, Map<string, Map<Origin, Track>>>()

  constructor(world: World) {
    this.#world = world
  }

  find(member: AudienceMember, stream: string, origin: Origin): Track | undefined {
    return this.#tracks.get(member)?.get(stream)?.get(origin)
  }

  onSubscriptionLine(member: AudienceMember, line: SubscriptionEventLine): void {
    if (line.t !== 'base') return
    const track = this.#track(member, line.stream, line.origin as Origin)
    if (!track.isFresh) return
    track.base = line.seq
    track.passed = Math.max(line.seq, track.delivered > 0 ? track.passed : 0)
  }

  onHanded(handed: Handed): void {
    const { member, replica, state, from, to, records } = handed
    const track = this.#track(member, replica.name, state.origin)
    track.isFresh = false
    if (from <= track.passed) this.#fail(handed, `begins at or below ${track.passed}, which it has passed`)
    this.#passOver(handed, track.passed + 1, from - 1)
    if (records === undefined) {
      for (let sequence = from; sequence <= to; sequence++) {
        const message = this.#world.truth.find(replica.name, state.origin, sequence)
        if (message !== undefined && member.wants(message.topic)) track.toldLost++
      }
    } else {
      let next = from
      for (const record of records) {
        if (record.sequence < next || record.sequence > to) this.#fail(handed, `has ${record.sequence}`)
        this.#passOver(handed, next, record.sequence - 1)
        next = record.sequence + 1
        track.delivered++
      }
      this.#passOver(handed, next, to)
    }
    track.passed = to
  }

  /** Nothing of low..high may be what the member wants. */
  #passOver(handed: Handed, low: number, high: number): void {
    const { member, replica, state } = handed
    for (let sequence = low; sequence <= high; sequence++) {
      const message = this.#world.truth.find(replica.name, state.origin, sequence)
      if (message === undefined) this.#fail(handed, `passes over ${sequence}, which was never sent`)
      if (member.wants(message.topic))
        this.#fail(handed, `passes over ${sequence} (${message.topic}) silently`)
    }
  }

  #track(member: AudienceMember, stream: string, origin: Origin): Track {
    let streams = this.#tracks.get(member)
    if (streams === undefined) {
      streams = new Map()
      this.#tracks.set(member, streams)
    }
    let origins = streams.get(stream)
    if (origins === undefined) {
      origins = new Map()
      streams.set(stream, origins)
    }
    let track = origins.get(origin)
    if (track === undefined) {
      track = { base: 0, passed: 0, delivered: 0, toldLost: 0, isFresh: true }
      origins.set(origin, track)
    }
    return track
  }

  #fail({ member, node, replica, state, from, to, records }: Handed, why: string): never {
    const what = records === undefined ? 'gap' : 'batch'
    const where = `member ${member.number} (${member.patterns}) at ${node.id}`
    throw new Violation(
      this.name,
      `${where}: ${what} ${from}-${to} of ${state.origin} on ${replica.name} ${why}`,
    )
  }
}
