// Faults of any cluster, whatever its nodes do: links that are cut or congested, nodes that sleep, and readers that take nothing.

import type { NodeId } from '../node/core/common/ids.ts'
import type { Dice } from './dice.ts'
import type { FaultSchedule } from './fault-schedule.ts'

interface FaultyNode {
  readonly id: NodeId
  readonly isResponsive: boolean
  pause(): void
  resume(): void
}

/** Each fault of the network returns what ends it. */
export interface FaultyNetwork {
  cut(from: NodeId, to: NodeId): () => void
  congest(from: NodeId, to: NodeId, bytesPerMs: number): () => void
}

interface FaultyReader {
  readonly number: number
  isStalled: boolean
  /** Takes what there is, in a turn of its node. */
  goOn(): void
}

export class ClusterFaults<Node extends FaultyNode> {
  readonly #world: { readonly nodes: readonly Node[]; readonly network: FaultyNetwork }
  readonly #dice: Dice
  readonly #schedule: FaultSchedule

  constructor(
    world: { readonly nodes: readonly Node[]; readonly network: FaultyNetwork },
    dice: Dice,
    schedule: FaultSchedule,
  ) {
    this.#world = world
    this.#dice = dice
    this.#schedule = schedule
  }

  /** Cuts the ways from one node to another of each pair. */
  cutAll(pairs: readonly (readonly [Node, Node])[], what: string, lowMs: number, highMs: number): void {
    if (pairs.length === 0) return
    const heals = pairs.map(([from, to]) => this.#world.network.cut(from.id, to.id))
    this.#schedule.forAWhile(what, lowMs, highMs, () => {
      for (const heal of heals) heal()
    })
  }

  /** Parts some nodes from the others. */
  partition(left: readonly Node[], isOneWay: boolean, highMs: number): void {
    const others = this.#world.nodes.filter((node) => !left.includes(node))
    const pairs = left.flatMap((from) =>
      others.flatMap((to): (readonly [Node, Node])[] =>
        isOneWay
          ? [[from, to]]
          : [
              [from, to],
              [to, from],
            ],
      ),
    )
    this.cutAll(pairs, `partition ${isOneWay ? 'one-way ' : ''}${left.map(({ id }) => id)}`, 100, highMs)
  }

  cut(bothWays: boolean): void {
    const pair = this.#two()
    if (pair === undefined) return
    const [from, to] = pair
    const what = `${bothWays ? 'cut' : 'cut-one-way'} ${from.id} ${to.id}`
    this.cutAll(bothWays ? [pair, [to, from]] : [pair], what, 20, 6_000)
  }

  congest(): void {
    const pair = this.#two()
    if (pair === undefined) return
    const [from, to] = pair
    const end = this.#world.network.congest(from.id, to.id, this.#dice.between(5, 100))
    this.#schedule.forAWhile(`congestion ${from.id} ${to.id}`, 100, 4_000, end)
  }

  pause(): void {
    const node = this.#dice.pick(this.#world.nodes.filter(({ isResponsive }) => isResponsive))
    if (node === undefined) return
    node.pause()
    this.#schedule.forAWhile(`pause ${node.id}`, 50, 3_000, () => node.resume())
  }

  stall(audience: readonly FaultyReader[]): void {
    const reader = this.#dice.pick(audience)
    if (reader === undefined || reader.isStalled) return
    reader.isStalled = true
    this.#schedule.forAWhile(`stall ${reader.number}`, 50, 5_000, () => {
      reader.isStalled = false
      reader.goOn()
    })
  }

  #two(): readonly [Node, Node] | undefined {
    const left = this.#dice.pick(this.#world.nodes)
    const right = this.#dice.pick(this.#world.nodes.filter((node) => node !== left))
    return left === undefined || right === undefined ? undefined : [left, right]
  }
}
