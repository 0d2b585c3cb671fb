// The group of names: one Raft group beside those of the streams, which keeps where durable subscriptions to streams in leader mode
// stand. It is apart from their logs because those keep every entry for as long as messages are retained, and positions would outweigh
// the messages; here a floor takes their place whenever they are many. It exists from the first time that somebody needs it.

import type { NodeId, Origin } from '../../core/common/ids.ts'
import { fromOrigin, toOrigin } from '../../core/common/ids.ts'
import { nobody } from '../../core/raft/quorum.ts'
import { joiningLog } from '../../groups/beginning.ts'
import { EntryMemory } from '../../groups/entry-memory.ts'
import { Group } from '../../groups/group.ts'
import type { GroupLog } from '../../groups/group-log.ts'
import { nameGroup } from '../../groups/group-numbers.ts'
import type { Groups } from '../../groups/groups.ts'
import { raftOptions } from '../../groups/raft-options.ts'
import { beginFromRoster } from '../../meta/beginning.ts'
import type { Cluster } from '../../meta/cluster.ts'
import { Reshaping } from '../../meta/reshaping.ts'
import type { Roster } from '../../meta/roster.ts'
import { dataPace, type LeaderLimits } from '../limits.ts'
import type { LeaderOptions } from '../ports.ts'
import { hasSettled } from '../standing.ts'
import { decodeNameFrame, encodeNameCommand, encodeNameFrame, type NameCommand } from './command.ts'
import { NameDesk, type Wish } from './desk.ts'
import { NameLedger } from './ledger.ts'
import { NameMachine } from './machine.ts'

/** A node that the leader has not reached for so long holds nothing any more, milliseconds: whoever waits goes on. */
export const holderGraceMs = 5000

/** How often what has changed is saved: so much of what was acknowledged may come again after a crash of the node, milliseconds. */
export const saveIntervalMs = 250

/** Who follows the ledger. */
export interface NameListener {
  /** Something in it has changed. */
  onNames(): void
  /** It is time to save what has changed on this node. */
  onSaveDue(): void
}

interface Member {
  readonly group: Group
  readonly machine: NameMachine
  readonly reshaping: Reshaping
}

export class NameGroup {
  readonly #options: LeaderOptions
  readonly #groups: Groups
  readonly #cluster: Cluster
  readonly #limits: LeaderLimits
  readonly #desk: NameDesk
  readonly #nothing = new NameLedger()
  #member: Member | undefined
  #listeners: NameListener[] = []
  /** Since when a node cannot be reached, as the leader sees it, milliseconds. */
  readonly #downSince = new Map<NodeId, number>()
  #savedAt = 0

