// Spreading: an origin sends each batch straight to every interested node, and to so many further keepers that
// `copies` other nodes get it. There is no queue per peer: a push feed is a cursor into the origin's own log, so a
// slow or returning link is served from the log at its own pace, and retention is the only bound.
//
// Keepers are chosen by rendezvous hashing (Thaler, Ravishankar 1998) over (stream, origin, peer): the same ones as long
// as they are connected, spread evenly over origins and streams.

import { assert } from '../common/assert.ts'
import { Deque } from '../common/deque.ts'
import type { NodeId, StreamId } from '../common/ids.ts'
import { hold } from '../common/slabs.ts'
import type { Entry } from '../stream/entry.ts'
import type { OriginState, Replica } from '../stream/replica.ts'
import { hashText } from './catalog.ts'
import {
  count,
  type GossipContext,
  gossipLimits,
  ownState,
  type PeerState,
  type PushFeed,
  type Serving,
  send,
} from './context.ts'
import type { HeldMessage, PullMessage } from './messages.ts'

/** A publication that waits until enough nodes hold it. */
interface Unconfirmed {
  readonly from: number
  readonly to: number
  readonly token: number
  readonly deadline: number
}

/** A peer to which nothing could be sent for so long does not slow publishers down. */
const progressMs = 1000

export class Push {
  readonly #context: GossipContext
  readonly #unconfirmed = new Map<StreamId, Deque<Unconfirmed>>()
  /** Peers that get a stream's batches; recomputed when links or interests change. */
  readonly #targets = new Map<StreamId, PeerState[]>()

  constructor(context: GossipContext) {
    this.#context = context
  }

  /** Sends a fresh batch of this node to everybody who is to have it. */
  publish(replica: Replica, entry: Entry, token: number): void {
    const targets = this.#targetsOf(replica)
    for (const peer of targets) {
      const feed = this.#feedOf(peer, replica, entry.from)
      if (feed.next === entry.from && peer.budget > 0) this.#sendEntry(peer, feed, entry)
    }
    if (token === 0) return
    if (this.#needed(replica) === 0) {
      this.#context.effects.push({ kind: 'confirmed', token, ok: true })
      return
    }
    const deadline = this.#context.now + this.#context.copiesTimeoutMs
    this.#queueOf(replica).push({ from: entry.from, to: entry.to, token, deadline })
  }

