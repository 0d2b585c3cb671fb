// One member of a queue: a client's subscription that gets the messages of the slots that the group of names gives it. It hands out nothing while
// it cannot hear who leads the group, because then others may have its slots already.

import type { ErrorCode } from '../core/common/errors.ts'
import type { Origin } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { LeaderAgent } from '../leader/agent.ts'
import type { Low, NameKey } from '../leader/names/command.ts'
import { AcknowledgeWish, JoinWish, joinKey, LeaveWish } from '../leader/names/queue-wishes.ts'
import type { Queue, QueueTerms } from '../leader/names/queues.ts'
import { mergeVectors } from '../leader/names/vectors.ts'
import { batchCount, batchSequence } from '../wire/batch-header.ts'
import type { BrokerPorts } from './ports.ts'
import { QueueJournal } from './queue-journal.ts'
import { acknowledgedUpTo, QueueProgress } from './queue-progress.ts'
import { type QueueItem, QueueReader, tryLowOf } from './queue-reader.ts'
import type { SubscriberSink } from './subscriber.ts'
import type { TopicTables } from './topic-tables.ts'

/** What a member needs of its broker. */
export interface QueueHost {
  readonly ports: BrokerPorts
  readonly leader: LeaderAgent
  readonly topicTables: TopicTables
  readonly epochs: { all(name: string): readonly Replica[] }
}

export interface QueueMemberOptions extends NameKey, QueueTerms {
  readonly sink: SubscriberSink
  /** A name for the journal that nobody else has or had. */
  readonly newSub: () => string
  /** Where the queue begins on a replica if it is new. */
  readonly begin: (replica: Replica) => Low
  /** It is a member for the first time. */
  readonly onJoined: () => void
  /** It cannot be a member, or not any more. */
  readonly onEnded: (code: ErrorCode, reason: string) => void
}

/** Batches that one pump reads before others get their turn. */
const pumpBatchesMax = 256
/** How often the first member says where all slots are acknowledged, milliseconds: a gap is told from there. */
const lowIntervalMs = 5000

export class QueueMember {
  readonly options: QueueMemberOptions
  readonly #host: QueueHost
  readonly #progress = new QueueProgress()
  #reader: QueueReader
  #journal: QueueJournal
  #sub: string
  /** `waiting`: for this node to have everything that was acknowledged. */
  #state: 'waiting' | 'joining' | 'member' | 'over' = 'waiting'
  #wasMember = false
  #lowAt = 0
  #isPumping = false

  constructor(host: QueueHost, sub: string, options: QueueMemberOptions) {
    this.#host = host
    this.options = options
    this.#sub = sub
    this.#reader = this.#newReader()
    this.#journal = this.#newJournal()
  }

  /** The present membership, as journal and group call it; another one after it was lost. */
  get sub(): string {
    return this.#sub
  }

  wants(topic: string): boolean {
    return this.#reader.wants(topic)
  }

