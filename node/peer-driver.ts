// Joins the links with the broker: link events become inputs of the gossip agent, and the agent's messages become frames.
// It also tells the agent how much each link may be handed, which is all the flow control between nodes there is:
// what a link cannot take now stays in the log and is read from there later.

import type { Broker } from './broker/broker.ts'
import { Pacer } from './broker/pacer.ts'
import type { Counters } from './core/common/counters.ts'
import type { Boot, NodeId } from './core/common/ids.ts'
import type { PeerMessage } from './core/gossip/messages.ts'
import { leaderFrameTypes } from './leader/agent.ts'
import type { FrameSink, LinkListener } from './net/ports.ts'
import { batchFlag, batchOffset } from './wire/batch-header.ts'
import { decodePeerFrame, decodePeerText, encodePeerFrame, encodePeerText } from './wire/peer-codec.ts'

/** Bytes that may wait on one link. */
export interface LinkQueueLimits {
  /** From here on the agent hands no more to the link. */
  readonly linkQueueSoftBytes: number
  /** Answers have filled the link of a node that asks and does not read: it is closed, and begun again. */
  readonly linkQueueHardBytes: number
}

export class PeerDriver implements LinkListener {
  readonly #counters: Counters
  readonly #limits: LinkQueueLimits
  readonly #sinks = new Map<NodeId, FrameSink>()
  readonly #boots = new Map<NodeId, Boot>()
  /** Slow links down while subscribers of this node lag, which in turn slows the publishers of other nodes. */
  readonly #pacers = new Map<NodeId, Pacer>()
  /** Links that were written to in this turn of the event loop. */
  #written: NodeId[] = []
  #broker: Broker | undefined

  constructor(counters: Counters, limits: LinkQueueLimits) {
    this.#counters = counters
    this.#limits = limits
  }

  /** The broker and its links need each other; the broker comes second. */
  attach(broker: Broker): void {
    this.#broker = broker
  }

  /** Bytes that wait on all links. */
  get queuedBytes(): number {
    let bytes = 0
    for (const sink of this.#sinks.values()) bytes += sink.bufferedBytes
    return bytes
  }

  send(peer: NodeId, message: PeerMessage): void {
    const sink = this.#sinks.get(peer)
    if (sink === undefined) return
    const frame = encodePeerFrame(message)
    if (frame === undefined) sink.sendText(encodePeerText(message))
    else sink.sendFrame(frame)
    if (this.#isOverfull(sink)) return
    if (this.#written.length === 0) this.#broker?.ports.endOfTurn(() => this.#refillAll())
    if (!this.#written.includes(peer)) this.#written.push(peer)
  }

  /** Sends a frame of leader mode; without a link it is lost. */
  sendFrame(peer: NodeId, frame: Uint8Array): void {
    const sink = this.#sinks.get(peer)
    sink?.sendFrame(frame)
    if (sink !== undefined) this.#isOverfull(sink)
  }

  /** Bytes that wait on the link to a node; undefined while it is down. */
  queuedBytesTo(peer: NodeId): number | undefined {
    return this.#sinks.get(peer)?.bufferedBytes
  }

  onLinkUp(peer: NodeId, boot: Boot, sink: FrameSink): void {
    this.#sinks.set(peer, sink)
    this.#boots.set(peer, boot)
    if (this.#broker !== undefined) this.#pacers.set(peer, new Pacer(this.#broker.ports, sink, 'linksSlowed'))
    this.#broker?.handle({ kind: 'peerUp', peer, boot, budget: this.#limits.linkQueueSoftBytes })
    this.#broker?.leader.onPeerUp(peer)
  }

  onLinkDown(peer: NodeId): void {
    this.#sinks.delete(peer)
    this.#boots.delete(peer)
    this.#pacers.delete(peer)
    this.#broker?.handle({ kind: 'peerDown', peer })
    this.#broker?.leader.onPeerDown(peer)
  }

  onLinkFrame(peer: NodeId, frame: Uint8Array): void {
    if (leaderFrameTypes.includes(frame[0])) return this.#onLeaderFrame(peer, frame)
    const message = decodePeerFrame(frame)
    const isSubmitted = ((frame[batchOffset.flags] ?? 0) & batchFlag.submitted) !== 0
    if (message?.kind === 'batch' && isSubmitted)
      this.#broker?.leader.onSubmitted(peer, this.#boots.get(peer), frame)
    else this.#onMessage(peer, message)
    if (message?.kind !== 'batch') return
    const replica = this.#broker?.replicaOf(message.stream)
    if (replica === undefined) return
    this.#pacers.get(peer)?.pace(frame.length, this.#broker?.isLagging(replica) === true)
  }

  onLinkText(peer: NodeId, text: string): void {
    this.#onMessage(peer, decodePeerText(text))
  }

  onLinkWritable(peer: NodeId): void {
    this.#refill(peer)
    this.#broker?.leader.onPeerWritable()
  }

  #onLeaderFrame(peer: NodeId, frame: Uint8Array): void {
    const leader = this.#broker?.leader
    const isSound = leader?.onFrame(peer, frame)
    if (isSound === false) this.#counters.increment('peerProtocolErrors')
  }

  /** Closes the link of a node that asks and does not read. */
  #isOverfull(sink: FrameSink): boolean {
    const isOverfull = sink.bufferedBytes > this.#limits.linkQueueHardBytes
    if (isOverfull) sink.close(1013, 'too many bytes wait to be read')
    return isOverfull
  }

  #onMessage(peer: NodeId, message: PeerMessage | undefined): void {
    if (message === undefined) this.#counters.increment('peerProtocolErrors')
    else this.#broker?.handle({ kind: 'message', from: peer, message })
  }

  #refillAll(): void {
    const written = this.#written
    this.#written = []
    for (const peer of written) this.#refill(peer)
  }

  #refill(peer: NodeId): void {
    const sink = this.#sinks.get(peer)
    if (sink === undefined) return
    const bytes = this.#limits.linkQueueSoftBytes - sink.bufferedBytes
    this.#broker?.handle({ kind: 'budget', peer, bytes })
  }
}
