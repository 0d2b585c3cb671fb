// A member of a queue as an application is one: it works on what it is handed, leaves now and then, and joins again over any node.

import type { Broker } from '../../node/broker/broker.ts'
import type { QueueMember } from '../../node/broker/queue-member.ts'
import { lowOf } from '../../node/broker/queue-reader.ts'
import type { SubscriberSink } from '../../node/broker/subscriber.ts'
import type { OriginState, Replica } from '../../node/core/stream/replica.ts'
import { batchPlace, batchSequence } from '../../node/wire/batch-header.ts'
import { BatchReader } from '../../node/wire/batch-reader.ts'
import type { Dice } from '../dice.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { SwitchingWorld } from './world.ts'

const textDecoder = new TextDecoder()
const triesAgainMs = 200
/** So long it works on what it was handed at a time, at the most. */
const worksMsMax = 100

export class QueueWorker implements SubscriberSink {
  readonly canTake = true
  readonly #world: SwitchingWorld
  readonly #dice: Dice
  readonly #number: number
  readonly #stream: string
  readonly #records = new BatchReader()
  /** Where it is a member; undefined between memberships. */
  node: SwitchingNode | undefined
  #member: QueueMember | undefined
  #subs = 0
  /** Offsets that it was handed, and has not worked on. */
  #waiting: number[] = []
  #workedTotal = 0

  constructor(world: SwitchingWorld, dice: Dice, number: number, stream: string) {
    this.#world = world
    this.#dice = dice
    this.#number = number
    this.#stream = stream
  }

  /** Joins, and joins again, for as long as time passes. */
  begin(): void {
    const node = this.#dice.pick(this.#world.nodes)
    if (this.node === undefined && node?.isResponsive === true) this.#join(node)
    this.#world.timeline.after(triesAgainMs, () => this.begin())
  }

  /** Leaves with what it has not worked on. */
  leave(): void {
    const { node } = this
    const member = this.#member
    node?.do((broker) => {
      if (this.#member === member) this.#end(broker)
    })
  }

  onCrash(): void {
    const { queues } = this.#world
    queues.onGivenBack(this.#member?.sub ?? '', this.#stream, this.#waiting)
    this.#waiting = []
    this.node = undefined
    this.#member = undefined
  }

  batch(_replica: Replica, _state: OriginState, frame: Uint8Array): void {
    const { tally, timeline, queues, verdict } = this.#world
    const records = this.#records
    const sub = this.#member?.sub ?? ''
    records.open(frame)
    while (records.next()) {
      const { sequence, payloadStart, payloadEnd } = records
      const offset = batchPlace(frame) + sequence - batchSequence(frame)
      const id = textDecoder.decode(frame.subarray(payloadStart, payloadEnd)).trimEnd()
      tally.trace(timeline.now, this.#number, offset)
      queues.onHanded(sub, this.#stream, offset, id, verdict.places.at(this.#stream, offset))
      this.#waiting.push(offset)
    }
    if (records.problem !== undefined) throw new Error(`a batch of a queue ${records.problem}`)
    timeline.after(this.#dice.between(0, worksMsMax), () => this.#work(sub))
  }

  gap(_replica: Replica, { origin }: OriginState, from: number, to: number): void {
    this.#world.queues.onGap(this.#stream, origin, from, to)
  }

  #join(node: SwitchingNode): void {
    node.do((broker) => {
      const replica = broker.streams.find(this.#stream)
      if (this.node !== undefined || replica?.definition.mode !== 'leader') return
      this.node = node
      this.#workedTotal = 0
      const newSub = (): string => {
        this.#waiting = []
        return `${broker.origin}/worker-${this.#number}.${++this.#subs}`
      }
      this.#world.tell(`worker ${this.#number} of ${this.#stream} joins at ${node.id}`)
      this.#member = broker.queues.join(newSub(), {
        ...{ stream: this.#stream, name: 'workers', patterns: [`${this.#stream}.>`], key: undefined },
        ...{ sink: this, newSub },
        begin: (each) => lowOf(each, 0),
        onJoined: () => this.#world.tally.count('members of queues'),
        onEnded: (code) => {
          this.#world.tally.count(`members of queues ended: ${code}`)
          this.#end(broker)
        },
      })
    })
  }

  #work(sub: string): void {
    const { node } = this
    node?.do(() => {
      const member = this.#member
      if (member?.sub !== sub) return
      const offsets = this.#waiting
      this.#waiting = []
      this.#workedTotal += offsets.length
      for (const offset of offsets) this.#world.queues.onWorked(sub, this.#stream, offset)
      member.onConsumed(this.#workedTotal)
    })
  }

  #end(broker: Broker): void {
    const member = this.#member
    this.onCrash()
    if (member !== undefined) broker.queues.leave(member, false, () => undefined)
  }
}
