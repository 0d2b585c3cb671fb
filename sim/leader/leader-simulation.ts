// One run of one seed of the leader world: a cluster is made, used and hurt for a while, then healed, and every promise is checked.

import { type NodeId, toStreamId } from '../../node/core/common/ids.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'
import { type Codec, Network } from '../network.ts'
import { type Outcome, Run, reconnectMsMax, Violation } from '../run.ts'
import { Commits } from './commits.ts'
import { LeaderFaults } from './faults.ts'
import { Acknowledgements } from './invariants/acknowledgements.ts'
import { BoundedMemory } from './invariants/bounded-memory.ts'
import { Floors } from './invariants/floors.ts'
import { GapHonesty } from './invariants/gap-honesty.ts'
import { NamedProducers } from './invariants/named-producers.ts'
import { OneOrder } from './invariants/one-order.ts'
import { Reads } from './invariants/reads.ts'
import { Subscriptions } from './invariants/subscriptions.ts'
import { LeaderNode } from './leader-node.ts'
import type { LeaderSubscriber } from './leader-subscriber.ts'
import { LeaderWorkload } from './leader-workload.ts'
import { makeLogInvariants } from './log-invariants.ts'
import { Order } from './order.ts'
import type { LeaderPlan } from './plan.ts'
import { Publications } from './publications.ts'
import { Redefinitions } from './redefinitions.ts'
import { retentionOf } from './retention.ts'
import { unsettled } from './settlement.ts'
import type { LeaderObserver, LeaderWorld } from './world.ts'

/** The promise: everything is settled so long after that. Some elections of META in a row may be split before a node is a member again. */
const settlesWithinMs = 12_000
/** Logs are cut once a second, when what is cut is durable. */
const compactsWithinMs = 2_500
/** Longer than a read waits for its answer. */
const resumesEveryMs = 2_500
const settlingStepMs = 50
const streamNames = ['one', 'two', 'three'] as const

/** So many names that hash onto the same of some groups. */
function namesOfOneGroup(count: number, groups: number): string[] {
  const names: string[] = []
  for (let nth = 1; names.length < count; nth++)
    if (toStreamId(`stream-${nth}`) % groups === 0) names.push(`stream-${nth}`)
  return names
}

const frameCodec: Codec<Uint8Array> = {
  encode: (frame) => frame,
  decode: (content) => (typeof content === 'string' ? undefined : content),
}

export class LeaderSimulation {
  readonly #plan: LeaderPlan
  readonly #run: Run

  constructor(plan: LeaderPlan, onLine?: (line: string) => void) {
    this.#plan = plan
    this.#run = new Run(onLine)
  }

  run(): Outcome<LeaderPlan> {
    return this.#run.toOutcome(this.#plan, () => this.#runThrough())
  }

  #runThrough(): void {
    const { timeline } = this.#run
    const reads = new Reads()
    const world = this.#makeWorld(reads)
    const workload = new LeaderWorkload(world, world.audience as LeaderSubscriber[], reads)
    const faults = new LeaderFaults(world)
    const observers = world.observers as LeaderObserver[]
    observers.push(faults)
    for (const node of world.nodes) node.start()
    world.network.join(world.nodes)
    timeline.runUntil(timeline.now + 1_000)
    const redefinitions = new Redefinitions(world)
    workload.start()
    redefinitions.start()
    faults.start()
    timeline.runUntil(timeline.now + this.#plan.activeMs)
    faults.stop()
    workload.stop()
    redefinitions.stop()
    world.network.isCalm = true
    world.tell('all faults are over')
    this.#run.awaitLinks(world.network, reconnectMsMax)
    this.#settle(world, workload)
    timeline.runUntil(timeline.now + compactsWithinMs)
    for (const observer of world.observers) observer.onSettled?.()
  }

  #settle(world: LeaderWorld, workload: LeaderWorkload): void {
    const { timeline, tally, tell } = world
    const since = timeline.now
    let problems = unsettled(world)
    for (let resumeAt = since; problems.length > 0 && timeline.now < since + settlesWithinMs; ) {
      if (timeline.now >= resumeAt) {
        workload.resumeAll()
        resumeAt += resumesEveryMs
      }
      timeline.runUntil(timeline.now + settlingStepMs)
      problems = unsettled(world)
    }
    if (problems.length > 0) throw new Violation('liveness', problems.slice(0, 10).join('; '))
    tell('everything is settled')
    tally.count('milliseconds until settled', timeline.now - since)
  }

  #makeWorld(reads: Reads): LeaderWorld {
    const plan = this.#plan
    const { timeline, tally, tell } = this.#run
    const network = new Network(timeline, plan, tally, frameCodec)
    const ids = [...'ABCDE'.slice(0, plan.nodes)] as NodeId[]
    const observers: LeaderObserver[] = []
    const commits = new Commits((group, entry) => {
      for (const observer of observers) observer.onCommitted?.(group, entry)
    })
    const nodes: LeaderNode[] = []
    const audience: LeaderSubscriber[] = []
    const definitions = this.#definitions()
    const world: LeaderWorld = {
      ...{ plan, timeline, tally, tell, network, definitions, nodes, audience },
      ...{ publications: new Publications(), commits, order: new Order(), observers },
    }
    observers.push(
      ...makeLogInvariants(world),
      new OneOrder(world),
      new Acknowledgements(world),
      new Subscriptions(world),
      new GapHonesty(world),
      new Floors(world),
      new BoundedMemory(world),
      new NamedProducers(world),
      reads,
    )
    for (const id of ids) nodes.push(new LeaderNode(world, id))
    return world
  }

  #definitions(): StreamDefinition[] {
    const { streams, hasQuietStream, nodes } = this.#plan
    // A cluster begins with as many data groups as it has nodes.
    const names = hasQuietStream
      ? namesOfOneGroup(Math.max(2, streams), nodes)
      : streamNames.slice(0, streams)
    return names.map((name, nth) => {
      return {
        name,
        topics: [`${name}.>`],
        mode: 'leader',
        retention: retentionOf(this.#plan, nth),
        copies: 0,
        replicas: 3,
      }
    })
  }
}
