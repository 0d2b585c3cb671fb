// A named producer: it numbers its publications, so that a stream in leader mode stores each once, however often it is sent.

import { HeraldError } from '../node/core/common/errors.ts'
import { isProducerName, isProducerSequence, producerNameRule } from '../node/wire/batch-producer.ts'
import type { Publication, PublishOptions, WaitOptions } from './options.ts'
import type { Publisher } from './publisher.ts'
import type { PublishReceipt, PublishResult } from './receipt.ts'

/** Options of a named producer. */
export interface ProducerOptions {
  /**
   * Of an application that remembers its numbers over its own restart: the sequence of the first publication that brings none; 1 to 2^53 - 1.
   * Without it the producer is a new one: it numbers from 1 on, and its name gets an ending that no other has.
   */
  readonly next?: number
}

/** Options of one publication of a named producer. */
export interface ProducerPublishOptions extends PublishOptions {
  /**
   * Its sequence; default: the next one. Publishing again with the same one is the retry of what ended as unknown. Numbers of its own an
   * application may give to a producer that was made with `next`.
   */
  readonly sequence?: number | undefined
}

/** One publication of a named producer's `publishBatch`. */
export interface ProducerPublication extends Publication {
  readonly sequence?: number | undefined
}

/** Publishes under a name. Made by `client.producer`; keep it, since every call makes another one. */
export class Producer {
  /** As nodes know it. */
  readonly name: string
  readonly #publisher: Publisher
  /** Whether the application gives the numbers, and so may give any. */
  readonly #isRemembered: boolean
  #next: number

  /** Use `client.producer`. `ending`: of the name, where nobody remembers its numbers. */
  constructor(publisher: Publisher, name: string, { next }: ProducerOptions, ending: () => string) {
    const known = next === undefined ? `${name}.${ending()}` : name
    if (!isProducerName(name) || !isProducerName(known))
      throw invalid(
        `name is ${JSON.stringify(name)}, not ${producerNameRule}; without next, which adds an ending, at most ${64 - endingLength - 1}`,
      )
    this.name = known
    this.#publisher = publisher
    this.#isRemembered = next !== undefined
    this.#next = checked(next ?? 1)
  }

  /** Sequence that the next publication gets which brings none. */
  get next(): number {
    return this.#next
  }

  /**
   * Publishes one message, as `client.publish` does, numbered by this producer. What is unanswered when the connection breaks is sent again,
   * in order, to whichever node the client reaches, until its deadline; it then ends as unknown, and publishing it again with the sequence that its
   * receipt tells is the retry. On a stream in leader mode each sequence is stored once.
   *
   * @throws HeraldError PRODUCER_INVALID for a sequence out of range; TypeError, RangeError for arguments of a wrong type.
   */
  publish(topic: string, payload: string | Uint8Array, options?: ProducerPublishOptions): PublishReceipt {
    const sequence = options?.sequence === undefined ? this.#next : checked(options.sequence)
    if (sequence > this.#next && !this.#isRemembered)
      throw invalid(`sequence ${sequence} was not given by ${this.name}, which was made without next`)
    const receipt = this.#publisher.publish(topic, payload, options, { name: this.name, sequence })
    // A number that was never sent is given again, so that it leaves no hole.
    const isTaken = receipt.result?.status !== 'refused'
    if (isTaken && sequence >= this.#next) this.#next = sequence + 1
    return receipt
  }

  /** Publishes messages in their order and waits for all outcomes, as `client.publishBatch` does. */
  publishBatch(
    publications: Iterable<ProducerPublication>,
    options: Pick<PublishOptions, 'ack' | 'deadlineMs'> & WaitOptions = {},
  ): Promise<PublishResult[]> {
    return this.#publisher.publishAll(publications, options, this)
  }
}

/** Characters of an ending: 36^10 of them, so that two that are drawn are not the same. */
const endingLength = 10

/** An ending for the name of a producer that nobody had before. `random`: uniform in [0, 1). */
export function drawEnding(random: () => number): string {
  return Array.from({ length: endingLength }, () => Math.floor(random() * 36).toString(36)).join('')
}

function checked(sequence: number): number {
  if (isProducerSequence(sequence)) return sequence
  throw invalid(`sequence is ${String(sequence)}, not 1..${Number.MAX_SAFE_INTEGER}`)
}

function invalid(reason: string): HeraldError {
  return new HeraldError('PRODUCER_INVALID', reason)
}
