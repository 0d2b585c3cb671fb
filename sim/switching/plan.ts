// What one seed of the switching world is about: size, timing, disks, how often a mode is changed, and which faults happen how often.

import { type Retention, streamLimits } from '../../node/core/stream/definition.ts'
import { Dice } from '../dice.ts'
import type { DiskPlan } from '../leader/plan.ts'
import { asTcp, type FaultRates, type NetworkPlan } from '../plan.ts'

export interface SwitchingPlan extends NetworkPlan, DiskPlan {
  readonly nodes: number
  readonly streams: number
  /** How long faults, publications and wishes go on, milliseconds. */
  readonly activeMs: number
  readonly faults: FaultRates
  readonly publishesPerSecond: number
  readonly recordsMax: number
  readonly payloadBytesMax: number
  /** How often somebody wants a stream to be in a mode. */
  readonly wishesPerSecond: number
  /** Subscribers that read at whatever node is up, beside one at each node. */
  readonly wanderers: number
  /** Of every stream. */
  readonly retention: Retention
  /** How often a node loses its disk, where everybody can spare it. */
  readonly wipesPerSecond: number
  /** How often somebody subscribes from now on. */
  readonly newcomersPerSecond: number
}

const noFaults = { cut: 0, cutOneWay: 0, partition: 0, crash: 0, pause: 0, congestion: 0, stall: 0 } as const

/** Whether nodes may fail to hear each other for a while. */
export function hasSilence({ faults, wipesPerSecond }: SwitchingPlan): boolean {
  const { stall: _, ...ofNodes } = faults
  return [wipesPerSecond, ...Object.values(ofNodes)].some((perSecond) => perSecond > 0)
}

/** Whether retention may drop something in the time of a run. */
export function mayDrop({ retention }: SwitchingPlan): boolean {
  return retention.bytes <= streamLimits.retentionBytesMin || retention.ageMs < 60_000
}

/** Draws the plan of a seed. */
export function drawSwitchingPlan(seed: number, nodes?: number): SwitchingPlan {
  const dice = new Dice(seed, 'switching plan')
  const often = (probability: number, high: number): number =>
    dice.chance(probability) ? dice.between(high / 10, high) : 0
  const stall = often(0.4, 0.4)
  // In one plan of four all nodes hear each other all the time.
  const isPeaceful = dice.chance(0.25)
  const latencyMinMs = dice.between(0.05, 5)
  const writeMinMs = dice.between(0.05, 2)
  return {
    seed,
    nodes: nodes ?? dice.whole(3, 5),
    streams: dice.whole(1, 2),
    activeMs: dice.between(4_000, 15_000),
    latencyMinMs,
    latencyMaxMs: latencyMinMs + dice.between(0.1, dice.chance(0.3) ? 60 : 10),
    detectionMs: dice.between(200, 3_000),
    ...asTcp,
    linkQueueBytes: dice.chance(0.7) ? 1_048_576 : dice.whole(20_000, 100_000),
    faults: isPeaceful
      ? { ...noFaults, stall }
      : {
          cut: often(0.5, 0.4),
          cutOneWay: often(0.4, 0.4),
          partition: often(0.5, 0.3),
          crash: often(0.6, 0.4),
          pause: often(0.4, 0.3),
          congestion: often(0.3, 0.3),
          stall,
        },
    writeMinMs,
    writeMaxMs: writeMinMs + dice.between(0.1, dice.chance(0.3) ? 80 : 8),
    slowWrites: dice.chance(0.3) ? dice.between(0.003, 0.03) : 0,
    publishesPerSecond: dice.between(10, 80),
    recordsMax: dice.chance(0.5) ? 4 : 40,
    payloadBytesMax: dice.chance(0.3) ? 4_000 : 64,
    wishesPerSecond: dice.between(0.2, 2),
    wanderers: dice.whole(0, 3),
    retention: {
      bytes: dice.chance(0.2) ? streamLimits.retentionBytesMin : 64 * 1024 * 1024,
      ageMs: dice.chance(0.1) ? dice.whole(500, 5_000) : 3_600_000,
    },
    wipesPerSecond: isPeaceful ? 0 : often(0.3, 0.3),
    newcomersPerSecond: often(0.4, 1),
  }
}