  constructor(options: LeaderOptions, groups: Groups, cluster: Cluster, limits: LeaderLimits) {
    this.#options = options
    this.#groups = groups
    this.#cluster = cluster
    this.#limits = limits
    this.#desk = new NameDesk({
      now: options.ports.now,
      ledger: () => this.ledger,
      send: (command) => this.#send(command),
    })
  }

  /** As this node knows it. */
  get ledger(): NameLedger {
    return this.#member?.machine.ledger ?? this.#nothing
  }

  /** Whether somebody leads whom this node can hear: then others do not take it for gone. */
  get isLed(): boolean {
    return this.#member !== undefined && this.#member.group.status.leader !== nobody
  }

  listen(listener: NameListener): void {
    this.#listeners.push(listener)
  }

  /** Wants something of the group, which begins where it does not exist. */
  wish(wish: Wish): void {
    this.begin()
    this.#desk.add(wish)
  }

  /** Whether anything that was wished for has not come true. */
  get hasWishes(): boolean {
    return this.#desk.size > 0
  }

  /** Whether a wish of this key has not come true. */
  isWished(key: string): boolean {
    return this.#desk.has(key)
  }

  callOff(key: string): void {
    this.#desk.callOff(key)
  }

  /** Goes on with the log that it has. */
  recover(): void {
    const log = this.#options.logs.get(nameGroup)
    if (log !== undefined) this.#begin(log)
  }

  /** Begins where this node is to begin with it. */
  onRoster(roster: Roster): void {
    const { member, logs, slabs } = this.#options
    if (this.#member !== undefined) return
    beginFromRoster(roster, nameGroup, { member, logs, slabs, groups: this.#groups }, (log) =>
      this.#begin(log),
    )
  }

  /** A message is for a group that this node is not in: it has been added. False where that is another group. */
  onUnknown(group: number): boolean {
    if (group !== nameGroup) return false
    const isBegun = this.#cluster.roster?.groups.has(nameGroup) === true
    if (isBegun && this.#member === undefined) this.#begin(joiningLog(new EntryMemory(this.#options.slabs)))
    return true
  }

  /** Wants the group to begin, where it has not. */
  begin(): void {
    if (this.#member === undefined) this.#cluster.want(nameGroup)
  }

  /** Whether this node has the group, if there is one, and votes where it is to. */
  hasSettled(roster: Roster): boolean {
    if (!roster.groups.has(nameGroup)) return true
    const { member } = this.#options
    const voters = roster.votersOf(nameGroup)
    return this.#member !== undefined && hasSettled(this.#member.group, member, roster, voters)
  }

  #begin(log: GroupLog): Group {
    const { member, random } = this.#options
    const machine = new NameMachine({
      log,
      floorEntries: this.#limits.nameFloorEntries,
      onChanged: () => this.#onChanged(),
      onLeader: () => this.#onLeader(),
    })
    const raft = raftOptions(member, random, dataPace, this.#limits)
    const group = new Group({ id: nameGroup, log, raft, machine, ports: this.#groups })
    this.#member = { group, machine, reshaping: new Reshaping(group) }
    this.#groups.add(group)
    return group
  }

  /** A command of another node, for whoever leads; false where the frame is broken. */
  onFrame(frame: Uint8Array): boolean {
    const command = decodeNameFrame(frame)
    if (command === undefined) return false
    if (this.#member?.machine.isLeading === true) this.#propose(command)
    return true
  }

  onPeerUp(node: NodeId): void {
    this.#downSince.delete(node)
    this.#onLeader()
  }

  tick(): void {
    if (this.#member === undefined) return
    const now = this.#options.ports.now()
    if (now - this.#savedAt >= saveIntervalMs) {
      this.#savedAt = now
      for (const listener of this.#listeners) listener.onSaveDue()
    }
    this.#desk.goOn()
    const { roster } = this.#cluster
    if (roster !== undefined)
      this.#member.reshaping.look({
        voters: roster.votersOf(nameGroup),
        members: roster.staying.map(({ id }) => id),
      })
    if (this.#member.machine.isLeading) this.#endLost(now)
    else this.#downSince.clear()
  }

  onSecond(): void {
    if (this.#member === undefined) return
    this.#endOwn()
  }

  #send(command: NameCommand): void {
    const { group, machine } = this.#member ?? {}
    if (machine?.isLeading === true) return this.#propose(command)
    const leader = group === undefined ? undefined : this.#cluster.nodeOf(group.status.leader)
    const { node, ports } = this.#options
    const frame = encodeNameFrame(command)
    // While nobody is known to lead, everybody is told.
    for (const each of leader === undefined ? (this.#cluster.roster?.nodes ?? []) : [leader])
      if (each !== node) ports.sendFrame(each, frame)
  }

  #propose(command: NameCommand): void {
    this.#member?.group.propose(encodeNameCommand(command))
  }

  #onChanged(): void {
    this.#desk.goOn()
    for (const listener of this.#listeners) listener.onNames()
  }

  #onLeader(): void {
    this.#desk.sendAgain()
  }

  /** As the leader: what is held by nodes that cannot be reached for too long is given free. */
  #endLost(now: number): void {
    const { node: own, ports } = this.#options
    for (const origin of this.ledger.origins()) {
      const node = nodeOf(origin)
      if (node === undefined || node === own || ports.queuedBytes(node) !== undefined) continue
      const since = this.#downSince.get(node) ?? now
      this.#downSince.set(node, since)
      if (now - since >= holderGraceMs) this.#propose({ op: 'gone', origin })
    }
  }

  /** What earlier runs of this node have held is given free. */
  #endOwn(): void {
    const { node, boot } = this.#options
    const own = toOrigin(node, boot)
    for (const origin of this.ledger.origins())
      if (nodeOf(origin) === node && origin !== own) this.#desk.add(new GoneWish(origin))
  }
}

/** An earlier run of this node holds nothing any more. */
class GoneWish implements Wish {
  readonly key: string
  readonly #origin: Origin

  constructor(origin: Origin) {
    this.key = `gone ${origin}`
    this.#origin = origin
  }

  next(ledger: NameLedger): NameCommand | undefined {
    return ledger.origins().has(this.#origin) ? { op: 'gone', origin: this.#origin } : undefined
  }
}

function nodeOf(origin: Origin): NodeId | undefined {
  return fromOrigin(origin)?.node
}