  /** Whether some publication waits for its copies. */
  get hasUnconfirmed(): boolean {
    for (const queue of this.#unconfirmed.values()) if (queue.length > 0) return true
    return false
  }

  /**
   * A peer told from where it wants this node's messages of a stream. What still waits for copies is sent as well: that
   * the peer stands behind it does not say that it holds it, and a copy costs less than a loss.
   */
  startFeed(peer: PeerState, replica: Replica, next: number): void {
    const oldest = this.#unconfirmed.get(replica.id)?.peek()?.from ?? next
    this.#feedOf(peer, replica, next).next = Math.min(next, oldest)
    this.retarget(replica)
  }

  /** Links or interests changed: chooses the targets again and brings new keepers what is unconfirmed. */
  retarget(replica: Replica): void {
    this.#targets.delete(replica.id)
    const targets = this.#targetsOf(replica)
    for (const peer of this.#context.peers.values()) {
      const feed = peer.feeds.get(replica.id)
      const isTarget = targets.includes(peer)
      if (feed?.active && !isTarget) feed.active = false
      if (isTarget && !(feed?.active ?? false)) this.#activate(peer, replica)
      if (isTarget) this.pump(peer)
    }
    this.#confirm(replica)
  }

  onHeld(peer: PeerState, message: HeldMessage): void {
    const feed = peer.feeds.get(message.stream)
    if (feed === undefined || message.boot !== this.#context.boot) return
    const { from, to } = message
    if (from > feed.heldTo + 1 || to < feed.heldFrom - 1) {
      // Apart from what was confirmed before: only one range is remembered, and the later word counts.
      feed.heldFrom = from
      feed.heldTo = to
    } else {
      feed.heldFrom = Math.min(feed.heldFrom, from)
      feed.heldTo = Math.max(feed.heldTo, to)
    }
    this.#confirm(feed.replica)
  }

  onPull(peer: PeerState, message: PullMessage): void {
    if (peer.serving.length >= gossipLimits.servingMax) {
      count(this.#context, 'pullsRefusedBusy')
      send(this.#context, peer, { kind: 'pulled', id: message.id, batches: 0, busy: true })
      return
    }
    count(this.#context, 'pullsServed')
    peer.serving.push({ pull: message, next: message.from, batches: 0 })
    this.pump(peer)
  }

  /** A new boot of a peer holds nothing of what the one before confirmed. */
  onPeerUp(peer: PeerState, isNewBoot: boolean): void {
    if (isNewBoot) peer.feeds.clear()
    for (const replica of this.#context.replicas.values()) this.retarget(replica)
  }

  onPeerDown(peer: PeerState): void {
    peer.serving = []
    for (const feed of peer.feeds.values()) feed.active = false
    for (const replica of this.#context.replicas.values()) this.retarget(replica)
  }

  /** Sends what waits for a peer while its budget lasts: pulls first, they are what somebody waits for. */
  pump(peer: PeerState): void {
    if (peer.boot === undefined) return
    while (peer.budget > 0 && peer.serving[0] !== undefined) {
      if (this.#serve(peer, peer.serving[0])) peer.serving.shift()
    }
    for (const feed of peer.feeds.values()) {
      if (!feed.active) continue
      const log = ownState(this.#context, feed.replica).log
      for (let entry = log.atOrAfter(feed.next); entry !== undefined && peer.budget > 0; ) {
        this.#sendEntry(peer, feed, entry)
        entry = log.atOrAfter(feed.next)
      }
    }
  }

  /** A stream does not come back. What waits for copies of it is not confirmed any more. */
  forgetStream({ id }: Replica): void {
    this.#targets.delete(id)
    for (const peer of this.#context.peers.values()) peer.feeds.delete(id)
  }

  /** Ends publications whose copies did not come in time. */
  expire(): void {
    for (const [stream, queue] of this.#unconfirmed) {
      const length = queue.length
      for (
        let head = queue.peek();
        head !== undefined && head.deadline <= this.#context.now;
        head = queue.peek()
      ) {
        queue.shift()
        this.#context.effects.push({ kind: 'confirmed', token: head.token, ok: false })
      }
      // What stood behind an expired one may have had its copies all the while.
      const replica = this.#context.replicas.get(stream)
      if (queue.length < length && replica !== undefined) this.#confirm(replica)
      if (queue.length === 0 && replica === undefined) this.#unconfirmed.delete(stream)
    }
  }

  /**
   * How far this node is through with its own messages for a peer: sent, or gone before they could be. The peer finds
   * out what it lacks of them, lost frames included.
   */
  sentTo(peer: PeerState, replica: Replica, own: OriginState): number {
    const feed = peer.feeds.get(replica.id)
    if (feed === undefined) return 0
    const waiting = own.log.atOrAfter(feed.next)
    return waiting === undefined ? own.last : waiting.from - 1
  }

  /** Bytes of own messages that wait for the slowest peer which still makes progress. */
  waitingBytes(replica: Replica): number {
    let waiting = 0
    const log = ownState(this.#context, replica).log
    for (const peer of this.#context.peers.values()) {
      const feed = peer.feeds.get(replica.id)
      if (feed === undefined || !feed.active || feed.lastSent < this.#context.now - progressMs) continue
      const entry = log.atOrAfter(feed.next)
      if (entry !== undefined) waiting = Math.max(waiting, replica.insertedBytes - entry.offset)
    }
    return waiting
  }

  /** True when the whole of the pull was sent. */
  #serve(peer: PeerState, serving: Serving): boolean {
    const { pull } = serving
    const log = this.#context.replicas.get(pull.stream)?.origins.get(pull.boot)?.log
    for (;;) {
      const entry = log?.atOrAfter(serving.next)
      if (entry === undefined || entry.from > pull.to) break
      if (peer.budget <= 0) return false
      this.#sendFrame(peer, pull.stream, entry)
      serving.next = entry.to + 1
      serving.batches++
    }
    send(this.#context, peer, { kind: 'pulled', id: pull.id, batches: serving.batches, busy: false })
    return true
  }

  #sendEntry(peer: PeerState, feed: PushFeed, entry: Entry): void {
    feed.next = entry.to + 1
    feed.lastSent = this.#context.now
    this.#sendFrame(peer, feed.replica.id, entry)
  }

  #sendFrame(peer: PeerState, stream: StreamId, entry: Entry): void {
    const { boot, from, to, frame, confirm } = entry
    assert(frame !== undefined, 'an entry in an origin log has its frame')
    // Until the effect is executed; retention may drop the batch before.
    hold(frame)
    peer.budget -= frame.length
    send(this.#context, peer, { kind: 'batch', stream, boot, from, count: to - from + 1, confirm, frame })
  }

  #feedOf(peer: PeerState, replica: Replica, next: number): PushFeed {
    let feed = peer.feeds.get(replica.id)
    if (feed === undefined) {
      feed = { replica, next, heldFrom: 1, heldTo: 0, active: true, lastSent: 0 }
      peer.feeds.set(replica.id, feed)
    }
    return feed
  }

  /** A keeper that joins starts with the oldest publication that is not confirmed, else with the next one. */
  #activate(peer: PeerState, replica: Replica): void {
    const end = (ownState(this.#context, replica).log.last?.to ?? 0) + 1
    const oldest = this.#unconfirmed.get(replica.id)?.peek()?.from ?? end
    const feed = this.#feedOf(peer, replica, oldest)
    // What was sent before may have died with a link; a copy costs less than a loss.
    if (!peer.interestedSince.has(replica.id)) feed.next = oldest
    feed.active = true
  }

  #confirm(replica: Replica): void {
    const queue = this.#unconfirmed.get(replica.id)
    if (queue === undefined) return
    const needed = this.#needed(replica)
    for (let head = queue.peek(); head !== undefined; head = queue.peek()) {
      let holders = 0
      for (const peer of this.#context.peers.values()) {
        const feed = peer.feeds.get(replica.id)
        if (feed !== undefined && feed.heldFrom <= head.from && feed.heldTo >= head.to) holders++
      }
      if (holders < needed) return
      queue.shift()
      this.#context.effects.push({ kind: 'confirmed', token: head.token, ok: true })
    }
  }

  #queueOf(replica: Replica): Deque<Unconfirmed> {
    let queue = this.#unconfirmed.get(replica.id)
    if (queue === undefined) {
      queue = new Deque()
      this.#unconfirmed.set(replica.id, queue)
    }
    return queue
  }

  /** A cluster smaller than the stream's copies keeps as many as it has nodes. */
  #needed(replica: Replica): number {
    return Math.min(replica.definition.copies, this.#context.peers.size)
  }

  #targetsOf(replica: Replica): PeerState[] {
    let targets = this.#targets.get(replica.id)
    if (targets !== undefined) return targets
    targets = []
    const others: PeerState[] = []
    for (const peer of this.#context.peers.values()) {
      if (peer.boot === undefined) continue
      if (peer.interestedSince.has(replica.id)) targets.push(peer)
      else others.push(peer)
    }
    const missing = this.#needed(replica) - targets.length
    if (missing > 0) targets.push(...byRendezvous(others, replica.name, this.#context.self).slice(0, missing))
    this.#targets.set(replica.id, targets)
    return targets
  }
}

function byRendezvous(peers: readonly PeerState[], stream: string, origin: NodeId): PeerState[] {
  const weight = (peer: PeerState): number => hashText(`${stream}\n${origin}\n${peer.id}`)
  return [...peers].sort((left, right) => weight(right) - weight(left) || (left.id < right.id ? -1 : 1))
}
