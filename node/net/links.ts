// The connections to all other nodes: one per pair. The node with the smaller id dials, the other accepts, so that two
// nodes never race. Decides who may be linked, and tells a restarted node from one that was started twice.
//
// A node that starts, or whose link has ended, also announces itself to the nodes that dial it: they dial at once instead of after their
// back-off, and one that has a living link to the same id tells the newcomer so.

import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Counters } from '../core/common/counters.ts'
import type { ErrorCode, Refusal } from '../core/common/errors.ts'
import type { Boot, NodeId } from '../core/common/ids.ts'
import type { Random } from '../core/common/random.ts'
import { closeGoingAway, type SocketFault } from './close-codes.ts'
import { type Hello, judgeHello, linkProtocol, type PeerAddress, toNewcomer } from './hello.ts'
import { Link, type LinkHost } from './link.ts'
import { LinkDialing } from './link-dialing.ts'
import { defaultLinkDurations, type LinkDurations } from './link-durations.ts'
import { LinkSlot } from './link-slot.ts'
import type { LinkListener, LinkStatus, LogEvent, PeerAcceptor } from './ports.ts'

/** Accepted connections that have not said a valid hello; beyond it the oldest is dropped. Many times a cluster. */
const greetingsMax = 64
/** Reasons for refusing strangers that are remembered so as to be logged once. */
const reportedMax = 100
const closeNormal = 1000

/** What is needed to make the Links of a node. */
export interface LinksOptions {
  readonly cluster: string
  readonly node: NodeId
  readonly boot: Boot
  readonly version: string
  /** Of the node over its data directory. */
  readonly member: number
  /** All nodes, this one included: see `setPeers`. */
  readonly peers: ReadonlyMap<NodeId, PeerAddress>
  readonly listener: LinkListener
  readonly counters: Counters
  readonly random: Random
  readonly log: LogEvent
  /** Milliseconds since 1970, with fractions: `performance.timeOrigin + performance.now()`. */
  readonly now: () => number
  /** Why whoever has a number as a member may not be linked, though its node is known; undefined if it may. */
  readonly judgeMember: (member: number) => Refusal | undefined
  /** A node of this cluster, which is not among the peers, is there: whoever wants it calls `setPeers`. */
  readonly onNewcomer: (node: NodeId, address: PeerAddress) => void
  /** This node must not go on: another process runs under its id, or it was removed from the cluster. */
  readonly onBanned: (code: ErrorCode, message: string) => void
  readonly durations?: Partial<LinkDurations>
}

/** All links of one node. */
export class Links implements LinkHost, PeerAcceptor {
  /** What this node says first. */
  own: Hello
  readonly durations: LinkDurations
  readonly now: () => number
  readonly #options: LinksOptions
  readonly #slots = new Map<NodeId, LinkSlot>()
  /** Every connection, from its WebSocket handshake to its end. */
  readonly #links = new Set<Link>()
  /** Accepted ones among them that are not up, oldest first. */
  readonly #greetings = new Set<Link>()
  readonly #reported = new Set<string>()
  readonly #dialing: LinkDialing
  #isStarted = false
  /** Called when the last connection has ended after `close`. */
  #onAllEnded: (() => void) | undefined

