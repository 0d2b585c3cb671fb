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
import { isBeyondTcp, type Plan } from './plan.ts'
import { SimulatedNode } from './simulated-node.ts'
import { Tally } from './tally.ts'
import { Timeline } from './timeline.ts'
import { Truth } from './truth.ts'
import { Workload } from './workload.ts'
import { type Invariant, Violation, type World } from './world.ts'

export interface Outcome {
  readonly plan: Plan
  /** 64 bits over everything that happened. */
  readonly traceHash: string
  readonly events: number
  readonly simulatedMs: number
  readonly counts: ReadonlyMap<string, number>
  /** Undefined if every promise was kept. */
  readonly failure: Failure | undefined
}

export interface Failure {
  readonly invariant: string
  readonly message: string
  /** What happened last, oldest first. */
  readonly story: readonly string[]
}

/** 14 November 2023; any time does. */
const startMs = 1_700_000_000_000
/** After healing, links between living nodes must be up again within this. */
const reconnectMsMax = 6_000
/** The promise: complete so long after everything is healed. */
const completeWithinMs = 2_000
/** Where frames vanished on links that stayed up, the next probe must find out first: at rest every fifth second. */
const completeBeyondTcpMs = 9_000
/** Times that news goes from node to node until everything is complete: for every hole, each of up to six others is asked in turn. */
const hopsMax = 60
const storyLinesMax = 60
const waitsMax = 4

export class Simulation {
  readonly #plan: Plan
  readonly #timeline = new Timeline(startMs)
  readonly #tally = new Tally()
  readonly #story: string[] = []
  readonly #onLine: ((line: string) => void) | undefined

  constructor(plan: Plan, onLine?: (line: string) => void) {
    this.#plan = plan
    this.#onLine = onLine
  }

  run(): Outcome {
    const failure = this.#tryRun()
    return {
      plan: this.#plan,
      traceHash: this.#tally.hash,
      events: this.#timeline.events,
      simulatedMs: this.#timeline.now - startMs,
      counts: this.#tally.counts,
      failure,
    }
  }

  #tryRun(): Failure | undefined {
    try {
      this.#runThrough()
      return undefined
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (error instanceof Violation) return { invariant: error.invariant, message, story: this.#story }
      const stack = error instanceof Error ? (error.stack ?? message) : message
      return { invariant: 'no exception', message: stack, story: this.#story }
    }
  }

  #runThrough(): void {
    const timeline = this.#timeline
    const world = this.#makeWorld()
    const workload = new Workload(world, world.audience as AudienceMember[])
    const faults = new Faults(world, workload)
    for (const node of world.nodes) node.start()
    world.network.join(world.nodes)
    timeline.runUntil(startMs + 1_000)
    workload.start()
    faults.start()
    timeline.runUntil(timeline.now + this.#plan.activeMs)
    workload.stop()
    faults.stop()
    world.network.isCalm = true
    world.tell('all faults are over')
    const hopsMs = this.#plan.isFar ? hopsMax * this.#plan.latencyMaxMs : 0
    const healBy = timeline.now + reconnectMsMax + hopsMs
    while (world.network.missing.length > 0 && timeline.now < healBy) timeline.runUntil(timeline.now + 5)
    const { missing } = world.network
    if (missing.length > 0) throw new Violation('links', `these did not come up: ${missing}`)
    world.tell('all links are up')
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
    const timeline = this.#timeline
    const tally = this.#tally
    const plan = this.#plan
    const network = new Network(timeline, plan, tally)
    const nodes: SimulatedNode[] = []
    const audience: AudienceMember[] = []
    const invariants: Invariant[] = []
    const tell = (event: string): void => {
      const line = `${((timeline.now - startMs) / 1000).toFixed(3).padStart(8)} s  ${event}`
      this.#onLine?.(line)
      this.#story.push(line)
      if (this.#story.length > storyLinesMax) this.#story.shift()
    }
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
