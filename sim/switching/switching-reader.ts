// One subscriber of one stream: it wants all of it from the first message on, and outlives connections and nodes with nothing but its
// cursor; or it comes at some time, wants what is published from then on, and goes with its connection.

import { epochAfter, epochOf, startAfter } from '../../node/broker/start.ts'
import type { Subscriber, SubscriberSink } from '../../node/broker/subscriber.ts'
import type { GapReason, OriginState, Replica } from '../../node/core/stream/replica.ts'
import { batchPlace } from '../../node/wire/batch-header.ts'
import { BatchReader } from '../../node/wire/batch-reader.ts'
import type { Cursor } from '../../node/wire/cursor.ts'
import type { SwitchingNode } from './switching-node.ts'
import type { SwitchingWorld } from './world.ts'

const textDecoder = new TextDecoder()

/** One record as it reached a reader. */
export interface Read {
  readonly stream: string
  readonly origin: string
  readonly sequence: number
  readonly id: string
  readonly epoch: number
  /** Its place in the order of the stream; 0 in gossip mode. */
  readonly offset: number
}

/** Who says whether what comes to a reader is what it is to get. */
export interface ReaderJudge {
  onRead(reader: SwitchingReader, read: Read): void
  onGap(reader: SwitchingReader, stream: string, origin: string, from: number, to: number): void
}

export class SwitchingReader implements SubscriberSink {
  readonly number: number
  readonly stream: string
  readonly #world: SwitchingWorld
  readonly #judge: ReaderJudge
  readonly #records = new BatchReader()
  /** Where it is subscribed; undefined between connections. */
  node: SwitchingNode | undefined
  #subscriber: Subscriber | undefined
  /** Whether it wants what is published from now on. */
  readonly isNewcomer: boolean
  /** When it subscribed, and when it was told that from then on nothing will pass it by. */
  openedAt: number | undefined
  readyAt: number | undefined
  #cursor: Cursor = new Map()
  #sessions = 0
  /** While true it takes nothing. */
  isStalled = false

  constructor(
    world: SwitchingWorld,
    number: number,
    stream: string,
    isNewcomer = false,
    judge: ReaderJudge = new EverydayJudge(world),
  ) {
    this.isNewcomer = isNewcomer
    this.#world = world
    this.#judge = judge
    this.number = number
    this.stream = stream
  }

  /** How often it has subscribed. */
  get session(): number {
    return this.#sessions
  }

  get canTake(): boolean {
    return !this.isStalled
  }

  open(node: SwitchingNode): void {
    node.do((broker) => {
      if (this.node !== undefined || broker.streams.find(this.stream) === undefined) return
      const sub = `reader-${this.number}.${++this.#sessions}`
      const cursor = this.#cursor
      this.#world.tell(`${sub} of ${this.stream} opens at ${node.id}`)
      this.node = node
      this.openedAt = this.#world.timeline.now
      const common = {
        sub,
        kind: 'client',
        patterns: [`${this.stream}.>`],
        name: undefined,
        sink: this,
      } as const
      this.#subscriber = broker.subscribe(
        this.isNewcomer
          ? { ...common, start: () => ({ kind: 'now' }), choose: epochOf('now'), resumes: false }
          : {
              ...{ ...common, cursor, resumes: false },
              start: (replica) => startAfter(cursor, replica),
              choose: epochAfter(cursor),
            },
        () => {
          this.readyAt = this.#world.timeline.now
        },
      )
    })
  }

  close(): void {
    const { node } = this
    const subscriber = this.#subscriber
    this.onCrash()
    if (subscriber !== undefined) node?.broker?.unsubscribe(subscriber)
  }

  /** What was handed over was taken, so the cursor is exact. */
  onCrash(): void {
    this.#cursor = this.#subscriber?.cursor() ?? this.#cursor
    this.#subscriber = undefined
    this.node = undefined
  }

  /** Takes what there is. */
  goOn(): void {
    this.node?.do(() => this.#subscriber?.pump())
  }

  /** For whoever asks why it does not go on. */
  get position(): string {
    const at = [...(this.#subscriber?.streams ?? [])].map(
      ({ name, id, fence }) => `${name} ${id} ${fence === undefined ? 'open' : JSON.stringify([...fence])}`,
    )
    const cursor = this.#subscriber?.cursor() ?? this.#cursor
    return `${at} ${JSON.stringify([...cursor].map(([name, vector]) => [name, ...vector]))}`
  }

  batch(replica: Replica, state: OriginState, frame: Uint8Array, from: number): void {
    const { tally, timeline } = this.#world
    const records = this.#records
    const place = batchPlace(frame)
    const epoch = this.node?.broker?.epochs.numberOf(replica) ?? 0
    records.open(frame)
    let index = -1
    while (records.next()) {
      index++
      if (records.sequence < from) continue
      const { sequence, payloadStart, payloadEnd } = records
      const id = textDecoder.decode(frame.subarray(payloadStart, payloadEnd)).trimEnd()
      const offset = place === 0 ? 0 : place + index
      tally.trace(timeline.now, this.number, state.origin, sequence, epoch, offset)
      tally.count(offset === 0 ? 'messages delivered by gossip' : 'messages delivered in order')
      this.#judge.onRead(this, {
        ...{ stream: replica.name, origin: state.origin, sequence },
        ...{ id, epoch, offset },
      })
    }
    if (records.problem !== undefined) throw new Error(`a delivered batch ${records.problem}`)
  }

  gap(replica: Replica, state: OriginState, from: number, to: number, reason: GapReason): void {
    const { tally, timeline, tell } = this.#world
    tally.trace(timeline.now, this.number, state.origin, from, to, reason)
    tally.count('gaps told', to - from + 1)
    tell(`reader ${this.number} gets gap ${state.origin} ${replica.name} ${from}-${to} (${reason})`)
    this.#judge.onGap(this, replica.name, state.origin, from, to)
  }
}

/** Of a stream that is there all the time. */
class EverydayJudge implements ReaderJudge {
  readonly #world: SwitchingWorld

  constructor(world: SwitchingWorld) {
    this.#world = world
  }

  onRead(reader: SwitchingReader, read: Read): void {
    this.#world.verdict.onRead(reader, read)
    this.#world.epochs.onRead(reader, read)
  }

  onGap(reader: SwitchingReader, stream: string, origin: string, from: number, to: number): void {
    this.#world.verdict.onGap(reader, stream, origin, from, to)
  }
}
