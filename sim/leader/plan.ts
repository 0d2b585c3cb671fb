// What one seed of the leader world is about: size, timing, disks, and which faults happen how often.

import type { LeaderLimits } from '../../node/leader/limits.ts'
import { Dice } from '../dice.ts'
import { asTcp, type NetworkPlan } from '../plan.ts'

/** How often per second each fault happens while the run is not quiet. */
export interface LeaderFaultRates {
  /** Both directions between two nodes vanish for a while. */
  readonly cut: number
  readonly cutOneWay: number
  /** The nodes fall into two sets that do not hear each other, perhaps in one direction only. */
  readonly partition: number
  /** Whoever leads a group hears nobody, or is heard by nobody, or both. */
  readonly isolation: number
  /** A link carries little for a while. */
  readonly congestion: number
  readonly crash: number
  /** A node crashes right behind a vote, an acknowledgement, a snapshot, …, and is soon there again. */
  readonly ambush: number
  /** Power fails for all nodes at once. */
  readonly blackout: number
  /** A node hands over what it leads, and ends. */
  readonly stop: number
  /** A node handles nothing for a while, and then everything at once. */
  readonly pause: number
  /** Every write of a node takes very long for a while. */
  readonly slowDisk: number
  /** A write of a node is refused. */
  readonly diskError: number
  /** All writes of a node are refused for a while. */
  readonly diskFull: number
  /** What was durable on one node changes. */
  readonly rot: number
  /** A node begins again over an empty disk. */
  readonly wipe: number
  /** A node is removed from the cluster, and joins again over an empty disk. */
  readonly removal: number
  /** A node's clock jumps forward. */
  readonly clockJump: number
  /** A subscriber takes nothing for a while. */
  readonly stall: number
}

/** How the disks of nodes are. */
export interface DiskPlan {
  /** How long a write takes, usually, milliseconds. */
  readonly writeMinMs: number
  readonly writeMaxMs: number
  /** Probability of a write that takes very long. */
  readonly slowWrites: number
}

export interface LeaderPlan extends NetworkPlan, DiskPlan {
  readonly nodes: number
  readonly streams: number
  /** How long faults and publications go on, milliseconds. */
  readonly activeMs: number
  readonly faults: LeaderFaultRates
  /** The clocks of two nodes differ by so much at most when a run begins, milliseconds. */
  readonly clockSpreadMs: number
  /** Probability that a node that starts learns of a stream only later. */
  readonly lateDefinitions: number
  readonly retentionBytes: number
  readonly retentionAgeMs: number
  /** All streams are of one group, and the first one is quiet: it retains everything, and little is published on it. */
  readonly hasQuietStream: boolean
  readonly publishesPerSecond: number
  readonly recordsMax: number
  readonly payloadBytesMax: number
  /** Named producers that publish again over any node until they know; each on one stream. */
  readonly producers: number
  readonly attemptsPerSecond: number
  /** How often a stream asks for another number of replicas. */
  readonly redefinitionsPerSecond: number
  readonly subscriptionsPerSecond: number
  /** What nodes may hold, where that is less than in production. */
  readonly limits: Partial<LeaderLimits>
}

/** A write that takes very long takes up to this. */
export const slowWriteMsMax = 1_500

