// One run of one seed of the switching world: streams change their modes while everybody publishes and reads and nodes and links fail; then
// everything heals, and everybody must have everything.

import { toStreamKey } from '../../node/broker/stream-table.ts'
import type { NodeId } from '../../node/core/common/ids.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { Dice } from '../dice.ts'
import { Network } from '../network.ts'
import { type Outcome, Run, reconnectMsMax, Violation } from '../run.ts'
import { SwitchingFaults } from './faults.ts'
import { hasSilence, mayDrop, type SwitchingPlan } from './plan.ts'
import { unsettled } from './settlement.ts'
import { SwitchingNode } from './switching-node.ts'
import type { SwitchingReader } from './switching-reader.ts'
import { Verdict } from './verdict.ts'
import { Workload } from './workload.ts'
import { type SwitchingWorld, sentCodec } from './world.ts'

/** The promise: everything is settled so long after that. */
const settlesWithinMs = 20_000
const settlingStepMs = 50
const foundingMs = 2_000

export class SwitchingSimulation {
  readonly #plan: SwitchingPlan
  readonly #run: Run

  constructor(plan: SwitchingPlan, onLine?: (line: string) => void) {
    this.#plan = plan
    this.#run = new Run(onLine)
  }

  run(): Outcome<SwitchingPlan> {
    return this.#run.toOutcome(this.#plan, () => this.#runThrough())
  }

  #runThrough(): void {
    const { timeline } = this.#run
    const world = this.#makeWorld()
    const names = ['one', 'two'].slice(0, this.#plan.streams)
    const workload = new Workload(world, world.audience as SwitchingReader[], names)
    const faults = new SwitchingFaults(world)
    for (const node of world.nodes) node.start()
    world.network.join(world.nodes)
    this.#define(world, names)
    timeline.runUntil(timeline.now + foundingMs)
    workload.start()
    faults.start()
    timeline.runUntil(timeline.now + this.#plan.activeMs)
    workload.stop()
    faults.stop()
    world.tell('all faults are over')
    this.#run.awaitLinks(world.network, reconnectMsMax)
    this.#settle(world, names)
  }

  #define({ nodes: [first], tell }: SwitchingWorld, names: readonly string[]): void {
    const dice = new Dice(this.#plan.seed, 'streams')
    first?.do((broker) => {
      for (const name of names) {
        const mode = dice.chance(0.5) ? 'leader' : 'gossip'
        const definition = broker.streams.plan(name, { topics: [`${name}.>`], mode })
        if ('refused' in definition) throw new Error(definition.reason)
        tell(`stream ${name} begins in ${mode} mode`)
        broker.handle({ kind: 'write', key: toStreamKey(name), value: toDefinitionValue(definition) })
      }
    })
  }

  #settle(world: SwitchingWorld, names: readonly string[]): void {
    const { timeline, tally } = world
    const since = timeline.now
    let problems = unsettled(world, names)
    while (problems.length > 0 && timeline.now < since + settlesWithinMs) {
      timeline.runUntil(timeline.now + settlingStepMs)
      problems = unsettled(world, names)
    }
    if (problems.length > 0) throw new Violation('completeness', problems.slice(0, 10).join('; '))
    tally.count('milliseconds until settled', timeline.now - since)
    for (const name of names) tally.count('epochs', world.nodes[0]?.epochOf(name) ?? 0)
  }

  #makeWorld(): SwitchingWorld {
    const plan = this.#plan
    const { timeline, tally, tell } = this.#run
    const nodes: SwitchingNode[] = []
    const network = new Network(timeline, plan, tally, sentCodec)
    const world: SwitchingWorld = {
      ...{ plan, timeline, tally, tell, network, nodes },
      ...{ audience: [], verdict: new Verdict(hasSilence(plan), mayDrop(plan)) },
    }
    for (const letter of 'ABCDE'.slice(0, plan.nodes)) nodes.push(new SwitchingNode(world, letter as NodeId))
    return world
  }
}
