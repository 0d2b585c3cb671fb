// Repair: what this node lacks and who is asked for it. A want is a range of one origin. It is pulled from one peer at a
// time: the origin itself if it is connected, then those that said they hold it, then the rest. When everybody
// who could hold it has said no, the range is declared absent and becomes an explicit gap.
//
// Who could hold it: all members. Those in reach are asked whenever the range is wanted. One out of reach is waited for as long
// as retention could let it hold the range, and only once; not at all if the origin still runs, knows of the stream, and is among those that said no.

import type { NodeId } from '../common/ids.ts'
import type { OriginState, Replica } from '../stream/replica.ts'
import type { SequenceRange } from '../stream/sequence-ranges.ts'
import { count, type GossipContext, gossipLimits, liveOrigin, type PeerState, send } from './context.ts'
import type { Holding, PulledMessage } from './messages.ts'

/** The wait for members out of reach ends a little before retention drops what came in and waits behind the hole. */
const patienceFactor = 0.9

interface Want {
  readonly replica: Replica
  readonly state: OriginState
  readonly from: number
  /** Shrinks when the rest becomes a want of its own. */
  to: number
  readonly since: number
  /** Peers that have answered that they hold nothing (more) of it, and when, milliseconds. */
  readonly without: Map<NodeId, number>
  /** Whether those that answered long ago were asked once more. */
  isAskedAgain: boolean
  /** The pull under way. */
  pull: Pull | undefined
}

interface Pull {
  readonly id: number
  readonly peer: NodeId
  deadline: number
  /** Batches that have come, taken or not. */
  batches: number
  /** First sequence of what was not taken because too much is held back. */
  refusedFrom: number
}

export class Wants {
  readonly #context: GossipContext
  #wants: Want[] = []
  #nextId = 1
  #pulling = 0

  constructor(context: GossipContext) {
    this.#context = context
  }

  /** Ranges that are wanted now. */
  get size(): number {
    return this.#wants.length
  }

