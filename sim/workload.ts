// What users do: publish, subscribe and leave, move to another node, create, change and delete streams.

import { toStreamKey } from '../node/broker/stream-table.ts'
import type { NodeId } from '../node/core/common/ids.ts'
import type { AckLevel } from '../node/wire/batch-header.ts'
import { toDefinitionValue } from '../node/wire/stream-definition.ts'
import { AudienceMember, type MemberStart } from './audience-member.ts'
import { Dice } from './dice.ts'
import { Recurrence } from './recurrence.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { Draft } from './truth.ts'
import type { World } from './world.ts'

const topics = ['a.x', 'a.y', 'b.x', 'b.y', 'c.x', 'c.y.z', 'd.x'] as const
const patterns = ['>', 'a.>', 'a.x', '*.x', 'b.*', 'c.>', 'd.x'] as const
/** The last overlaps the first: nodes refuse it when they know the other, and live with it when they do not. */
const streams = [
  { name: 'one', topics: ['a.>'] },
  { name: 'two', topics: ['b.x', 'c.>'] },
  { name: 'three', topics: ['b.*'] },
  { name: 'four', topics: ['a.x', 'd.>'] },
] as const
const levels: readonly AckLevel[] = ['none', 'local', 'local', 'copies', 'copies']
const membersMax = 30

export class Workload {
  readonly #world: World
  readonly #audience: AudienceMember[]
  readonly #dice: Dice
  readonly #recurrence: Recurrence
  #payloads = 0

  constructor(world: World, audience: AudienceMember[]) {
    this.#world = world
    this.#audience = audience
    this.#dice = new Dice(world.plan.seed, 'workload')
    this.#recurrence = new Recurrence(world.timeline, this.#dice)
  }

  start(): void {
    const { publishesPerSecond, subscriptionsPerSecond, streamChangesPerSecond } = this.#world.plan
    this.#recurrence.every(publishesPerSecond, () => this.#publish())
    this.#recurrence.every(subscriptionsPerSecond, () => this.#changeAudience())
    this.#recurrence.every(streamChangesPerSecond, () => this.#changeStreams())
    for (const _node of this.#world.nodes) this.#join()
  }

  stop(): void {
    this.#recurrence.stop()
  }

  /** Members of the node itself come back with it. */
  onRestart(node: SimulatedNode, home: NodeId): void {
    for (const member of this.#audience) {
      if (member.kind === 'node' && member.home === home && !member.isOpen) member.open(node, 'now')
    }
  }

  #liveNode(): SimulatedNode | undefined {
    return this.#dice.pick(this.#world.nodes.filter((node) => node.isResponsive))
  }

  #publish(): void {
    const node = this.#liveNode()
    const level = this.#dice.pick(levels)
    if (node === undefined || level === undefined) return
    const { recordsMax, payloadBytesMax } = this.#world.plan
    const isMixed = this.#dice.chance(0.3)
    const topic = this.#dice.pick(topics) ?? 'a.x'
    const drafts: Draft[] = []
    let bytes = 0
    for (let left = this.#dice.whole(1, recordsMax); left > 0 && bytes < 50_000; left--) {
      const payloadBytes = this.#dice.whole(16, payloadBytesMax)
      bytes += payloadBytes
      const id = `${node.id}-${++this.#payloads}`
      drafts.push({ id, topic: isMixed ? (this.#dice.pick(topics) ?? topic) : topic, payloadBytes })
    }
    this.#world.tally.count('messages published', drafts.length)
    node.publish(drafts, level)
  }

  #changeAudience(): void {
    const open = this.#audience.filter((member) => member.isOpen)
    const closed = this.#audience.filter((member) => member.node === undefined && member.kind === 'client')
    if (this.#dice.chance(0.35) && this.#audience.length < membersMax) return this.#join()
    if (this.#dice.chance(0.5)) {
      const node = this.#liveNode()
      if (node !== undefined) this.#dice.pick(closed)?.open(node, 'cursor')
      return
    }
    const member = this.#dice.pick(open.filter(({ kind }) => kind === 'client'))
    if (member === undefined) return
    member.close()
    const node = this.#liveNode()
    if (node !== undefined && this.#dice.chance(0.6)) member.open(node, 'cursor')
  }

  #join(): void {
    const node = this.#liveNode()
    if (node === undefined) return
    const chosen = [this.#dice.pick(patterns) ?? '>', ...this.#dice.some(patterns, 0.1)]
    const kind = this.#dice.chance(0.4) ? 'node' : 'client'
    const start: MemberStart = kind === 'client' && this.#dice.chance(0.3) ? 'earliest' : 'now'
    const member = new AudienceMember(this.#world, this.#audience.length, kind, [...new Set(chosen)])
    this.#audience.push(member)
    member.home = node.id
    member.open(node, start)
    this.#world.tally.count('members joined')
  }

  #changeStreams(): void {
    const node = this.#liveNode()
    const broker = node?.broker
    const wanted = this.#dice.pick(streams)
    if (node === undefined || broker === undefined || wanted === undefined) return
    const { name } = wanted
    if (broker.streams.find(name) !== undefined && this.#dice.chance(0.3)) {
      this.#world.tell(`${node.id} deletes stream ${name}`)
      this.#world.tally.count('streams deleted')
      this.#world.truth.onDelete(name)
      node.input({ kind: 'write', key: toStreamKey(name), value: undefined })
      return
    }
    const { plan } = this.#world
    const definition = broker.streams.plan(name, {
      topics: this.#dice.chance(0.2) ? [wanted.topics[0], 'e.>'] : wanted.topics,
      copies: this.#dice.whole(0, 3),
      retention: {
        bytes: this.#dice.chance(0.5) ? plan.retentionBytes : this.#dice.whole(65_536, 1_000_000),
        ageMs: this.#dice.chance(0.5) ? plan.retentionAgeMs : this.#dice.whole(300, 60_000),
      },
    })
    if ('refused' in definition) return
    this.#world.tell(`${node.id} defines stream ${name} ${definition.topics} copies ${definition.copies}`)
    this.#world.tally.count('streams defined')
    node.input({ kind: 'write', key: toStreamKey(name), value: toDefinitionValue(definition) })
  }
}
