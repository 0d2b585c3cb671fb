// A node with a log, in whatever world: its event loop, its clock, its storage and its leader agent, and how it crashes and begins again. What
// else runs on it is the world's own. Inputs that come while it is paused wait and are handled late, in their order.

import type { Boot, NodeId } from '../../node/core/common/ids.ts'
import type { SlabPoolOptions } from '../../node/core/common/slabs.ts'
import type { MemberId } from '../../node/core/raft/quorum.ts'
import { LeaderAgent } from '../../node/leader/agent.ts'
import { type LeaderLimits, leaderLimits } from '../../node/leader/limits.ts'
import type { LeaderPorts } from '../../node/leader/ports.ts'
import { CountedSlabs } from '../counted-slabs.ts'
import type { Dice } from '../dice.ts'
import { EventLoop } from '../event-loop.ts'
import type { SimulatedDisk } from './disk.ts'
import type { LogWorld } from './log-world.ts'
import type { NodeClock } from './node-clock.ts'
import { NodeStorage, type OpenedLog } from './node-storage.ts'

const secondMs = 1000
/** What a publication without a place waits for, milliseconds. */
export const timeoutMs = 5000

export interface LogNodeOptions {
  readonly id: NodeId
  readonly dice: Dice
  readonly slabs: SlabPoolOptions
  readonly limits?: Partial<LeaderLimits>
}

/** What the agent needs of the world that it is in. */
export type AgentSurroundings = Pick<LeaderPorts, 'sendFrame' | 'queuedBytes' | 'onDelivered' | 'epochs'>

export abstract class LogNode {
  readonly id: NodeId
  readonly storage: NodeStorage
  abstract readonly clock: NodeClock
  agent: LeaderAgent | undefined
  slabs: CountedSlabs
  boot: Boot | undefined
  /** When its last boot began, milliseconds of the world. */
  startedAt: number = 0
  protected readonly dice: Dice
  protected readonly loop: EventLoop = new EventLoop()
  readonly #world: LogWorld
  readonly #options: LogNodeOptions

  constructor(world: LogWorld, options: LogNodeOptions) {
    this.#world = world
    this.#options = options
    this.id = options.id
    this.dice = options.dice
    this.slabs = new CountedSlabs(options.slabs)
    this.storage = new NodeStorage(world, options.id, () => options.dice.big())
  }

  get isAlive(): boolean {
    return this.boot !== undefined
  }

  get isResponsive(): boolean {
    return this.isAlive && !this.loop.isPaused
  }

  get disk(): SimulatedDisk {
    return this.storage.disk
  }

  get member(): MemberId {
    return this.storage.member
  }

  /** Begins a boot with what is on the disk. */
  start(): void {
    if (this.isAlive) return
    this.clock.restart()
    const slabs = new CountedSlabs(this.#options.slabs)
    const opened = this.storage.open(slabs)
    const boot = this.dice.big() as Boot
    this.boot = boot
    this.startedAt = this.#world.timeline.now
    this.slabs = slabs
    const agent = this.#createAgent(boot, opened)
    this.agent = agent
    this.begin(boot, agent)
    this.#everySoOften(boot, leaderLimits.tickMs, () => agent.tick())
    this.#everySoOften(boot, leaderLimits.tickMs, this.storage.noting())
    this.#everySoOften(boot, secondMs, () => this.onSecond(agent))
  }

  /** The process is gone; of the write that was under way anything may be there. */
  crash(): void {
    if (!this.isAlive) return
    this.agent = undefined
    this.boot = undefined
    this.end()
    this.loop.clear()
    this.disk.crash()
    this.#world.network.onCrash(this.id)
    for (const reader of this.#world.audience) if (reader.node === this) reader.onCrash()
  }

  /** While it is down: its disk is empty, and it is another member from then on. */
  loseDisk(): void {
    this.storage.lose()
  }

  pause(): void {
    this.loop.pause()
  }

  resume(): void {
    this.loop.resume()
  }

  /** Runs something in a turn of the node's event loop, while it runs. */
  withAgent(run: (agent: LeaderAgent) => void): void {
    const { boot } = this
    if (boot === undefined) return
    this.doAs(boot, () => {
      if (this.agent !== undefined) run(this.agent)
    })
  }

  /** What runs on the node beside its agent begins, and the agent recovers. */
  protected abstract begin(boot: Boot, agent: LeaderAgent): void

  /** What runs on the node is gone. */
  protected abstract end(): void

  protected abstract onSecond(agent: LeaderAgent): void

  protected abstract get surroundings(): AgentSurroundings

  /** Runs something in a turn of its own, unless that boot is over by then. */
  protected doAs(boot: Boot, run: () => void): void {
    this.loop.do(() => {
      if (this.boot === boot) run()
    })
  }

  #createAgent(boot: Boot, { start, logs }: OpenedLog): LeaderAgent {
    const { sendFrame, ...surroundings } = this.surroundings
    const { disk } = this
    return new LeaderAgent({
      ...{ node: this.id, boot, slabs: this.slabs, timeoutMs, start, logs },
      member: this.member,
      nodes: new Map(this.#world.nodes.map(({ id }) => [id, ''])),
      limits: this.#options.limits ?? {},
      random: () => this.dice.between(0, 1),
      ports: {
        ...surroundings,
        now: () => this.clock.now(),
        endOfTurn: this.loop.endOfTurn,
        onRan: () => undefined,
        allocate: (bytes) => new Uint8Array(bytes),
        sendFrame: (node, frame) => {
          this.storage.onFrame(this.boot, frame)
          sendFrame(node, frame)
        },
        onFailed: (cause) => this.#onFailed(boot, cause),
        onVoid: () => undefined,
        onRoster: () => undefined,
        disk: {
          checksum: disk.checksum,
          remove: (file) => disk.remove(file),
          write: (file, parts, onDone) =>
            disk.write(file, parts, (failure) => this.doAs(boot, () => onDone(failure))),
        },
      },
    })
  }

  #onFailed(boot: Boot, cause: unknown): void {
    const { tally, tell, timeline } = this.#world
    tell(`${this.id} stops: ${cause}`)
    tally.count('nodes stopped by their disks')
    // The process ends at the end of this turn.
    timeline.after(0, () => {
      if (this.boot !== boot) return
      this.crash()
      timeline.after(this.dice.between(10, 3_000), () => this.start())
    })
  }

  /** An interval of a process that sleeps does not make up for it. */
  #everySoOften(boot: Boot, intervalMs: number, run: () => void): void {
    this.#world.timeline.after(intervalMs, () => {
      if (this.boot !== boot) return
      if (!this.loop.isPaused) this.doAs(boot, run)
      this.#everySoOften(boot, intervalMs, run)
    })
  }
}
