// Several leader agents in one process: time passes when the test says so, links can be cut and lose what is on them, disks can be
// held, and a node that crashes goes on with the bytes that were durable. Everything is drawn from one seed.

import assert from 'node:assert/strict'
import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import { protocolLimits } from '../../node/core/common/limits.ts'
import { type Random, seededRandom } from '../../node/core/common/random.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { type LeaderLimits, leaderLimits } from '../../node/leader/limits.ts'
import { ClusterNode, type NodeSurroundings } from './cluster-node.ts'
import { orders } from './leader-batches.ts'

interface Sent {
  readonly from: NodeId
  readonly to: NodeId
  readonly frame: Uint8Array
}

export class LeaderCluster implements NodeSurroundings {
  now = 1_000_000
  /** Bytes that every link says are waiting on it. */
  queuedBytes = 0
  readonly random: Random
  readonly nodes: Map<NodeId, ClusterNode> = new Map()
  definitions: StreamDefinition[] = [orders]
  /** What is under way. */
  #sent: Sent[] = []
  readonly #cut = new Set<string>()
  #boots = 0
  #members = 0
  /** Whether a frame is lost without a word. */
  loses: (from: NodeId, to: NodeId, frame: Uint8Array) => boolean = () => false

  readonly limits: Partial<LeaderLimits>

  constructor(
    seed: string,
    ids = 'ABC',
    definitions?: readonly StreamDefinition[],
    limits: Partial<LeaderLimits> = {},
  ) {
    this.random = seededRandom(seed)
    this.limits = limits
    if (definitions !== undefined) this.definitions = [...definitions]
    for (const id of ids) this.nodes.set(id as NodeId, new ClusterNode(this, id as NodeId))
    for (const node of this.nodes.values()) node.start()
  }

  get all(): ClusterNode[] {
    return [...this.nodes.values()]
  }

  get up(): ClusterNode[] {
    return this.all.filter((node) => node.isUp)
  }

  node(id: string): ClusterNode {
    const node = this.nodes.get(id as NodeId)
    assert.ok(node)
    return node
  }

  nextBoot(): Boot {
    return ++this.#boots as Boot
  }

  nextMember(): number {
    return ++this.#members
  }

  isConnected(one: NodeId, other: NodeId): boolean {
    const isUp = this.nodes.get(other)?.isUp === true && this.nodes.get(one)?.isUp === true
    return isUp && one !== other && !this.#cut.has(`${one}${other}`)
  }

  /** Takes a copy, as a socket does. */
  send(from: NodeId, to: NodeId, frame: Uint8Array): void {
    assert.ok(frame.length <= protocolLimits.frameBytesMax, `a link takes no frame of ${frame.length} bytes`)
    if (!this.isConnected(from, to) || this.loses(from, to, frame)) return
    this.#sent.push({ from, to, frame: new Uint8Array(frame) })
  }

  /** The link breaks: what is on it is lost, and both ends notice. */
  cut(one: string, other: string): void {
    const [a, b] = [this.node(one), this.node(other)]
    this.#cut.add(one + other).add(other + one)
    this.#sent = this.#sent.filter(({ from, to }) => !this.#cut.has(from + to))
    if (a.isUp) a.agent.onPeerDown(b.id)
    if (b.isUp) b.agent.onPeerDown(a.id)
  }

  mend(one: string, other: string): void {
    const [a, b] = [this.node(one), this.node(other)]
    if (!this.#cut.delete(one + other)) return
    this.#cut.delete(other + one)
    if (!a.isUp || !b.isUp) return
    a.agent.onPeerUp(b.id)
    b.agent.onPeerUp(a.id)
  }

  isolate(id: string): void {
    for (const other of this.nodes.keys()) if (other !== id) this.cut(id, other)
  }

  rejoin(id: string): void {
    for (const other of this.nodes.keys()) if (other !== id) this.mend(id, other)
  }

  crash(id: string, moreBytes = 0): void {
    this.node(id).crash(moreBytes)
    this.#sent = this.#sent.filter(({ from, to }) => from !== id && to !== id)
  }

  /** One more node, whose peers.json has all of them; the others' had not when they started. */
  add(id: string): ClusterNode {
    const node = new ClusterNode(this, id as NodeId)
    this.nodes.set(node.id, node)
    node.start()
    return node
  }

  /** Does everything there is to do now, but what held disks keep. */
  settle(): void {
    for (let round = 0; round < 100_000; round++) {
      if (!this.step()) return
    }
    assert.fail('no end of what there is to do')
  }

  /** One turn of every node, and one delivery of what was under way before. True if there was anything. */
  step(): boolean {
    let isBusy = false
    for (const node of this.all) isBusy = node.work() || isBusy
    const sent = this.#sent
    this.#sent = []
    for (const { from, to, frame } of sent)
      if (this.isConnected(from, to)) this.nodes.get(to)?.receive(from, this.nodes.get(from)?.boot, frame)
    return isBusy || sent.length > 0
  }

  /** Time passes, in ticks, and everything is done that there is to do. */
  advance(ms: number): void {
    this.settle()
    for (const end = this.now + ms; this.now < end; ) {
      const before = this.now
      this.now += leaderLimits.tickMs
      for (const node of this.up) {
        node.agent.tick()
        if (Math.floor(before / 1000) < Math.floor(this.now / 1000)) node.agent.onSecond()
      }
      this.settle()
    }
  }

  /** The node that leads the group of a stream, for itself and for all others that are up. */
  leaderOf(name: string = orders.name): ClusterNode | undefined {
    const leaders = new Set(this.up.map((node) => node.agent.statusOf(node.replica(name)).leader))
    const [leader] = leaders
    return leaders.size === 1 && leader !== undefined ? this.node(leader) : undefined
  }

  /** Waits until all that are up agree on who leads. */
  elect(name: string = orders.name): ClusterNode {
    for (let ticks = 0; ticks < 200; ticks++) {
      const leader = this.leaderOf(name)
      if (leader !== undefined) return leader
      this.advance(leaderLimits.tickMs)
    }
    return assert.fail('no leader within ten seconds')
  }

  /** Nodes other than one, in their order. */
  others(than: ClusterNode): ClusterNode[] {
    return this.all.filter((node) => node !== than)
  }
}
