// An operator that removes a stream and makes it again, over whatever node, while everybody publishes on it and reads it, and modes change. In
// the end it is there, and everybody has what lies behind the end of the one that was removed last, and what is published then.

import type { Broker } from '../../node/broker/broker.ts'
import { writeDefinition, writeRemoval } from '../../node/broker/stream-changes.ts'
import type { Boot } from '../../node/core/common/ids.ts'
import type { StreamMode } from '../../node/core/stream/definition.ts'
import { isRefusal } from '../../node/wire/control.ts'
import { Dice } from '../dice.ts'
import { Recurrence } from '../recurrence.ts'
import { Audience } from './audience.ts'
import type { Message } from './messages.ts'
import { mayDrop } from './plan.ts'
import { type LastStream, RemadeJudge } from './remade-judge.ts'
import type { SwitchingNode } from './switching-node.ts'
import { SwitchingReader } from './switching-reader.ts'
import { Wishes } from './wishes.ts'
import type { SwitchingWorld } from './world.ts'

const name = 'remade'
const topic = `${name}.x`
const publishesAgainMs = 3_000

export class Remaking {
  readonly #world: SwitchingWorld
  readonly #dice: Dice
  readonly #recurrence: Recurrence
  readonly #wishes: Wishes
  readonly #judge: RemadeJudge
  readonly #audience: Audience
  /** Those who read all the time, and those who have come when all was quiet. */
  readonly #readers: SwitchingReader[] = []
  readonly #newcomers: SwitchingReader[] = []
  /** What each node publishes when all is quiet, and when it has done so last. */
  readonly #last = new Map<SwitchingNode, { readonly id: string; readonly at: number }>()
  /** On which boots a removal has been asked for that is not written. */
  readonly #removing = new Set<Boot | undefined>()
  /** The streams that were made, by what tells them from those before. */
  readonly #streams = new Map<number, LastStream>()
  #published = 0

  constructor(world: SwitchingWorld) {
    const { plan, verdict } = world
    this.#world = world
    this.#dice = new Dice(plan.seed, 'switching remaking')
    this.#recurrence = new Recurrence(world.timeline, this.#dice)
    this.#wishes = new Wishes(world)
    this.#judge = new RemadeJudge(verdict.book, verdict.places, mayDrop(plan))
    this.#audience = new Audience(world, this.#dice)
  }

