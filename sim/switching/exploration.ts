// Every case of a small scope, one after the other, instead of cases that dice draw: three nodes, two that publish three messages each, two
// changes of the mode, one crash at any time between two messages, and one partition, or one link that is late.

import type { StreamMode } from '../../node/core/stream/definition.ts'
import { Dice } from '../dice.ts'
import { Audience } from './audience.ts'
import { plainClients, type SwitchingPlan, soundHardware } from './plan.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { Script } from './switching-simulation.ts'
import { Wishes } from './wishes.ts'
import type { SwitchingWorld } from './world.ts'

/** Everything on a link takes this long, and a write to a disk, milliseconds: whatever happens, happens at a whole one. */
const [latencyMs, writeMs] = [2, 1]
/** When the script begins, after its readers, and after the stream's group has a leader, whom everybody knows. */
const beginsAtMs = 2_000
/** How long faults may begin: both changes are over by then where nothing goes wrong. */
const windowMs = 64
const activeMs = 6_000
/** So long is the direction of a link late, less than anybody takes for its end. */
const lateMs = 25

/** Who publishes its next message, and when. */
const publications = [
  ['A', 1],
  ['B', 3],
  ['A', 9],
  ['B', 14],
  ['A', 22],
  ['B', 29],
] as const
const firstWishAtMs = 5
/** Whoever has a wish has seen it fulfilled before the other one is. */
const wishAgainMs = 2

interface Crash {
  readonly node: number
  readonly atMs: number
  readonly forMs: number
}

/** A node that is parted from the others, or one direction of a link that is late. */
interface Silence {
  readonly from: number
  /** Undefined: from and to everybody. */
  readonly to: number | undefined
  readonly atMs: number
  readonly forMs: number
}

/** One case. */
export interface ExploredCase {
  readonly seed: number
  readonly begins: StreamMode
  /** So long after the first wish the second one is said, by somebody else, milliseconds. */
  readonly pauseMs: number
  readonly crash: Crash | undefined
  readonly silence: Silence | undefined
}

interface Faults {
  readonly crash: Crash | undefined
  readonly silence: Silence | undefined
  /** 0 for at most one fault, at any time; 1 for two, both at coarse times; 2 for all others. */
  readonly rank: number
}

interface Time {
  readonly atMs: number
  readonly isCoarse: boolean
}

const bases = [1, 2].flatMap((seed) =>
  (['gossip', 'leader'] as const).flatMap((begins) => [13, 24].map((pauseMs) => ({ seed, begins, pauseMs }))),
)
const nodes = [0, 1, 2] as const
const crashes = times(1, 16).flatMap((time) =>
  nodes.flatMap((node) => [400, 3_000].map((forMs) => ({ ...time, node, forMs }))),
)
const silences = times(4, 32).flatMap((time) =>
  nodes.flatMap((from) => [
    ...[700, 2_500].map((forMs) => ({ ...time, from, to: undefined, forMs })),
    ...[1, 2].map((step) => ({ ...time, from, to: (from + step) % 3, forMs: lateMs })),
  ]),
)
const faults: readonly Faults[] = [undefined, ...crashes]
  .flatMap((crash) =>
    [undefined, ...silences].map((silence) => ({ crash, silence, rank: rankOf(crash, silence) })),
  )
  .sort((left, right) => left.rank - right.rank)

/** How many cases there are; the first of them have one fault at any time, or two at coarse times. */
export const exploredCases: number = bases.length * faults.length
export const exploredFirst: number = bases.length * faults.filter(({ rank }) => rank < 2).length

function rankOf(crash: Time | undefined, silence: Time | undefined): number {
  if (crash === undefined || silence === undefined) return 0
  return crash.isCoarse && silence.isCoarse ? 1 : 2
}

/** Case 1 and above. */
export function toCase(number: number): ExploredCase {
  const base = bases[(number - 1) % bases.length]
  const fault = faults[Math.floor((number - 1) / bases.length)]
  if (base === undefined || fault === undefined) throw new RangeError(`there are ${exploredCases} cases`)
  return { ...base, crash: fault.crash, silence: fault.silence }
}

/** Times between any two instants, or one in so many. */
function times(everyMs: number, coarseMs: number): Time[] {
  return Array.from({ length: windowMs / everyMs }, (_, nth) => {
    return { atMs: nth * everyMs + 0.5, isCoarse: (nth * everyMs) % coarseMs === 0 }
  })
}

