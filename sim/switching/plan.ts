// What one seed of the switching world is about: size, timing, disks, how often a mode is changed, and which faults happen how often.

import { type Retention, streamLimits } from '../../node/core/stream/definition.ts'
import type { LeaderLimits } from '../../node/leader/limits.ts'
import { Dice } from '../dice.ts'
import {
  type DiskPlan,
  drawAgeLimits,
  drawFloorLimits,
  drawLimits,
  drawProducers,
  type LeaderFaultRates,
} from '../leader/plan.ts'
import { asTcp, type FaultRates, type NetworkPlan } from '../plan.ts'

/** How often per second the disks, the clocks and the power of nodes fail, and what needs to know who leads. */
export interface HardwareRates
  extends Pick<
    LeaderFaultRates,
    'isolation' | 'ambush' | 'blackout' | 'stop' | 'slowDisk' | 'diskError' | 'diskFull' | 'rot'
  > {
  /** The time of day is set on a node, forward or back. */
  readonly clockSet: number
}

/** What plans have beyond links, crashes and pauses. */
export interface HardwarePlan {
  readonly hardware: HardwareRates
  /** The clocks of two nodes differ by so much at most when a run begins, milliseconds. */
  readonly clockSpreadMs: number
  /** A clock is faster or slower by so much of each second at most. */
  readonly clockDriftMax: number
  /** What nodes may hold in leader mode, where that is less than in production. */
  readonly limits: Partial<LeaderLimits>
}

/** What there is beside publishers without a name, and subscribers. */
export interface ClientsPlan {
  /** How many nodes are to hold a message beside its own. */
  readonly copies: number
  /** How many topics a stream has. */
  readonly topics: number
  /** Named producers that publish again over any node until they know; each on one stream. */
  readonly producers: number
  readonly attemptsPerSecond: number
  /** Members of a queue on every stream, and how often one of them leaves and joins again. */
  readonly workers: number
  readonly leavesPerSecond: number
  /** How often somebody removes a stream of its own, or makes it again. */
  readonly remakesPerSecond: number
}

export interface SwitchingPlan extends NetworkPlan, DiskPlan, HardwarePlan, ClientsPlan {
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

/** Disks, clocks and power, and what links do with frames. */
type Hardware = HardwarePlan & Pick<NetworkPlan, keyof typeof asTcp>

const noFaults = { cut: 0, cutOneWay: 0, partition: 0, crash: 0, pause: 0, congestion: 0, stall: 0 } as const

/** Everything works, and links do what TCP promises. */
export const soundHardware: Hardware = {
  ...asTcp,
  hardware: {
    ...{ isolation: 0, ambush: 0, blackout: 0, stop: 0 },
    ...{ slowDisk: 0, diskError: 0, diskFull: 0, rot: 0, clockSet: 0 },
  },
  ...{ clockSpreadMs: 0, clockDriftMax: 0, limits: {} },
}

/** Nothing beside them. */
export const plainClients: ClientsPlan = {
  ...{ copies: 1, topics: 1, producers: 0, attemptsPerSecond: 0 },
  ...{ workers: 0, leavesPerSecond: 0, remakesPerSecond: 0 },
}

/** Whether nodes may fail to hear each other for a while. */
export function hasSilence(plan: SwitchingPlan): boolean {
  const { stall: _, ...ofNodes } = plan.faults
  const { clockSet: _set, ...ofHardware } = plan.hardware
  return [
    ...[plan.wipesPerSecond, plan.loss, plan.lateness, plan.duplication],
    ...[...Object.values(ofNodes), ...Object.values(ofHardware)],
  ].some((often) => often > 0)
}

/** Whether frames may vanish, double or change places on a link that stays up. */
export function isBeyondTcp({ loss, duplication, lateness, cutsLose }: SwitchingPlan): boolean {
  return loss + duplication + lateness > 0 || cutsLose
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
  const hardware = isPeaceful ? soundHardware : drawHardware(seed)
  return {
    seed,
    nodes: nodes ?? dice.whole(3, 5),
    streams: dice.whole(1, 2),
    activeMs: dice.between(4_000, 15_000),
    latencyMinMs,
    latencyMaxMs: latencyMinMs + dice.between(0.1, dice.chance(0.3) ? 60 : 10),
    detectionMs: dice.between(200, 3_000),
    ...hardware,
    limits: { ...hardware.limits, ...drawFloorLimits(new Dice(seed, 'switching floors')) },
    ...drawClients(seed),
    remakesPerSecond: drawRemakes(new Dice(seed, 'switching remakes')),
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

/** With dice of its own. Half of the plans have nothing of it. */
function drawHardware(seed: number): Hardware {
  const dice = new Dice(seed, 'switching hardware plan')
  const often = (probability: number, high: number): number =>
    dice.chance(probability) ? dice.between(high / 10, high) : 0
  const frames = (): number => (dice.chance(0.5) ? dice.between(0.001, 0.05) : 0)
  if (dice.chance(0.5)) return soundHardware
  const isUnreliable = dice.chance(0.4)
  return {
    loss: isUnreliable ? frames() : 0,
    duplication: isUnreliable ? frames() : 0,
    lateness: isUnreliable ? frames() : 0,
    cutsLose: isUnreliable && dice.chance(0.5),
    hardware: {
      isolation: often(0.4, 0.3),
      ambush: often(0.4, 0.6),
      blackout: often(0.2, 0.1),
      stop: often(0.3, 0.2),
      slowDisk: often(0.4, 0.3),
      diskError: often(0.4, 0.2),
      diskFull: often(0.3, 0.15),
      rot: often(0.4, 0.3),
      clockSet: often(0.5, 0.4),
    },
    clockSpreadMs: dice.chance(0.5) ? dice.between(0, 5_000) : 0,
    clockDriftMax: dice.chance(0.5) ? dice.between(0.001, 0.05) : 0,
    limits: {
      ...(dice.chance(0.4) ? drawLimits(dice) : {}),
      ...drawAgeLimits(seed, 'switching'),
    },
  }
}

/** Half of the plans have none. */
function drawRemakes(dice: Dice): number {
  return dice.chance(0.5) ? dice.between(0.2, 2) : 0
}

/** With dice of its own. Half of the plans have nothing of it. */
function drawClients(seed: number): Omit<ClientsPlan, 'remakesPerSecond'> {
  const dice = new Dice(seed, 'switching clients')
  if (dice.chance(0.5)) return plainClients
  return {
    copies: dice.whole(0, 3),
    topics: dice.whole(1, 8),
    ...drawProducers(new Dice(seed, 'switching producers')),
    workers: dice.chance(0.5) ? dice.whole(1, 4) : 0,
    leavesPerSecond: dice.chance(0.5) ? dice.between(0.05, 0.5) : 0,
  }
}