  /** Messages of a stream that are wanted now. */
  missing(replica: Replica): number {
    let messages = 0
    for (const want of this.#wants) if (want.replica === replica) messages += want.to - want.from + 1
    return messages
  }

  /** Whether anything of an origin is wanted. */
  has(state: OriginState): boolean {
    return this.#wants.some((want) => want.state === state)
  }

  /** Wants from..to of an origin; what is wanted already is not wanted twice. */
  add(replica: Replica, state: OriginState, from: number, upTo: number): void {
    const to = Math.min(upTo, state.limit)
    const known = this.#wants.filter((want) => want.state === state && want.from <= to && want.to >= from)
    let next = from
    for (const want of known.sort((left, right) => left.from - right.from)) {
      if (want.from > next) this.#push(replica, state, next, want.from - 1)
      next = Math.max(next, want.to + 1)
    }
    if (next <= to) this.#push(replica, state, next, to)
  }

  /** A peer says anew what it holds of an origin, so it may be asked (again). An origin that answers may not have known of the stream before. */
  onClaim(peer: PeerState, state: OriginState, { first, last }: Holding, isAnswer: boolean): void {
    const isOrigin = isAnswer && peer.boot === state.boot
    for (const want of [...this.#wants]) {
      const isClaimed = first > 0 && first <= want.to && last >= want.from
      if (want.state !== state || !(isClaimed || isOrigin)) continue
      want.without.delete(peer.id)
      this.#step(want)
    }
  }

  /** A batch came that may answer a pull: the pull is alive. */
  onBatch(peer: PeerState, state: OriginState, from: number, to: number, isRefused: boolean): void {
    if (this.#pulling === 0) return
    for (const { state: wanted, pull, ...want } of this.#wants) {
      if (wanted !== state || pull?.peer !== peer.id || to < want.from || from > want.to) continue
      pull.deadline = this.#context.now + gossipLimits.pullTimeoutMs
      pull.batches++
      if (isRefused) pull.refusedFrom = Math.min(pull.refusedFrom, from)
    }
  }

  onPulled(peer: PeerState, { id, batches, busy }: PulledMessage): void {
    const want = this.#wants.find(({ pull }) => pull?.id === id && pull.peer === peer.id)
    if (want?.pull === undefined) return
    const { batches: came, refusedFrom } = want.pull
    this.#endPull(want)
    // What was lost on the way is asked for again with the next tick, and so is what there was no room for. It does not
    // answer for what lies below, which may be gone everywhere: room comes only when that has been decided.
    if (busy || came < batches || refusedFrom <= want.from) return
    if (refusedFrom <= want.to) this.#split(want, refusedFrom)
    want.without.set(peer.id, this.#context.now)
    this.#step(want)
  }

  onPeerUp(): void {
    this.#stepAll()
  }

  onPeerDown(peer: PeerState): void {
    for (const want of this.#wants) {
      want.without.delete(peer.id)
      if (want.pull?.peer === peer.id) this.#endPull(want)
    }
    this.#stepAll()
  }

  forgetStream(replica: Replica): void {
    for (const want of this.#wants) if (want.replica === replica) this.#endPull(want)
    this.#wants = this.#wants.filter((want) => want.replica !== replica)
  }

  /** Once per tick: pulls that stalled go to somebody else, and waits that lasted too long end. */
  expire(): void {
    for (const want of this.#wants) {
      if (want.pull !== undefined && want.pull.deadline <= this.#context.now) this.#endPull(want)
    }
    this.#stepAll()
  }

  #push(replica: Replica, state: OriginState, from: number, to: number): void {
    // Saying that it is done would wake those who wait, and they would ask again.
    if (state.lacking(from, to).length === 0) return
    const since = this.#context.now
    const want: Want = {
      replica,
      state,
      from,
      to,
      since,
      without: new Map(),
      isAskedAgain: false,
      pull: undefined,
    }
    this.#wants.push(want)
    this.#step(want)
  }

  /** Makes a want of its own of everything from a sequence on. */
  #split(want: Want, from: number): void {
    this.#wants.push({ ...want, from, without: new Map(), isAskedAgain: false, pull: undefined })
    want.to = from - 1
  }

  #stepAll(): void {
    for (const want of [...this.#wants]) this.#step(want)
  }

  #step(want: Want): void {
    if (want.pull !== undefined || !this.#wants.includes(want)) return
    const missing = want.state.lacking(want.from, want.to)
    const first = missing[0]
    const last = missing[missing.length - 1]
    if (first === undefined || last === undefined) {
      this.#resolve(want)
      return
    }
    // While much is held back, only what fills the first hole is of use.
    const { heldBackBytes, heldBackBytesMax } = want.replica
    const isLowest = this.#isLowest(want)
    if (!isLowest && heldBackBytes > heldBackBytesMax / 2) return
    const peer = this.#choose(want)
    if (peer !== undefined) {
      if (this.#pulling >= gossipLimits.pullsMax) return
      this.#pull(want, peer, first.from, last.to)
    } else if (isLowest && this.#isAbsent(want)) {
      if (this.#hasStaleDenial(want, missing)) this.#step(want)
      else this.#declareAbsent(want, missing)
    }
  }

  #pull(want: Want, peer: PeerState, from: number, to: number): void {
    const id = this.#nextId++
    const deadline = this.#context.now + gossipLimits.pullTimeoutMs
    want.pull = { id, peer: peer.id, deadline, batches: 0, refusedFrom: Number.POSITIVE_INFINITY }
    this.#pulling++
    count(this.#context, 'pullsSent')
    send(this.#context, peer, { kind: 'pull', id, stream: want.replica.id, boot: want.state.boot, from, to })
  }

  /** The next peer to ask: the origin, then one that claims to hold it, then any other that has not said no. */
  #choose(want: Want): PeerState | undefined {
    const origin = liveOrigin(this.#context, want.state)
    if (origin !== undefined && !want.without.has(origin.id)) return origin
    let other: PeerState | undefined
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined || want.without.has(peer.id)) continue
      if (this.#claims(peer, want, want)) return peer
      other ??= peer
    }
    return other
  }

  /** Whether what a peer says that it holds reaches into a range. There may be holes in it. */
  #claims(peer: PeerState, { replica, state }: Want, { from, to }: SequenceRange): boolean {
    const holding = peer.holdings.get(replica.id)?.get(state.boot)
    return holding !== undefined && holding.first > 0 && holding.first <= to && holding.last >= from
  }

  /**
   * Once, before a want is given up: peers that said no long ago are asked again where what is missing lies within what they
   * claim. A hole in it that they have filled since does not show in their claim, so nobody hears of that.
   */
  #hasStaleDenial(want: Want, missing: readonly SequenceRange[]): boolean {
    if (want.isAskedAgain) return false
    want.isAskedAgain = true
    const staleBefore = this.#context.now - gossipLimits.probeIntervalMs
    let hasStale = false
    for (const [id, saidAt] of [...want.without]) {
      const peer = this.#context.peers.get(id)
      if (saidAt > staleBefore || peer?.boot === undefined) continue
      if (!missing.some((range) => this.#claims(peer, want, range))) continue
      want.without.delete(id)
      hasStale = true
    }
    return hasStale
  }

  /** Gaps are declared in order: what lies before may still come. */
  #isLowest(want: Want): boolean {
    return !this.#wants.some((other) => other.state === want.state && other.from < want.from)
  }

  #isAbsent(want: Want): boolean {
    if (want.state.boot === this.#context.boot || this.#hasDropped(want)) return true
    const patienceMs = want.replica.definition.retention.ageMs * patienceFactor
    if (this.#context.now - want.since >= patienceMs) return true
    // Those out of reach are waited for once, however often the range is asked for again.
    if ((want.state.waited.endAt(want.from) ?? 0) >= want.to) return true
    for (const peer of this.#context.peers.values()) if (!want.without.has(peer.id)) return false
    return true
  }

  /** Whether the origin runs, and has dropped what it had. One that tells nothing of itself does not know of the stream yet, or has forgotten an epoch that is over. */
  #hasDropped({ replica, state }: Want): boolean {
    const origin = liveOrigin(this.#context, state)
    if (origin === undefined) return false
    const { endedAt = this.#context.now, definition, id } = replica
    const isOver = this.#context.now - endedAt >= definition.retention.ageMs
    return isOver || origin.holdings.get(id)?.has(state.boot) === true
  }

  #declareAbsent(want: Want, missing: readonly SequenceRange[]): void {
    const { state, replica } = want
    state.waited.add(want.from, want.to)
    replica.advance(state)
    const isLost = liveOrigin(this.#context, state) === undefined
    for (const range of missing) {
      const next = (state.position ?? Number.POSITIVE_INFINITY) + 1
      if (range.from > next) {
        // Something below was never asked for; it may still be found.
        this.add(replica, state, next, range.from - 1)
        return
      }
      state.absent.add(range.from, range.to)
      if (isLost) state.lost.add(range.from, range.to)
      state.last = Math.max(state.last, range.to)
      if (range.to < next) continue
      count(this.#context, 'gapsDeclared')
      count(this.#context, 'messagesMissing', range.to - next + 1)
      replica.skip(state, range.to)
    }
    this.#resolve(want)
  }

  #resolve(want: Want): void {
    this.#wants = this.#wants.filter((other) => other !== want)
    want.replica.advance(want.state)
    this.#context.effects.push({ kind: 'delivered', replica: want.replica })
  }

  #endPull(want: Want): void {
    if (want.pull === undefined) return
    want.pull = undefined
    this.#pulling--
  }
}