  /** Joins once this node has everything that was acknowledged by now. */
  join(): void {
    const replica = this.#present()
    if (replica?.definition.mode !== 'leader') return this.#onUnordered()
    const sub = this.#sub
    this.#host.leader.whenCurrent(replica, () => {
      if (this.#state !== 'waiting' || this.#sub !== sub) return
      const present = this.#present()
      if (present?.definition.mode !== 'leader') return this.#onUnordered()
      this.#state = 'joining'
      const { stream, name, patterns, key, begin } = this.options
      const wish = new JoinWish({
        ...{ stream, name, patterns, key, holder: sub, low: begin(present) },
        onJoined: (queue) => this.#onJoined(queue),
        onRefused: (why) => this.#onRefused(why),
      })
      this.#host.leader.names.wish(wish)
    })
  }

  /** Ends where its stream has no order any more; before this node is current, what it knows of that says nothing. */
  look(): void {
    if (this.#state !== 'waiting' && this.#present()?.definition.mode !== 'leader') this.#onUnordered()
  }

  #onUnordered(): void {
    const { stream, onEnded } = this.options
    const what = this.#present() === undefined ? 'was removed' : 'is not in leader mode'
    onEnded('QUEUE_NEEDS_ORDER', `stream ${stream} ${what}, and so has no order to share out`)
  }

  /** The group's ledger has changed. */
  onNames(): void {
    if (this.#state !== 'member') return
    const queue = this.#queue()
    if (queue?.members.includes(this.#sub) !== true) return this.#joinAgain()
    this.#follow(queue)
    this.pump()
  }

  /** The client has worked on so many messages since the subscription began. */
  onConsumed(total: number): void {
    this.#progress.consume(total)
    // Somebody waits for what this one lets go.
    if (this.#reader.closing.size > 0) this.save()
  }

  /** Hands out what there is while the sink takes it. */
  pump(): void {
    if (this.#isPumping || this.#state !== 'member') return
    this.#beginJournal()
    this.#isPumping = true
    let budget = pumpBatchesMax
    while (budget > 0 && this.#isOpen) {
      const { item, read } = this.#reader.next(budget)
      budget -= Math.max(1, read)
      if (item === undefined) break
      if (item.kind === 'gap') {
        const { replica, state, from, to } = item
        this.#journal.gap(state.origin, from, to)
        this.options.sink.gap(replica, state, from, to, 'retention')
        continue
      }
      this.#progress.push(item)
      this.#send(item)
    }
    this.#isPumping = false
    if (budget <= 0) this.#host.ports.endOfTurn(() => this.pump())
  }

  /** Says how far its slots are acknowledged, and lets those go that others are to have. */
  save(): void {
    if (this.#state !== 'member') return
    const { stream, name } = this.options
    const waiting = this.#progress.firstWaiting()
    const drained = new Map([...this.#reader.closing].filter(([slot]) => !waiting.has(slot)))
    const positions = acknowledgedUpTo(this.#reader.handed, waiting)
    const low = this.#low(positions)
    const wish = new AcknowledgeWish({ stream, name, holder: this.#sub, positions, drained, low })
    this.#host.leader.names.wish(wish)
  }

  /** Ends; calls back once others have its slots, with what was not acknowledged. */
  leave(isLost: boolean, onLeft: () => void): void {
    const wasOver = this.#state === 'over'
    const { stream, name } = this.options
    const { names } = this.#host.leader
    if (this.#state === 'member') this.#journal.end(this.#reader.positions(), isLost)
    this.#state = 'over'
    if (wasOver) return onLeft()
    names.callOff(joinKey(this.#sub))
    const positions = [...acknowledgedUpTo(this.#reader.handed, this.#progress.firstWaiting())]
    names.wish(new LeaveWish({ stream, name, holder: this.#sub, positions, onLeft }))
  }

  /** Tells a new journal file that this member exists, and where it stands. */
  announce(): void {
    if (this.#state === 'member' && this.#journal.hasBegun) this.#journal.begin([...this.#reader.positions()])
  }

  /** Says in the journal how far it is; while it lets slots go it is further than they are. */
  onSecond(): void {
    const { handed, closing } = this.#reader
    if (this.#state !== 'member' || closing.size > 0) return
    this.#journal.passed(
      [...handed.keys()].toSorted((a, b) => a - b),
      this.#reader.positions(),
    )
  }

  get #isOpen(): boolean {
    return this.#state === 'member' && this.options.sink.canTake && this.#host.leader.names.isLed
  }

  #present(): Replica | undefined {
    return this.#host.epochs.all(this.options.stream).at(-1)
  }

  #queue(): Queue | undefined {
    const { stream, name } = this.options
    return this.#host.leader.names.ledger.queues.find(stream, name)
  }

  #onJoined(queue: Queue): void {
    this.#state = 'member'
    this.#beginJournal()
    this.#follow(queue)
    if (!this.#wasMember) this.options.onJoined()
    this.#wasMember = true
    this.pump()
  }

  /** From where the queue stands on: once the stream has come there, and with the sequences there, which nobody knew if it began behind the end. */
  #beginJournal(): void {
    if (this.#journal.hasBegun) return
    const low = this.#queue()?.low
    const replica = this.#present()
    const last = this.#last()
    if (low === undefined || replica === undefined || low.offset > last) return
    const here = tryLowOf(replica, low.offset, last)?.vector ?? new Map<Origin, number>()
    this.#journal.begin(mergeVectors(low.vector, here, Number.POSITIVE_INFINITY))
  }

  /** Offset of the last message of the stream that this node has. */
  #last(): number {
    const replica = this.#present()
    return replica?.definition.mode === 'leader' ? this.#host.leader.statusOf(replica).last : 0
  }

  #onRefused(why: 'full' | 'differs'): void {
    const { name, onEnded } = this.options
    if (why === 'full')
      onEnded(
        'SUBSCRIPTION_LIMIT',
        `queue ${name} has as many members, or the cluster as many queues, as it may`,
      )
    else onEnded('QUEUE_DIFFERS', `queue ${name} reads other patterns, or has another key`)
  }

  /** The leader took it for gone: what it had is others', and it begins anew. */
  #joinAgain(): void {
    this.#journal.end(this.#reader.positions(), true)
    this.#progress.disown()
    this.#state = 'waiting'
    this.#sub = this.options.newSub()
    this.#reader = this.#newReader()
    this.#journal = this.#newJournal()
    this.join()
  }

  /** Takes over which slots the ledger gives it. */
  #follow({ slots }: Queue): void {
    let isLetting = false
    const before = this.#reader.handed.size
    for (const [slot, { owner, next, position, turn }] of slots.entries()) {
      if (owner !== this.#sub) {
        this.#reader.lose(slot)
        continue
      }
      this.#reader.gain(slot, position)
      this.#reader.setClosing(slot, next === undefined ? undefined : turn)
      isLetting = isLetting || next !== undefined
    }
    if (isLetting) this.save()
    // What it has got lies behind how far it is.
    if (this.#reader.handed.size !== before) this.onSecond()
  }

  #send({ replica, state, frame, slots }: QueueItem & { kind: 'batch' }): void {
    const { topicTables, ports } = this.#host
    const topics = topicTables.read(frame)
    if (!('problem' in topics)) this.#journal.delivered(state, frame, topics)
    ports.count('messagesDelivered', slots.length)
    const from = batchSequence(frame)
    this.options.sink.batch(replica, state, frame, from, from + batchCount(frame) - 1, slots.length)
  }

  /** Said by the first member: an offset up to which everything is acknowledged, with the last sequences there. */
  #low(positions: ReadonlyMap<number, number>): Low | undefined {
    const queue = this.#queue()
    const now = this.#host.ports.now()
    if (queue?.members[0] !== this.#sub || now - this.#lowAt < lowIntervalMs) return undefined
    this.#lowAt = now
    const offset = queue.slots
      .map(({ position }, slot) => Math.max(position, positions.get(slot) ?? 0))
      .reduce((a, b) => Math.min(a, b))
    return offset > queue.low.offset ? this.#reader.lowAt(offset) : undefined
  }

  #newReader(): QueueReader {
    const { stream, patterns, key } = this.options
    const { topicTables, ports, epochs } = this.#host
    return new QueueReader({
      ...{ patterns, key, topicTables, allocate: ports.allocate },
      epochs: () => epochs.all(stream),
      last: () => this.#last(),
      low: () => this.#queue()?.low ?? { offset: 0, vector: new Map<Origin, number>() },
    })
  }

  #newJournal(): QueueJournal {
    const { stream, name, patterns } = this.options
    return new QueueJournal(this.#host.ports, { sub: this.#sub, queue: name, stream, patterns })
  }
}
