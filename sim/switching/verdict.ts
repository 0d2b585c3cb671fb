// What the switching world promises, judged from what publishers were told and what readers got, and from nothing that nodes say of
// themselves. In every epoch: what was acknowledged reaches every reader, once, in the order of its publisher. In leader mode: at the same
// place for everybody. Only what lived on a node that crashed in gossip mode may be told as lost.

import type { History } from '../../audit/history/history.ts'
import type { Boot } from '../../node/core/common/ids.ts'
import type { AckLevel } from '../../node/wire/batch-header.ts'
import type { PublishOutcome } from '../../node/wire/control-frames.ts'
import { Copies } from '../invariants/copies.ts'
import { Violation } from '../run.ts'
import type { Draft } from '../truth.ts'
import { MessageBook } from './message-book.ts'
import {
  type IsThere,
  isFor,
  type Message,
  newMessage,
  newTrack,
  type Publication,
  type Track,
  toAppends,
} from './messages.ts'
import { Places } from './places.ts'
import type { Read, SwitchingReader } from './switching-reader.ts'

/** Of what was stored on one node all others have heard so long after, where they hear each other. */
const spreadsWithinMs = 2_000

export interface VerdictOptions {
  /** Whether faults may keep nodes from hearing each other. */
  readonly hasSilence: boolean
  /** Whether retention may drop what others still hold. */
  readonly mayDrop: boolean
  /** Whether links that stay up lose or delay frames: an answer may look complete that is not, and a gap be told of what has no place. */
  readonly mayMishear: boolean
  /** How many nodes hold what is acknowledged by copies, beside its own. */
  readonly copies: number
}

export class Verdict {
  readonly #publications = new Map<string, Publication>()
  readonly book: MessageBook = new MessageBook()
  readonly places: Places = new Places()
  readonly #tracks = new Map<SwitchingReader, Track>()
  readonly #options: VerdictOptions
  readonly #copies = new Copies()
  readonly #now: () => number
  /** The one whose messages are being numbered. */
  #numbering: Publication | undefined
  /** When anybody was last told a loss; 0 before the first. */
  #lossAt = 0

  constructor(now: () => number, options: VerdictOptions) {
    this.#now = now
    this.#options = options
  }

  get lossAt(): number {
    return this.#lossAt
  }

  onPublish(boot: Boot, number: number, drafts: readonly Draft[], level: AckLevel): void {
    this.#numbering = { boot, drafts, level, messages: [], outcome: undefined }
    this.#publications.set(`${boot} ${number}`, this.#numbering)
  }

  onPublished(): void {
    this.#numbering = undefined
  }