function other(mode: StreamMode): StreamMode {
  return mode === 'gossip' ? 'leader' : 'gossip'
}

/** The world of a case. */
export function toExploredPlan({ seed, silence }: ExploredCase): SwitchingPlan {
  const rates = { cut: 0, cutOneWay: 0, crash: 0, pause: 0, congestion: 0, stall: 0 }
  return {
    ...{ seed, nodes: 3, streams: 1, activeMs },
    ...{ latencyMinMs: latencyMs, latencyMaxMs: latencyMs, detectionMs: 300 },
    ...{ ...soundHardware, ...plainClients },
    linkQueueBytes: 1_048_576,
    // What is done is in the script; this says what it may lead to.
    faults: { ...rates, partition: silence === undefined ? 0 : 1 },
    ...{ writeMinMs: writeMs, writeMaxMs: writeMs, slowWrites: 0 },
    ...{ publishesPerSecond: 0, recordsMax: 1, payloadBytesMax: 8, wishesPerSecond: 0, wanderers: 0 },
    retention: { bytes: 64 * 1024 * 1024, ageMs: 3_600_000 },
    ...{ wipesPerSecond: 0, newcomersPerSecond: 0 },
  }
}

export class ExploredScript implements Script {
  readonly #world: SwitchingWorld
  readonly #case: ExploredCase
  readonly #name: string
  readonly #audience: Audience
  readonly #wishes: Wishes
  /** In which the stream is when the script begins. */
  #epoch = 0
  #heal: () => void = () => undefined

  constructor(world: SwitchingWorld, explored: ExploredCase, name: string) {
    this.#world = world
    this.#case = explored
    this.#name = name
    this.#audience = new Audience(world, new Dice(explored.seed, 'audience'))
    this.#wishes = new Wishes(world, wishAgainMs)
  }

  /** The group of a stream begins with the first change of its mode. */
  firstMode(): StreamMode {
    return other(this.#case.begins)
  }

  start(): void {
    const { pauseMs, begins, crash, silence } = this.#case
    for (const node of this.#world.nodes) this.#audience.read(this.#name, node)
    for (const [at, [id, afterMs]] of publications.entries()) {
      const node = this.#world.nodes.find((each) => each.id === id)
      const draft = { id: `m${at}`, topic: `${this.#name}.x`, payloadBytes: 8 }
      this.#after(afterMs, () => node?.publish([draft], at % 2 === 0 ? 'local' : 'copies'))
    }
    const [first, , last] = this.#world.nodes
    new Wishes(this.#world).say(first, this.#name, begins)
    this.#after(firstWishAtMs, () => this.#wishes.say(first, this.#name, other(begins), this.#epoch))
    this.#after(firstWishAtMs + pauseMs, () => this.#wishes.say(last, this.#name, begins, this.#epoch))
    this.#after(0, () => {
      this.#epoch = first?.view?.epochOf(this.#name) ?? 0
    })
    if (crash !== undefined) this.#after(crash.atMs, () => this.#crash(crash))
    if (silence !== undefined) this.#after(silence.atMs, () => this.#silence(silence))
  }

  stop(): void {
    this.#wishes.stop()
    this.#heal()
    for (const node of this.#world.nodes) node.start()
  }

  #crash({ node: at, forMs }: Crash): void {
    const node = this.#world.nodes[at] as SwitchingNode
    this.#world.tell(`${node.id} crashes for ${forMs} ms`)
    node.crash()
    this.#world.timeline.after(forMs, () => node.start())
  }

  #silence({ from, to, forMs }: Silence): void {
    const { nodes: all, network, tell, timeline } = this.#world
    const one = all[from] as SwitchingNode
    const others = to === undefined ? all.filter((node) => node !== one) : [all[to] as SwitchingNode]
    tell(`${one.id} and ${others.map(({ id }) => id)} are silent for ${forMs} ms`)
    const heals = others.map(({ id }) => network.cut(one.id, id))
    if (to === undefined) heals.push(...others.map(({ id }) => network.cut(id, one.id)))
    let isHealed = false
    this.#heal = () => {
      if (!isHealed) for (const heal of heals) heal()
      isHealed = true
    }
    timeline.after(forMs, this.#heal)
  }

  #after(ms: number, run: () => void): void {
    this.#world.timeline.after(beginsAtMs + ms, run)
  }
}
