// Judges a stream that is removed and made again (docs/switching.md, "Removed, and made again"): what has its place behind the end of the one that was
// removed last reaches everybody, once, in one order; nothing before that comes to who subscribes now, in either mode; and no number is given twice.

import { Violation } from '../run.ts'
import type { MessageBook } from './message-book.ts'
import type { Message } from './messages.ts'
import type { Places } from './places.ts'
import type { Read, ReaderJudge, SwitchingReader } from './switching-reader.ts'

/** The stream that is there last. */
export interface LastStream {
  /** When it was made first. */
  readonly since: number
  /** What tells it from those before. */
  readonly made: number
}

interface RemadeTrack {
  /** Whether it has subscribed when all was quiet, and is to have nothing of the streams before. */
  isNew: boolean
  /** What it gets has its place behind this one. */
  lastOffset: number
  /** Last sequence that it has passed, by origin. */
  readonly passed: Map<string, number>
  readonly got: Set<Message>
  readonly told: Set<Message>
}

export class RemadeJudge implements ReaderJudge {
  readonly #book: MessageBook
  readonly #places: Places
  readonly #mayDrop: boolean
  /** Messages that are older than it may be told to be gone, also where a removal without a majority has left them. */
  last: LastStream = { since: 0, made: 0 }
  /** On which of the streams of the name a message was published, as its node knew it. */
  readonly #made = new Map<string, number>()
  readonly #tracks = new Map<SwitchingReader, RemadeTrack>()

  constructor(book: MessageBook, places: Places, mayDrop: boolean) {
    this.#book = book
    this.#places = places
    this.#mayDrop = mayDrop
  }

  /** A reader subscribes that has never had anything, and is to get nothing up to an offset. */
  begin(reader: SwitchingReader, behind: number): void {
    const track = this.#trackOf(reader)
    track.isNew = true
    track.lastOffset = behind
  }

  onPublish(id: string, made: number): void {
    this.#made.set(id, made)
  }

  onRead(reader: SwitchingReader, read: Read): void {
    const { stream, origin, sequence, id, offset } = read
    const message = this.#book.find(stream, origin, sequence)
    if (message?.id !== id) throw this.#broken('identity', reader, read, `is ${message?.id}, read as ${id}`)
    const track = this.#pass(reader, read, sequence, sequence)
    track.got.add(message)
    if (offset === 0) {
      if (track.isNew && this.#isOfStreamBefore(message))
        throw this.#broken('removed', reader, read, 'is of a stream that was removed')
      return
    }
    this.#places.give(message, offset)
    if (offset <= track.lastOffset)
      throw this.#broken('removed', reader, read, `comes behind ${track.lastOffset}`)
    track.lastOffset = offset
  }

  onGap(reader: SwitchingReader, stream: string, origin: string, from: number, to: number): void {
    const track = this.#pass(reader, { stream, origin, sequence: from, offset: -1 }, from, to)
    for (let sequence = from; sequence <= to; sequence++) {
      const message = this.#book.find(stream, origin, sequence)
      if (message !== undefined) track.told.add(message)
    }
  }

  /**
   * What these readers still have to get of a stream, which begins behind an offset: what was acknowledged, and what any of them has had. `isThere`:
   * whether a message is not gone with the nodes that had it, or by retention.
   */
  *problems(
    stream: string,
    readers: readonly SwitchingReader[],
    behind: number,
    isThere: (message: Message) => boolean,
  ): Generator<string> {
    for (const messages of this.#book.origins(stream)) {
      for (const message of messages) {
        const { id, origin, sequence, offset = 0, acknowledgedAt, isVoid } = message
        const isOfLast = offset === 0 ? this.#made.get(id) === this.last.made : offset > behind
        if (!isOfLast || isVoid || !isThere(message)) continue
        if (acknowledgedAt === undefined && !readers.some((each) => this.hasGot(each, message))) continue
        for (const reader of readers)
          if (!this.hasGot(reader, message))
            yield `reader ${reader.number} at ${reader.node?.id} lacks ${stream} ${origin} ${sequence}, place ${offset} behind ${behind}`
      }
    }
  }

  /** Whether a message has come to a reader, or was told to be gone where it may be. */
  hasGot(reader: SwitchingReader, message: Message): boolean {
    const { got, told } = this.#trackOf(reader)
    if (got.has(message)) return true
    // Removals bring floors of the group's log, behind which a node that starts knows nothing of epochs in gossip mode that are over (docs/switching.md).
    const isOfBefore = message.offset === undefined && message.calledAt < (reader.node?.startedAt ?? 0)
    return (this.#mayDrop || isOfBefore || message.calledAt < this.last.since) && told.has(message)
  }

  /** In gossip mode each stream has numbers on the wire of its own: nothing of the ones before comes on it, also what was on its way when they were removed. */
  #isOfStreamBefore({ id }: Message): boolean {
    return this.#made.get(id) !== this.last.made
  }

  /** Moves a reader on over from..to of an origin. */
  #pass(reader: SwitchingReader, read: Omit<Read, 'id' | 'epoch'>, from: number, to: number): RemadeTrack {
    const track = this.#trackOf(reader)
    const passed = track.passed.get(read.origin) ?? 0
    if (from <= passed) throw this.#broken('once, in order', reader, read, `comes behind ${passed}`)
    track.passed.set(read.origin, to)
    return track
  }

  #trackOf(reader: SwitchingReader): RemadeTrack {
    const track = this.#tracks.get(reader) ?? {
      ...{ isNew: false, lastOffset: 0 },
      ...{ passed: new Map(), got: new Set(), told: new Set() },
    }
    this.#tracks.set(reader, track)
    return track
  }

  #broken(
    rule: string,
    { number }: SwitchingReader,
    { stream, origin, sequence, offset }: Omit<Read, 'id' | 'epoch'>,
    why: string,
  ): Violation {
    return new Violation(rule, `reader ${number}: ${stream} ${origin} ${sequence}, place ${offset}, ${why}`)
  }
}