  /** A node has numbered the next messages of the publication under way. */
  onNumbered(stream: string, origin: string, from: number, count: number): void {
    const publication = this.#numbering
    const sent = this.book.of(stream, origin)
    for (let index = 0; index < count; index++) {
      const draft = publication?.drafts[publication.messages.length]
      if (publication === undefined || draft === undefined)
        throw new Violation('numbering', `${origin} numbers on ${stream} what nobody publishes`)
      const sequence = from + index
      if (sequence !== sent.length + 1)
        throw new Violation('numbering', `${origin} numbers ${sequence} after ${sent.length} on ${stream}`)
      const message = newMessage({ id: draft.id, stream, origin, sequence, calledAt: this.#now() })
      sent.push(message)
      publication.messages.push(message)
    }
  }

  onOutcome(boot: Boot, outcome: PublishOutcome): void {
    const publication = this.#publications.get(`${boot} ${outcome.publish}`)
    if (publication === undefined || publication.outcome !== undefined)
      throw new Violation('answers', `publication ${outcome.publish} is answered twice, or was none`)
    publication.outcome = outcome.status
    if (outcome.status !== 'stored') return
    const { messages } = publication
    if (messages.length !== publication.drafts.length)
      throw new Violation(
        'answers',
        `publication ${outcome.publish} is stored, and not all of it was numbered`,
      )
    let at = 0
    for (const { records, first, offset, isDuplicate } of outcome.runs) {
      // Where a copy is stored, the judge of producers knows.
      if (isDuplicate === true) at += records
      if (isDuplicate === true) continue
      for (let index = 0; index < records; index++, at++) {
        const message = messages[at]
        if (message?.sequence !== first + index)
          throw new Violation(
            'answers',
            `${message?.origin} ${message?.sequence} is told to be ${first + index}`,
          )
        if (offset === 0) continue
        this.places.give(message, offset + index)
        message.placedAt = this.#now()
      }
    }
    for (const message of messages) message.acknowledgedAt = this.#now()
    // What has a place is on a majority of disks, which is more.
    if (publication.level !== 'copies') return
    for (const message of messages)
      if (message.offset === undefined) this.#copies.onCopies(message, this.#options.copies)
  }

  /** A node holds messages of another one. */
  onHeld(holder: Boot, stream: string, origin: string, from: number, count: number): void {
    const sent = this.book.of(stream, origin)
    for (let at = from - 1; at < from - 1 + count; at++) sent[at]?.holders.add(holder)
  }

  /** The log of the group has given a message its place. */
  onPlaced(stream: string, origin: string, sequence: number, offset: number): void {
    const message = this.book.find(stream, origin, sequence)
    if (message === undefined)
      throw new Violation('places', `${stream} ${offset} is ${origin} ${sequence}, which nobody has numbered`)
    this.places.give(message, offset)
  }

  /** The log of the group lets a number pass by: its message is stored under another one. */
  onVoid(stream: string, origin: string, sequence: number): void {
    for (const message of this.book.of(stream, origin).slice(sequence - 1, sequence)) message.isVoid = true
  }

  /** How many messages an origin has numbered. */
  numbered(stream: string, origin: string): number {
    return this.book.of(stream, origin).length
  }

  /** The last sequence of an origin that a reader has passed, and copies behind it, of which it does not hear; undefined where it has met none. */
  passedBy(reader: SwitchingReader, origin: string): number | undefined {
    const passed = this.#trackOf(reader).passed.get(origin)
    if (passed === undefined && reader.isNewcomer) return undefined
    let at = passed ?? 0
    while (this.book.find(reader.stream, origin, at + 1)?.isVoid === true) at++
    return at === 0 ? passed : at
  }

  onRead(reader: SwitchingReader, read: Read): void {
    const { stream, origin, sequence, id, epoch, offset } = read
    const message = this.book.find(stream, origin, sequence)
    if (message?.id !== id)
      throw this.#broken('identity', reader, read, `is ${message?.id}, and was read as ${id}`)
    const track = this.#pass(reader, read, sequence, sequence)
    track.got.add(message)
    message.epoch ??= epoch
    this.#judgeEpochs(message, track, reader, read)
    if (offset > 0) this.places.give(message, offset)
    if (offset === 0) return
    if (offset <= track.lastOffset)
      throw this.#broken('order', reader, read, `comes behind ${track.lastOffset}`)
    track.lastOffset = offset
  }

  /**
   * Each epoch has the same messages for all, behind everything of the one before. Where a node was silent while an epoch in gossip mode
   * ended, its own readers may have had in it what comes to all others in the next one, and those who come to it may go back to that epoch.
   */
  #judgeEpochs(message: Message, track: Track, reader: SwitchingReader, read: Read): void {
    if (read.offset > 0) message.orderedIn ??= read.epoch
    const ordered = read.offset > 0 ? message.orderedIn : read.epoch
    const elsewhere = this.#options.hasSilence ? ordered : message.epoch
    if (ordered !== read.epoch || elsewhere !== read.epoch)
      throw this.#broken('epochs', reader, read, `was read in ${elsewhere} elsewhere`)
    if (this.#options.hasSilence && reader.session !== track.session) track.lastEpoch = 0
    track.session = reader.session
    if (read.epoch < track.lastEpoch)
      throw this.#broken('epochs', reader, read, `comes behind ${track.lastEpoch}`)
    track.lastEpoch = read.epoch
  }

  onGap(reader: SwitchingReader, stream: string, origin: string, from: number, to: number): void {
    const gap = { stream, origin, sequence: from, epoch: -1, offset: -1 }
    const track = this.#pass(reader, gap, from, to)
    for (let sequence = from; sequence <= to; sequence++) {
      const message = this.book.find(stream, origin, sequence)
      if (message === undefined)
        throw this.#broken('gaps', reader, gap, `to ${to} is told: ${sequence} was never sent`)
      // Where all nodes hear each other, what was stored long before somebody came had reached them all.
      const { acknowledgedAt = Number.POSITIVE_INFINITY } = message
      if (
        !this.#options.hasSilence &&
        reader.isNewcomer &&
        acknowledgedAt + spreadsWithinMs < (reader.openedAt ?? 0)
      )
        throw this.#broken(
          'gaps',
          reader,
          gap,
          `to ${to} is told: ${sequence} was stored long before it came`,
        )
      track.told.add(message)
      this.#lossAt = this.#now()
    }
  }

  /** What a reader still has to get, or was told to be lost though it is not. */
  *problems(reader: SwitchingReader, isThere: IsThere): Generator<string> {
    const track = this.#trackOf(reader)
    for (const message of this.#owed(reader.stream, track)) {
      if (!isFor(message, reader) || track.got.has(message)) continue
      const mayTell = this.#options.mayDrop || (this.#options.mayMishear && message.offset === undefined)
      if (mayTell && track.told.has(message)) continue
      const { origin, sequence, epoch, offset = 0, boot } = message
      // What has no place may be gone with the nodes that held it, and is left where its node was not heard when an epoch ended.
      if (boot === undefined || !isThere({ ...message, boot }, offset > 0)) continue
      const what = `${reader.stream} ${origin} ${sequence} (epoch ${epoch}, place ${offset})`
      yield `reader ${reader.number} ${track.told.has(message) ? 'was told the loss of' : 'lacks'} ${what}`
    }
  }

  /** What is known of the order of a stream, as its publishers saw it. */
  history(stream: string): History {
    const messages = [...this.book.origins(stream)].flat()
    return { stream, operations: messages.flatMap(toAppends), sessions: [] }
  }

  /** Publications of these boots that nobody has answered. */
  unanswered(isRunning: (boot: Boot) => boolean): number {
    return [...this.#publications.values()].filter(({ outcome, boot }) => {
      return outcome === undefined && isRunning(boot)
    }).length
  }

