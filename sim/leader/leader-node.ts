// One node of the leader world: the production agent on virtual time, with its links, and streams that it may hear of late.

import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { Replica } from '../../node/core/stream/replica.ts'
import { type LeaderAgent, leaderFrameTypes } from '../../node/leader/agent.ts'
import { batchFlag, batchOffset, frameType } from '../../node/wire/batch-header.ts'
import { Dice } from '../dice.ts'
import { noEpochs } from '../idle-leader.ts'
import type { LinkEnd } from '../link.ts'
import { type AgentSurroundings, LogNode } from './log-node.ts'
import { NodeClock } from './node-clock.ts'
import type { LeaderWorld } from './world.ts'

/** Most batches stand in slabs, and what is used without being held does not stay as it was. */
export const wipedSlabs = { slabBytes: 65_536, wipes: true } as const

export class LeaderNode extends LogNode implements LinkEnd<Uint8Array> {
  readonly #world: LeaderWorld
  readonly clock: NodeClock
  /** How far the delivery log of each replica was looked through. */
  #seen = new Map<Replica, number>()

  constructor(world: LeaderWorld, id: NodeId) {
    const { plan, timeline } = world
    const dice = new Dice(plan.seed, `leader node ${id}`)
    super(world, { id, dice, slabs: wipedSlabs, limits: plan.limits })
    this.#world = world
    this.clock = new NodeClock(timeline, dice.between(0, plan.clockSpreadMs))
  }

  now(): number {
    return this.clock.now()
  }

  protected begin(boot: Boot, agent: LeaderAgent): void {
    this.#seen = new Map()
    this.doAs(boot, () => {
      const late = this.dice.some(this.#world.definitions, this.#world.plan.lateDefinitions)
      for (const definition of this.#world.definitions)
        if (!late.includes(definition)) agent.define(definition)
      agent.recover()
      for (const { name } of late)
        this.#world.timeline.after(this.dice.between(10, 3_000), () =>
          this.doAs(boot, () => this.#define(name)),
        )
    })
  }

  protected end(): void {}

  protected onSecond(agent: LeaderAgent): void {
    agent.onSecond()
  }

  protected get surroundings(): AgentSurroundings {
    const { network } = this.#world
    return {
      sendFrame: (node, frame) => network.send(this.id, node, frame),
      queuedBytes: (node) => network.queuedBytes(this.id, node),
      onDelivered: (replica) => this.#onDelivered(replica),
      epochs: noEpochs,
    }
  }

  /** Runs something in a turn of the node's event loop. */
  do(run: (agent: LeaderAgent) => void): void {
    this.withAgent(run)
  }

  /** A stream is defined as it is now. */
  hearOf(name: string): void {
    this.do(() => this.#define(name))
  }

  replicaOf(name: string): Replica | undefined {
    return [...(this.agent?.replicas.values() ?? [])].find((replica) => replica.name === name)
  }

  onLinkUp(peer: NodeId): void {
    this.do((agent) => agent.onPeerUp(peer))
  }

  onLinkDown(peer: NodeId): void {
    this.do((agent) => agent.onPeerDown(peer))
  }

  onLinkRoom(): void {
    this.do((agent) => agent.onPeerWritable())
  }

  /** As the node's peer driver tells frames apart. */
  onLinkMessage(peer: NodeId, frame: Uint8Array): void {
    this.do((agent) => {
      const { tally, timeline } = this.#world
      tally.trace(timeline.now, this.id, peer, frame.length)
      if (leaderFrameTypes.includes(frame[0])) {
        if (!agent.onFrame(peer, frame))
          throw new Error(`${peer} sent ${this.id} a frame that does not parse`)
        return
      }
      const isSubmitted = ((frame[batchOffset.flags] ?? 0) & batchFlag.submitted) !== 0
      if (frame[0] !== frameType.batch || !isSubmitted)
        throw new Error(`${peer} sent ${this.id} a frame that is not of leader mode`)
      tally.count('message submission')
      agent.onSubmitted(peer, this.#world.nodes.find(({ id }) => id === peer)?.boot, frame)
    })
  }

  #onDelivered(replica: Replica): void {
    const { delivered, entries } = replica
    const { observers, audience } = this.#world
    let at = Math.max(delivered.first, this.#seen.get(replica) ?? 0)
    for (; at < delivered.end; at++) {
      const item = delivered.at(at)
      if (typeof item !== 'number') continue
      for (const observer of observers) observer.onDelivered?.(this, replica, entries.at(item))
    }
    this.#seen.set(replica, at)
    for (const subscriber of audience) if (subscriber.node === this) subscriber.pump()
  }

  /** The catalog of streams has not come yet. */
  #define(name: string): void {
    const definition = this.#world.definitions.find((each) => each.name === name)
    if (definition !== undefined) this.agent?.define(definition)
  }
}
