// Nodes that lose their disks, or find them damaged, and nodes that are removed and come back as new ones. One at a time: while a majority of
// every group has what was durable, everything must go on.

import type { Configuration } from '../../node/core/raft/configuration.ts'
import type { MemberId } from '../../node/core/raft/quorum.ts'
import type { Dice } from '../dice.ts'
import type { FaultSchedule } from '../fault-schedule.ts'
import type { LogNode } from './log-node.ts'
import type { LogWorld } from './log-world.ts'

/** Between two looks at whether a node is removed. */
const looksEveryMs = 100

export class DiskLosses {
  readonly #world: LogWorld
  readonly #dice: Dice
  readonly #schedule: FaultSchedule
  /** Somebody is being removed: the others are fewer then. */
  #isRemoving = false

  constructor(world: LogWorld, dice: Dice, schedule: FaultSchedule) {
    this.#world = world
    this.#dice = dice
    this.#schedule = schedule
  }

  /** A node ends and begins with an empty disk. */
  wipe(): void {
    const node = this.#victim()
    if (node === undefined) return
    this.#count('wipe', `${node.id} loses its disk`)
    node.crash()
    node.loseDisk()
    this.#startLater(node)
  }

  /** Something on a disk changes, which the node must see when it starts. */
  rot(): void {
    const node = this.#victim()
    if (node === undefined || !node.disk.rot()) return
    this.#count('rot', `the disk of ${node.id} rots`)
    node.crash()
    this.#startLater(node)
  }

  /**
   * A node is removed from the cluster, runs on for a while, and then joins over an empty disk. Whoever is asked must refuse where that could not
   * go well, as while another one learns.
   */
  remove(): void {
    const { nodes } = this.#world
    const node = nodes.length >= 3 && !this.#isRemoving ? this.#dice.pick(nodes) : undefined
    const asked = this.#dice.pick(this.#world.nodes.filter((each) => each.isResponsive))
    if (node === undefined || asked === undefined) return
    const former = node.member
    this.#count('removal', `${asked.id} is asked to remove ${node.id}`)
    this.#isRemoving = true
    asked.withAgent((agent) =>
      agent.cluster.leave(node.id, (problem) => {
        if (problem !== undefined) this.#isRemoving = false
      }),
    )
    this.#schedule.forAWhile(`removed ${node.id}`, 200, 4_000, () => this.#replace(node, former))
  }

  /** Once it is removed, which may take a while or never come about. */
  #replace(node: LogNode, former: MemberId): void {
    if (node.member !== former) return
    if (!this.#world.commits.isFormer(former)) {
      this.#world.timeline.after(looksEveryMs, () => this.#replace(node, former))
      return
    }
    node.crash()
    node.loseDisk()
    node.start()
    this.#isRemoving = false
  }

  /** Somebody who may lose what he has. */
  #victim(): LogNode | undefined {
    const { nodes } = this.#world
    return nodes.length >= 3 && !this.#isRemoving && this.#isWhole ? this.#dice.pick(nodes) : undefined
  }

  /**
   * Whether everybody is a member, every group has its voters, nobody who is none any more counts in any of them, and everybody knows it: a
   * change that is committed counts for a member once it has applied it, and until then it needs those that were voters before.
   */
  get #isWhole(): boolean {
    const { nodes, commits } = this.#world
    const present = new Set(nodes.map(({ member }) => member))
    const groups = [...commits.groups.values()]
    return (
      nodes.every(({ disk }) => !disk.isRotten) &&
      groups.length > 0 &&
      groups.every(({ configuration: now }) => {
        if (now === undefined || now.isJoint || now.voters.size < 3) return false
        return now.members.length === nodes.length && now.members.every((id) => present.has(id))
      }) &&
      nodes.every((node) => this.#knowsAll(node))
    )
  }

  #knowsAll({ agent }: LogNode): boolean {
    const { groups } = this.#world.commits
    const own = [...(agent?.groups.all ?? [])]
    const toText = (configuration: Configuration | undefined): string =>
      JSON.stringify(configuration?.toRecord())
    return (
      own.length === groups.size &&
      own.every(({ id, status }) => toText(status.configuration) === toText(groups.get(id)?.configuration))
    )
  }

  #startLater(node: LogNode): void {
    this.#world.timeline.after(this.#dice.between(10, 3_000), () => {
      if (!this.#schedule.isOver) node.start()
    })
  }

  #count(kind: string, what: string): void {
    this.#world.tally.count(`fault ${kind}`)
    this.#world.tell(what)
  }
}
