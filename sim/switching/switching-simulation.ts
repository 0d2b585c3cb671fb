// One run of one seed of the switching world: streams change their modes while everybody publishes and reads and nodes and links fail; then
// everything heals, and everybody must have everything.

import { checkLinearizability } from '../../audit/history/linearizability.ts'
import { toStreamKey } from '../../node/broker/stream-table.ts'
import type { NodeId } from '../../node/core/common/ids.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import { toDefinitionValue } from '../../node/wire/stream-definition.ts'
import { Dice } from '../dice.ts'
import { Commits } from '../leader/commits.ts'
import { makeLogInvariants } from '../leader/log-invariants.ts'
import type { LogObserver } from '../leader/log-world.ts'
import { Network } from '../network.ts'
import { type Outcome, Run, reconnectMsMax, Violation } from '../run.ts'
import { EpochJudge } from './epoch-judge.ts'
import { SwitchingFaults } from './faults.ts'
import { hasSilence, isBeyondTcp, mayDrop, type SwitchingPlan } from './plan.ts'
import { ProducerJudge } from './producer-judge.ts'
import { QueueJudge } from './queue-judge.ts'
import { Remaking } from './remaking.ts'
import { settlesBy, unsettled } from './settlement.ts'
import { SwitchingNode } from './switching-node.ts'
import { Verdict } from './verdict.ts'
import { Workload } from './workload.ts'
import { type SwitchingWorld, sentCodec } from './world.ts'

const settlingStepMs = 50
const foundingMs = 2_000

/** What clients do, and what goes wrong, from the founding of the cluster on. */
export interface Script {
  /** The mode in which the next stream begins. */
  firstMode(): StreamMode
  start(): void
  /** Nothing more is asked for, and all faults are over. */
  stop(): void
  /** What is still to happen when all is settled that the run itself judges. */
  unsettled?(): readonly string[]
}

export type MakeScript = (world: SwitchingWorld, names: readonly string[]) => Script

export class SwitchingSimulation {
  readonly #plan: SwitchingPlan
  readonly #run: Run
  readonly #makeScript: MakeScript

  constructor(plan: SwitchingPlan, onLine?: (line: string) => void, makeScript: MakeScript = drawScript) {
    this.#plan = plan
    this.#run = new Run(onLine)
    this.#makeScript = makeScript
  }

  run(): Outcome<SwitchingPlan> {
    return this.#run.toOutcome(this.#plan, () => this.#runThrough())
  }

  #runThrough(): void {
    const { timeline } = this.#run
    const world = this.#makeWorld()
    const names = ['one', 'two'].slice(0, this.#plan.streams)
    const script = this.#makeScript(world, names)
    for (const node of world.nodes) node.start()
    world.network.join(world.nodes)
    this.#define(world, names, script)
    timeline.runUntil(timeline.now + foundingMs)
    script.start()
    timeline.runUntil(timeline.now + this.#plan.activeMs)
    script.stop()
    // A network that never did anything else has no need to be calmed.
    world.network.isCalm = isBeyondTcp(this.#plan)
    world.tell('all faults are over')
    this.#run.awaitLinks(world.network, reconnectMsMax)
    this.#settle(world, names)
    if (script.unsettled !== undefined) this.#conclude(script.unsettled)
  }

  #define({ nodes: [first], tell }: SwitchingWorld, names: readonly string[], script: Script): void {
    first?.do((broker) => {
      for (const name of names) {
        const mode = script.firstMode()
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
    while (problems.length > 0 && timeline.now < settlesBy(since, world.verdict.lossAt)) {
      timeline.runUntil(timeline.now + settlingStepMs)
      problems = unsettled(world, names)
    }
    if (problems.length > 0) throw new Violation('completeness', problems.slice(0, 10).join('; '))
    tally.count('milliseconds until settled', timeline.now - since)
    for (const name of names) {
      tally.count('epochs', world.nodes[0]?.view?.epochOf(name) ?? 0)
      const judged = checkLinearizability(world.verdict.history(name), { isConsecutive: false })
      if (judged.outcome === 'violated') throw new Violation('linearizability', judged.finding.sentence)
      if (judged.outcome === 'undecided')
        throw new Violation('linearizability', `undecided after ${judged.looks} looks`)
    }
  }

  #conclude(unsettled: () => readonly string[]): void {
    const { timeline } = this.#run
    const by = settlesBy(timeline.now, 0)
    let problems = unsettled()
    while (problems.length > 0 && timeline.now < by) {
      timeline.runUntil(timeline.now + settlingStepMs)
      problems = unsettled()
    }
    if (problems.length > 0) throw new Violation('made again', problems.join('; '))
  }

  #makeWorld(): SwitchingWorld {
    const plan = this.#plan
    const { timeline, tally, tell } = this.#run
    const nodes: SwitchingNode[] = []
    const network = new Network(timeline, plan, tally, sentCodec)
    const observers: LogObserver[] = []
    const commits = new Commits((group, entry) => {
      for (const observer of observers) observer.onCommitted?.(group, entry)
    })
    const options = {
      ...{ hasSilence: hasSilence(plan), mayDrop: mayDrop(plan), mayMishear: plan.loss + plan.lateness > 0 },
      copies: Math.min(plan.copies, plan.nodes - 1),
    }
    const verdict = new Verdict(() => timeline.now, options)
    const producers = new ProducerJudge(tally)
    const epochs = new EpochJudge(verdict, producers, options)
    const world: SwitchingWorld = {
      ...{ plan, timeline, tally, tell, network, nodes, commits, observers },
      ...{ audience: [], workers: [], verdict, epochs, producers },
      queues: new QueueJudge(tally, hasSilence(plan)),
    }
    observers.push(...makeLogInvariants(world), epochs)
    for (const letter of 'ABCDE'.slice(0, plan.nodes)) nodes.push(new SwitchingNode(world, letter as NodeId))
    return world
  }
}

/** Everything as the dice of the seed fall. */
function drawScript(world: SwitchingWorld, names: readonly string[]): Script {
  const dice = new Dice(world.plan.seed, 'streams')
  const workload = new Workload(world, names)
  const faults = new SwitchingFaults(world)
  const remaking = world.plan.remakesPerSecond > 0 ? new Remaking(world) : undefined
  const observers = world.observers as LogObserver[]
  observers.push(faults)
  return {
    firstMode: () => (dice.chance(0.5) ? 'leader' : 'gossip'),
    start: () => {
      workload.start()
      remaking?.start()
      faults.start()
    },
    stop: () => {
      workload.stop()
      remaking?.stop()
      faults.stop()
    },
    ...(remaking !== undefined && { unsettled: () => remaking.unsettled() }),
  }
}
