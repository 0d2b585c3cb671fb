// What one seed is about: size, timing, and which faults happen how often. Printed in full when a seed fails.

import { Dice } from './dice.ts'

/** Faults that a plan may contain, with how often per second each happens while the run is not quiet. */
export interface FaultRates {
  /** Both directions between two nodes vanish for a while. */
  readonly cut: number
  /** One direction between two nodes vanishes for a while. */
  readonly cutOneWay: number
  /** The nodes fall into two sets that do not hear each other. */
  readonly partition: number
  readonly crash: number
  /** A node handles nothing for a while, and then everything at once. */
  readonly pause: number
  /** A link carries little for a while. */
  readonly congestion: number
  /** A subscriber takes nothing for a while. */
  readonly stall: number
}

/** How the links between the nodes are. */
export interface NetworkPlan {
  readonly seed: number
  readonly latencyMinMs: number
  readonly latencyMaxMs: number
  /** How long a node takes to notice that a link is dead. */
  readonly detectionMs: number
  /** Probabilities per frame, on links that stay up. */
  readonly loss: number
  readonly duplication: number
  readonly lateness: number
  /** Whether frames on a cut link are lost; otherwise they arrive late. */
  readonly cutsLose: boolean
  /** What a link's queue takes before it counts as full. */
  readonly linkQueueBytes: number
}

export interface Plan extends NetworkPlan {
  readonly nodes: number
  /** How long faults and publications go on, milliseconds. */
  readonly activeMs: number
  /** Whether the nodes are on different continents. */
  readonly isFar: boolean
  readonly faults: FaultRates
  /** Whether nodes that are down at the end stay down. */
  readonly leavesDead: boolean
  readonly retentionBytes: number
  readonly retentionAgeMs: number
  readonly copies: number
  readonly publishesPerSecond: number
  readonly recordsMax: number
  readonly payloadBytesMax: number
  readonly subscriptionsPerSecond: number
  readonly streamChangesPerSecond: number
}

/** Links that do what TCP promises. */
export const asTcp = { loss: 0, duplication: 0, lateness: 0, cutsLose: false } as const

/** Draws the plan of a seed. */
export function drawPlan(seed: number, nodes?: number): Plan {
  const dice = new Dice(seed, 'plan')
  const often = (probability: number, high: number): number =>
    dice.chance(probability) ? dice.between(high / 10, high) : 0
  // Nodes on other continents in one plan of ten: up to half a second there and back. Dice of its own, so that the other plans stay what they are.
  const distance = new Dice(seed, 'distance')
  const farMs = distance.chance(0.1) ? distance.between(20, 100) : 0
  const latencyMinMs = farMs + dice.between(0.05, 5)
  const isUnreliable = dice.chance(0.25)
  return {
    seed,
    nodes: nodes ?? dice.whole(3, 7),
    activeMs: dice.between(4_000, 20_000),
    isFar: farMs > 0,
    latencyMinMs,
    latencyMaxMs: latencyMinMs + farMs + dice.between(0.1, dice.chance(0.3) ? 60 : 10),
    detectionMs: dice.between(200, 3_000),
    faults: {
      cut: often(0.6, 0.6),
      cutOneWay: often(0.4, 0.5),
      partition: often(0.5, 0.3),
      crash: often(0.6, 0.4),
      pause: often(0.4, 0.4),
      congestion: often(0.4, 0.4),
      stall: often(0.4, 0.6),
    },
    loss: isUnreliable && dice.chance(0.7) ? dice.between(0.001, 0.05) : 0,
    duplication: isUnreliable && dice.chance(0.5) ? dice.between(0.001, 0.05) : 0,
    lateness: isUnreliable && dice.chance(0.5) ? dice.between(0.001, 0.05) : 0,
    cutsLose: dice.chance(0.5),
    leavesDead: dice.chance(0.3),
    retentionBytes: drawRetentionBytes(dice, farMs > 0),
    retentionAgeMs: dice.chance(0.4) ? dice.whole(300, 5_000) : dice.whole(5_000, 60_000),
    copies: dice.whole(0, 3),
    publishesPerSecond: dice.between(5, 60),
    recordsMax: dice.chance(0.5) ? 4 : 40,
    payloadBytesMax: dice.chance(0.3) ? 20_000 : 64,
    subscriptionsPerSecond: dice.between(0.2, 2),
    streamChangesPerSecond: often(0.5, 0.6),
    linkQueueBytes: dice.chance(0.5) ? 1_048_576 : dice.whole(2_000, 100_000),
  }
}

/**
 * Half of the plans keep a few dozen batches only; not where nodes are far: there filling many small holes, each of them
 * asked of everybody in turn, takes longer than anything is waited for.
 */
function drawRetentionBytes(dice: Dice, isFar: boolean): number {
  const bytes = dice.chance(0.5) ? dice.whole(65_536, 200_000) : 4_194_304
  return isFar ? 4_194_304 : bytes
}

/** True if frames may vanish, double or change places on a link that stays up, which TCP rules out. */
export function isBeyondTcp(plan: Plan): boolean {
  const cutsVanish = plan.cutsLose && plan.faults.cut + plan.faults.cutOneWay + plan.faults.partition > 0
  return plan.loss > 0 || plan.duplication > 0 || plan.lateness > 0 || cutsVanish
}
