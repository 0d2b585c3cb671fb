// One run of one seed: a cluster is made, used and hurt for a while, then healed, and every promise is checked.

import type { NodeId } from '../node/core/common/ids.ts'
import type { AudienceMember } from './audience-member.ts'
import { Faults } from './faults.ts'
import { Agreement } from './invariants/agreement.ts'
import { AuditAgreement } from './invariants/audit-agreement.ts'
import { BoundedMemory } from './invariants/bounded-memory.ts'
import { Completeness } from './invariants/completeness.ts'
import { Copies } from './invariants/copies.ts'
import { DeliveryRule } from './invariants/delivery-rule.ts'
import { GapHonesty } from './invariants/gap-honesty.ts'
import { Identity } from './invariants/identity.ts'
import { MemoryReturns } from './invariants/memory-returns.ts'
import { NoEndlessWait } from './invariants/no-endless-wait.ts'
import { Network } from './network.ts'
import { peerCodec } from './peer-codec.ts'
import { isBeyondTcp, type Plan } from './plan.ts'
import { type Outcome, Run, reconnectMsMax } from './run.ts'
import { SimulatedNode } from './simulated-node.ts'
import { Truth } from './truth.ts'
import { Workload } from './workload.ts'
import type { Invariant, World } from './world.ts'

/** The promise: complete so long after everything is healed. */
const completeWithinMs = 2_000
/** Where frames vanished on links that stayed up, the next probe must find out first: at rest every fifth second. */
const completeBeyondTcpMs = 9_000
/** Times that news goes from node to node until everything is complete: for every hole, each of up to six others is asked in turn. */
const hopsMax = 60
const waitsMax = 4

export class Simulation {
  readonly #plan: Plan
  readonly #run: Run

  constructor(plan: Plan, onLine?: (line: string) => void) {
    this.#plan = plan
    this.#run = new Run(onLine)
  }

  run(): Outcome<Plan> {
    return this.#run.toOutcome(this.#plan, () => this.#runThrough())
  }

  #runThrough(): void {
    const { timeline } = this.#run
    const world = this.#makeWorld()
    const workload = new Workload(world, world.audience as AudienceMember[])
    const faults = new Faults(world, workload)
    for (const node of world.nodes) node.start()
    world.network.join(world.nodes)
    timeline.runUntil(timeline.now + 1_000)
    workload.start()
    faults.start()
    timeline.runUntil(timeline.now + this.#plan.activeMs)
    workload.stop()
    faults.stop()
    world.network.isCalm = true
    world.tell('all faults are over')
    const hopsMs = this.#plan.isFar ? hopsMax * this.#plan.latencyMaxMs : 0
    this.#run.awaitLinks(world.network, reconnectMsMax + hopsMs)
    const withinMs = isBeyondTcp(this.#plan) ? completeBeyondTcpMs : completeWithinMs
    timeline.runUntil(timeline.now + withinMs + hopsMs)
    for (const invariant of world.invariants) invariant.onQuiet?.()
    // One wait may lead to knowledge of more that has to be waited for, but not for ever.
    for (let waits = 0; waits < waitsMax && this.#isWaiting(world); waits++) {
      timeline.runUntil(timeline.now + this.#longestRetentionMs(world) + 3_000)
    }
    for (const invariant of world.invariants) invariant.onEnd?.()
  }

  #isWaiting({ nodes }: World): boolean {
    return (
      this.#plan.leavesDead && nodes.some(({ broker }) => broker !== undefined && broker.agent.wantCount > 0)
    )
  }

  /** A dead node is waited for as long as retention could let it hold what is missing. */
  #longestRetentionMs(world: World): number {
    const ages = world.nodes.flatMap(({ broker }) =>
      [...(broker?.agent.replicas.values() ?? [])].map((replica) => replica.definition.retention.ageMs),
    )
    return Math.max(0, ...ages)
  }

  #makeWorld(): World {
    const { timeline, tally, tell } = this.#run
    const plan = this.#plan
    const network = new Network(timeline, plan, tally, peerCodec)
    const nodes: SimulatedNode[] = []
    const audience: AudienceMember[] = []
    const invariants: Invariant[] = []
    const truth = new Truth()
    const world: World = { plan, timeline, network, truth, tally, nodes, audience, invariants, tell }
    const deliveries = new DeliveryRule(world)
    invariants.push(
      deliveries,
      new Identity(world),
      new GapHonesty(world),
      new Copies(),
      new BoundedMemory(world),
      new Completeness(world, deliveries),
      new Agreement(world),
      new NoEndlessWait(world),
      new AuditAgreement(world),
      new MemoryReturns(world),
    )
    for (const letter of 'ABCDEFGHIJKLMNOP'.slice(0, plan.nodes)) {
      nodes.push(new SimulatedNode(world, letter as NodeId))
    }
    return world
  }
}