  constructor(options: LinksOptions) {
    const { cluster, node, boot, version, member, peers, random } = options
    this.#options = options
    this.own = {
      protocol: linkProtocol,
      cluster,
      node,
      boot,
      version,
      member,
      meta: undefined,
      peers,
      announce: false,
    }
    this.durations = { ...defaultLinkDurations, ...options.durations }
    this.now = options.now
    this.#dialing = new LinkDialing({
      ...{ random, durations: this.durations, own: () => this.own },
      onOpen: (webSocket, socket, slot, hello) => {
        const link = new Link({ webSocket, socket, host: this, dialed: { peer: slot.peer, hello } })
        this.#links.add(link)
        if (!hello.announce) slot.greet(link)
      },
      onFailed: () => options.counters.increment('linkDialsFailed'),
    })
    for (const peer of peers.keys()) this.#open(peer)
  }

  /** Begins to dial. */
  start(): void {
    this.#isStarted = true
    for (const slot of this.#slots.values()) this.#dial(slot)
  }

  /** Nodes come and go: links to those that are none any more end, and those that are new are dialled. */
  setPeers(peers: ReadonlyMap<NodeId, PeerAddress>): void {
    this.own = { ...this.own, peers }
    for (const [peer, slot] of this.#slots) {
      if (peers.has(peer)) continue
      slot.stop()
      for (const link of this.#links)
        if (link.dialedPeer === peer || link.hello?.node === peer)
          link.terminate(`node ${peer} is not in the cluster any more`)
      this.#slots.delete(peer)
    }
    for (const peer of peers.keys()) {
      if (this.#slots.has(peer)) continue
      const slot = this.#open(peer)
      if (this.#isStarted && slot !== undefined) this.#dial(slot)
    }
  }

  /** The node is in a cluster whose META has this number. */
  setMeta(meta: number): void {
    this.own = { ...this.own, meta }
  }

  #open(peer: NodeId): LinkSlot | undefined {
    const { node, listener, log, now } = this.#options
    if (peer === node) return undefined
    const slot = new LinkSlot({ peer, listener, log, now })
    this.#slots.set(peer, slot)
    return slot
  }

  #dial(slot: LinkSlot): void {
    const address = this.own.peers.get(slot.peer)
    if (address !== undefined && this.#onAllEnded === undefined) this.#dialing.begin(slot, address)
  }

  acceptPeer(webSocket: WebSocket, socket: Socket): void {
    const link = new Link({ webSocket, socket, host: this, dialed: undefined })
    this.#links.add(link)
    this.#greetings.add(link)
    if (this.#onAllEnded !== undefined) {
      link.close(closeGoingAway, 'NODE_DRAINING: the node is shutting down')
      return
    }
    if (this.#greetings.size <= greetingsMax) return
    for (const oldest of this.#greetings) {
      oldest.terminate('too many connections without a hello')
      return
    }
  }

  /** The state of every link, in the order of peers.json. */
  statuses(): LinkStatus[] {
    return [...this.#slots.values()].map((slot) => slot.status())
  }

  /** Ends every link with 1001 and resolves when all are gone. */
  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#onAllEnded = resolve
    })
    for (const slot of this.#slots.values()) slot.stop()
    for (const link of this.#links) link.close(closeGoingAway, 'NODE_DRAINING: the node is shutting down')
    if (this.#links.size > 0) await ended
  }

  judge(link: Link, hello: Hello): void {
    const { judgeMember, onNewcomer } = this.#options
    const removed = judgeMember(hello.member)
    const address = toNewcomer(this.own, hello)
    if (removed === undefined && address !== undefined) onNewcomer(hello.node, address)
    const refusal = removed ?? judgeHello(this.own, hello) ?? this.#judgeRole(link, hello)
    if (refusal !== undefined) {
      this.#refuse(link, hello.node, refusal)
      return
    }
    const slot = this.#slots.get(hello.node)
    const old = slot?.upLink
    if (old === undefined || old === link) this.#welcome(link, hello)
    else if (old.hello?.boot === hello.boot) this.#replace(old, link, hello)
    else old.probe((alive) => this.#onProbed(alive, old, link, hello))
  }

  onUp(link: Link, hello: Hello): void {
    this.#greetings.delete(link)
    this.#options.counters.increment('linksOpened')
    this.#slots.get(hello.node)?.onUp(link, hello.boot)
  }

  onFrame(link: Link, frame: Uint8Array): void {
    if (link.hello !== undefined) this.#options.listener.onLinkFrame(link.hello.node, frame)
  }

  onText(link: Link, text: string): void {
    if (link.hello !== undefined) this.#options.listener.onLinkText(link.hello.node, text)
  }

  onWritable(link: Link): void {
    if (link.isUp && link.hello !== undefined) this.#options.listener.onLinkWritable(link.hello.node)
  }

  onFault(fault: SocketFault): void {
    this.#options.counters.increment(fault.counter)
  }

  onRefused(link: Link, code: string, message: string): void {
    this.#options.counters.increment('linksRefused')
    this.#slotOf(link)?.onRefused(code, message)
    // Only a node that this one dialled may say so: anybody can connect and claim it.
    if (link.dialedPeer === undefined) return
    if (code === 'NODE_ID_IN_USE' || code === 'NODE_REMOVED') this.#options.onBanned(code, message)
  }

  onSilent(): void {
    this.#options.counters.increment('linksSilent')
  }

  onEnd(link: Link, reason: string): void {
    this.#links.delete(link)
    this.#greetings.delete(link)
    const slot = this.#slotOf(link)
    if (slot?.owns(link) === true) {
      if (slot.isUp) this.#options.counters.increment('linksClosed')
      else this.#options.counters.increment('linkDialsFailed')
      slot.onEnd(reason)
    }
    if (this.#links.size === 0) this.#onAllEnded?.()
  }

  /** Whether the other end may be the one that it is, on this connection. */
  #judgeRole(link: Link, hello: Hello): Refusal | undefined {
    const { node, boot } = this.own
    if (link.dialedPeer !== undefined) {
      if (hello.node === link.dialedPeer) return undefined
      const reason = `the address of ${link.dialedPeer} in peers.json of node ${node} leads to node ${hello.node}`
      return { refused: 'PEERS_DISAGREE', reason }
    }
    if (hello.node === node) {
      if (hello.boot === boot) return { refused: 'PEERS_DISAGREE', reason: `node ${node} dialled itself` }
      return { refused: 'NODE_ID_IN_USE', reason: `node ${node} is running already` }
    }
    const dials = hello.node < node
    if (dials !== hello.announce) return undefined
    const reason = `of ${hello.node} and ${node} the smaller id dials, the other announces itself`
    return { refused: 'PROTOCOL_BROKEN', reason }
  }

  #welcome(link: Link, hello: Hello): void {
    if (!hello.announce || link.dialedPeer !== undefined) {
      link.admit()
      return
    }
    link.close(closeNormal, 'announced')
    this.#slots.get(hello.node)?.dialNow()
  }

  /** The same process came back while its old connection still looked open here: the old one is dead. */
  #replace(old: Link, link: Link, hello: Hello): void {
    if (!hello.announce) old.terminate('replaced by a newer connection')
    this.#welcome(link, hello)
  }

  #onProbed(alive: boolean, old: Link, link: Link, hello: Hello): void {
    if (alive) {
      const reason = `node ${hello.node} is running already, and answers node ${this.own.node}`
      this.#refuse(link, hello.node, { refused: 'NODE_ID_IN_USE', reason })
      return
    }
    old.terminate(`node ${hello.node} was restarted`)
    this.#welcome(link, hello)
  }

  #refuse(link: Link, node: NodeId, refusal: Refusal): void {
    this.#options.counters.increment('linksRefused')
    const reason = `${refusal.refused}: ${refusal.reason}`
    const slot = this.#slotOf(link)
    if (slot !== undefined) slot.onRefused(refusal.refused, refusal.reason)
    else if (!this.#reported.has(reason) && this.#reported.size < reportedMax) {
      this.#reported.add(reason)
      this.#options.log('link-refused', { peer: node, reason })
    }
    link.refuse(refusal)
  }

  #slotOf(link: Link): LinkSlot | undefined {
    const peer = link.dialedPeer ?? link.hello?.node
    return peer === undefined ? undefined : this.#slots.get(peer)
  }
}