  start(): void {
    const { plan, nodes } = this.#world
    for (const node of nodes) this.#readers.push(this.#audience.read(name, node, this.#judge))
    this.#recurrence.every(plan.remakesPerSecond, () => this.#operate())
    this.#recurrence.every(plan.publishesPerSecond / 2, () => {
      const node = this.#dice.pick(nodes.filter(({ isAlive }) => isAlive))
      if (node !== undefined) this.#publish(node, this.#dice.whole(1, 3))
    })
    this.#recurrence.every(0.3, () => this.#wishes.say(this.#dice.pick(nodes), name, this.#drawMode()))
  }

  /** Nothing is removed, made or published any more. */
  stop(): void {
    this.#recurrence.stop()
    this.#wishes.stop()
  }

  /** Called again and again when all is quiet: what is still to happen; nothing when everybody has everything. */
  unsettled(): string[] {
    const { nodes, tally, timeline } = this.#world
    const [first] = nodes
    const views = nodes.map((node) => this.#view(node))
    const [view] = views
    const removing = nodes.find(({ boot }) => this.#removing.has(boot))
    if (removing !== undefined) return [`${removing.id} is still to remove stream ${name}`]
    if (first === undefined || view === undefined || views.some((each) => each !== view))
      return [`stream ${name} is ${views.map((each) => each ?? 'on no node')}`]
    const behind = this.#end(first)
    if (behind === undefined) {
      this.#make(first, this.#drawMode())
      return [`stream ${name} is to be made again`]
    }
    if (this.#newcomers.length === 0) {
      const made = this.#ask(first, ({ streams }) => streams.definitionOf(name)?.made) ?? 0
      this.#judge.last = this.#streams.get(made) ?? { since: 0, made }
      for (const node of nodes) this.#subscribe(node, behind)
      tally.count('streams made again that were judged')
    }
    for (const node of nodes)
      if (this.#lastOf(node)?.acknowledgedAt === undefined) {
        if (timeline.now < (this.#last.get(node)?.at ?? 0) + publishesAgainMs) continue
        this.#publish(node, 1)
        this.#last.set(node, { id: `r${this.#published}`, at: timeline.now })
      }
    return [...this.#problems(behind)].slice(0, 10)
  }

  *#problems(behind: number): Generator<string> {
    const everybody = [...this.#readers, ...this.#newcomers]
    const isThere = (message: Message): boolean => this.#isThere(message)
    yield* this.#judge.problems(name, this.#newcomers, behind, isThere)
    yield* this.#judge.problems(name, this.#readers, behind, isThere)
    for (const node of this.#world.nodes) {
      const message = this.#lastOf(node)
      if (message?.acknowledgedAt === undefined) yield `${node.id} has stored nothing on stream ${name}`
      else
        for (const reader of everybody)
          if (!this.#judge.hasGot(reader, message))
            yield `reader ${reader.number} at ${reader.node?.id} lacks ${name} ${message.origin} ${message.sequence}`
    }
  }

  /** What has no place is in memory, and gone with its node; what has one, only by retention. */
  #isThere({ boot, sequence, offset }: Message): boolean {
    const { plan, nodes } = this.#world
    if (!mayDrop(plan)) return offset !== undefined || nodes.some((node) => node.boot === boot)
    return boot !== undefined && nodes.some(({ view }) => view?.has(name, boot, sequence) === true)
  }

  /** Removes the stream where a node knows it, else makes it; sometimes several do so at once. */
  #operate(): void {
    const nodes = this.#world.nodes.filter(({ isResponsive }) => isResponsive)
    const one = this.#dice.pick(nodes)
    if (one === undefined || nodes.some(({ boot }) => this.#removing.has(boot))) return
    const mode = this.#drawMode()
    for (const node of this.#dice.chance(0.15) ? this.#dice.some(nodes, 0.5) : [one])
      if (this.#end(node) === undefined) this.#make(node, mode)
      else this.#remove(node)
  }

  #remove(node: SwitchingNode): void {
    const { tell, tally } = this.#world
    tell(`${node.id} is to remove stream ${name}`)
    node.do((broker) => {
      const { boot } = node
      this.#removing.add(boot)
      writeRemoval(broker, name, (answer) => {
        this.#removing.delete(boot)
        if (isRefusal(answer)) return
        tally.count('streams removed')
        tell(`${node.id} has removed stream ${name} behind ${broker.streams.endOf(name).behind}`)
      })
    })
  }

  #make(node: SwitchingNode, mode: StreamMode): void {
    node.do((broker) => {
      const answer = writeDefinition(broker, {
        ...{ name, topics: [`${name}.>`], mode, createsOnly: true },
        ...{ retention: undefined, copies: undefined, replicas: undefined },
      })
      if (isRefusal(answer)) return
      const { tally, timeline } = this.#world
      tally.count('streams made')
      const made = answer.made ?? 0
      const since = timeline.now
      if (!this.#streams.has(made)) this.#streams.set(made, { since, made })
      this.#world.tell(`${node.id} makes stream ${name} in ${mode} mode behind ${answer.behind}`)
    })
    this.#wishes.say(node, name, mode)
  }

  #publish(node: SwitchingNode, count: number): void {
    const drafts = Array.from({ length: count }, () => {
      return { id: `r${++this.#published}`, topic, payloadBytes: 16 }
    })
    // Later, where it is paused.
    node.do(({ streams }) => {
      const made = streams.definitionOf(name)?.made ?? 0
      for (const { id } of drafts) this.#judge.onPublish(id, made)
    })
    node.publish(drafts, 'local')
  }

  #subscribe(node: SwitchingNode, behind: number): void {
    const reader = new SwitchingReader(this.#world, 1_000 + this.#newcomers.length, name, false, this.#judge)
    this.#newcomers.push(reader)
    this.#judge.begin(reader, behind)
    reader.open(node)
  }

  /** What a node has published when all was quiet. */
  #lastOf(node: SwitchingNode): Message | undefined {
    const id = this.#last.get(node)?.id
    for (const messages of this.#world.verdict.book.origins(name))
      for (const message of messages) if (message.id === id) return message
    return undefined
  }

  /** Where the stream begins, as a node knows it; undefined where it knows none. */
  #end(node: SwitchingNode): number | undefined {
    return this.#ask(node, ({ streams }) =>
      streams.find(name) === undefined ? undefined : (streams.endOf(name).behind ?? 0),
    )
  }

  /** What a node knows of it, to be compared; undefined while an epoch of it ends there. */
  #view(node: SwitchingNode): string | undefined {
    return this.#ask(node, ({ agent, streams, epochs }) => {
      const replica = streams.find(name)
      if (replica?.fence !== undefined) return undefined
      const epoch = replica === undefined ? 'removed' : epochs.numberOf(replica)
      return `${epoch} at ${agent.catalog.hash}`
    })
  }

  #ask<Answer>(node: SwitchingNode, question: (broker: Broker) => Answer): Answer | undefined {
    const { broker } = node
    return broker === undefined ? undefined : question(broker)
  }

  #drawMode(): StreamMode {
    return this.#dice.chance(0.5) ? 'leader' : 'gossip'
  }
}