  /** What was acknowledged, or has its place, or has come to anybody, but for what lies before all that a reader lacks of an origin. */
  *#owed(stream: string, { got, gotTo }: Track): Generator<Message> {
    for (const messages of this.book.origins(stream)) {
      let begin = gotTo.get(messages) ?? 0
      for (let next = messages[begin]; next !== undefined && got.has(next); next = messages[begin]) begin++
      gotTo.set(messages, begin)
      for (const message of messages.slice(begin)) {
        const isOwed = (message.acknowledgedAt ?? message.epoch ?? message.offset) !== undefined
        if (isOwed && !message.isVoid) yield message
      }
    }
  }

  /** Moves a reader on over from..to of an origin: what follows, but for who comes from now on, whom nothing may pass by that is for it. */
  #pass(reader: SwitchingReader, read: Omit<Read, 'id'>, from: number, to: number): Track {
    const { stream, origin } = read
    const track = this.#trackOf(reader)
    const passed = track.passed.get(origin) ?? 0
    if (from <= passed) throw this.#broken('once, in order', reader, read, `comes behind ${passed}`)
    const isDue = track.passed.has(origin) || !reader.isNewcomer
    for (let sequence = passed + 1; sequence < from; sequence++) {
      const message = this.book.find(stream, origin, sequence)
      if (message?.isVoid === true) continue
      if (isDue || (message?.acknowledgedAt !== undefined && isFor(message, reader)))
        throw this.#broken('delivery rule', reader, read, `comes without ${sequence}`)
    }
    track.passed.set(origin, to)
    return track
  }

  #trackOf(reader: SwitchingReader): Track {
    const track = this.#tracks.get(reader) ?? newTrack()
    this.#tracks.set(reader, track)
    return track
  }

  #broken(rule: string, { number }: SwitchingReader, read: Omit<Read, 'id'>, why: string): Violation {
    const { stream, origin, sequence, epoch, offset } = read
    return new Violation(
      rule,
      `reader ${number}: ${stream} ${origin} ${sequence}, epoch ${epoch}, place ${offset}, ${why}`,
    )
  }
}