/** Draws the plan of a seed. */
export function drawLeaderPlan(seed: number, nodes?: number): LeaderPlan {
  const dice = new Dice(seed, 'leader plan')
  // One plan in ten is a storm.
  const storm = dice.chance(0.1) ? 3 : 1
  const often = (probability: number, high: number): number =>
    dice.chance(probability) ? storm * dice.between(high / 10, high) : 0
  const latencyMinMs = dice.between(0.05, 5)
  const writeMinMs = dice.between(0.05, 2)
  const isSmall = dice.chance(0.5)
  return {
    seed,
    nodes: nodes ?? dice.whole(1, 2) + (dice.chance(0.9) ? dice.whole(2, 3) : 0),
    streams: dice.whole(1, 3),
    activeMs: dice.between(4_000, 20_000),
    latencyMinMs,
    latencyMaxMs: latencyMinMs + dice.between(0.1, dice.chance(0.3) ? 60 : 10),
    detectionMs: dice.between(200, 3_000),
    ...asTcp,
    linkQueueBytes: 1_048_576,
    faults: {
      cut: often(0.5, 0.4),
      cutOneWay: often(0.4, 0.4),
      partition: often(0.5, 0.3),
      isolation: often(0.5, 0.3),
      congestion: often(0.3, 0.3),
      crash: often(0.6, 0.5),
      ambush: often(0.4, 0.6),
      blackout: often(0.3, 0.15),
      stop: often(0.3, 0.2),
      pause: often(0.4, 0.4),
      slowDisk: often(0.3, 0.3),
      diskError: often(0.2, 0.2),
      diskFull: often(0.15, 0.15),
      rot: often(0.2, 0.1),
      wipe: often(0.3, 0.3),
      removal: often(0.2, 0.3),
      clockJump: often(0.3, 0.2),
      stall: often(0.3, 0.4),
    },
    writeMinMs,
    writeMaxMs: writeMinMs + dice.between(0.1, dice.chance(0.3) ? 80 : 8),
    slowWrites: dice.chance(0.3) ? dice.between(0.003, 0.03) : 0,
    clockSpreadMs: dice.chance(0.5) ? dice.between(0, 5_000) : 0,
    lateDefinitions: dice.chance(0.3) ? dice.between(0.05, 0.5) : 0,
    retentionBytes: isSmall ? dice.whole(65_536, 150_000) : 4_194_304,
    retentionAgeMs: dice.chance(0.3) ? dice.whole(500, 5_000) : 600_000,
    publishesPerSecond: dice.between(5, 60),
    recordsMax: dice.chance(0.5) ? 4 : 40,
    payloadBytesMax: isSmall || dice.chance(0.2) ? 8_000 : 64,
    subscriptionsPerSecond: dice.between(0.2, 2),
    limits: {
      ...(dice.chance(0.4) ? drawLimits(dice) : {}),
      ...drawFloorLimits(new Dice(seed, 'leader floors')),
      ...drawAgeLimits(seed, 'leader'),
    },
    hasQuietStream: new Dice(seed, 'leader quiet stream').chance(0.4),
    ...drawProducers(new Dice(seed, 'leader producers')),
    redefinitionsPerSecond: drawRedefinitions(new Dice(seed, 'leader replicas')),
  }
}

/** In two seeds of three, nothing is redefined. */
function drawRedefinitions(dice: Dice): number {
  return dice.chance(1 / 3) ? dice.between(0.05, 1) : 0
}

/** Half of the seeds have none. */
export function drawProducers(dice: Dice): Pick<LeaderPlan, 'producers' | 'attemptsPerSecond'> {
  const producers = dice.chance(0.5) ? dice.whole(1, 4) : 0
  return { producers, attemptsPerSecond: producers === 0 ? 0 : dice.between(2, 30) }
}

/** Half of the seeds have floors that pass what is retained. */
export function drawFloorLimits(dice: Dice): Partial<LeaderLimits> {
  if (dice.chance(0.5)) return {}
  return { droppedBytesMax: dice.whole(1_000, 60_000), keptBytesMax: dice.whole(2_000, 200_000) }
}

/** What a cluster reaches only with the time: in half of the seeds at once, each with dice of its own. */
export function drawAgeLimits(seed: number, world: 'leader' | 'switching'): Partial<LeaderLimits> {
  const meta = new Dice(seed, `${world} META`)
  const age = new Dice(seed, `${world} age`)
  return {
    ...(meta.chance(0.5) ? {} : { metaFloorEntries: meta.whole(1, 6) }),
    ...(age.chance(0.5)
      ? {}
      : {
          nameFloorEntries: age.whole(1, 20),
          writtenAgainBytes: age.whole(500, 50_000),
        }),
  }
}

/** So small that all of them are reached. */
export function drawLimits(dice: Dice): Partial<LeaderLimits> {
  return {
    segmentBytes: dice.whole(2_000, 200_000),
    submittedBytesMax: dice.whole(50_000, 1_000_000),
    uncommittedBytesMax: dice.whole(5_000, 400_000),
    appendBytesMax: dice.whole(500, 100_000),
    linkBytesMax: dice.whole(10_000, 400_000),
  }
}
