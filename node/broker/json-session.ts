// A connection of a person, or of a program in any language, with a WebSocket tool (`herald.json.v1`, docs/protocol.md
// section 3): one JSON object a message, both ways. Inside it is the same publisher and the same subscriptions.

import { protocolLimits } from '../core/common/limits.ts'
import { copiesTimeoutReason, type PublishRefusal } from '../core/common/publish-endings.ts'
import type { OriginState } from '../core/stream/replica.ts'
import { topicProblem } from '../core/stream/topic.ts'
import { fromBase64, toBase64 } from '../wire/base64.ts'
import { BatchBuilder } from '../wire/batch-builder.ts'
import { type AckLevel, ackLevels, recordFlag } from '../wire/batch-header.ts'
import {
  isProducerName,
  isProducerSequence,
  type ProducerTag,
  producerNameRule,
} from '../wire/batch-producer.ts'
import { BatchReader, readHeaders } from '../wire/batch-reader.ts'
import { isRefusal, readControl } from '../wire/control.ts'
import type { AcknowledgedRun, PublishOutcome } from '../wire/control-frames.ts'
import { countBytes, readText, tryReadText } from '../wire/text.ts'
import type { Broker } from './broker.ts'
import type { ClientSubscription } from './client-subscription.ts'
import type { SessionSink } from './ports.ts'
import { headersProblem } from './record-limits.ts'
import { Session } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'

type Fields = Partial<Record<string, unknown>>

/** Publishes of a connection whose answer is outstanding; more are refused. */
const outstandingMax = 10_000

export class JsonSession extends Session {
  override readonly sendsWholeFrames = false
  readonly #builder: BatchBuilder
  readonly #reader = new BatchReader()
  /** Ids of the publishes that are to be answered, by the number of their frame. */
  readonly #answers = new Map<number, unknown>()
  #nextNumber = 1

  constructor(broker: Broker, sink: SessionSink, table: SessionRegistry) {
    super(broker, sink, table)
    this.#builder = new BatchBuilder(broker.ports.allocate)
    this.send(this.welcome())
  }

  override onFrame(): void {
    this.endRefused({ refused: 'FRAME_UNKNOWN', reason: 'herald.json.v1 has no binary messages' })
  }

  override onText(text: string): void {
    // A payload of the largest size, escaped or in base64, makes a text longer than any other control message.
    if (text.length <= protocolLimits.frameBytesMax && /^\s*\{\s*"op"\s*:\s*"publish"/.test(text)) {
      return this.#onPublishText(text)
    }
    const read = readControl(text)
    if (isRefusal(read)) return this.endRefused(read)
    const fields: Fields = read.fields
    if (fields['op'] === 'publish') return this.#onPublish(fields)
    if (fields['op'] === 'credit') return this.#onCredit(fields)
    this.onControl(text)
  }

  protected override answer(outcomes: readonly PublishOutcome[]): void {
    for (const outcome of outcomes) this.#answer(outcome)
  }

  override sendBatch(
    subscription: ClientSubscription,
    stream: string,
    state: OriginState,
    frame: Uint8Array,
    from: number,
    to: number,
  ): void {
    const topics = this.broker.topicTables.read(frame)
    if ('problem' in topics) return
    const reader = this.#reader
    reader.open(frame)
    while (reader.next()) {
      if (reader.sequence < from) continue
      const payload = frame.subarray(reader.payloadStart, reader.payloadEnd)
      const text = tryReadText(payload)
      const content = text === undefined ? { base64: toBase64(payload) } : { text }
      const { sequence, time } = reader
      const headers = readHeaders(frame, reader.headersStart, reader.headersEnd)
      const hasKey = (reader.flags & recordFlag.key) !== 0
      const key = hasKey ? { key: readText(frame.subarray(reader.keyStart, reader.keyEnd)) } : {}
      const { id } = subscription.request
      const topic = topics[reader.topicIndex]
      const { origin } = state
      const message = {
        op: 'message',
        id,
        topic,
        ...content,
        stream,
        origin,
        sequence,
        time,
        headers,
        ...key,
      }
      this.sink.sendText(JSON.stringify(message))
    }
    subscription.told.set(state, to)
  }

  #onPublishText(text: string): void {
    let fields: Fields
    try {
      fields = JSON.parse(text)
    } catch {
      return this.endRefused({ refused: 'CONTROL_MALFORMED', reason: 'text message is not JSON' })
    }
    this.#onPublish(fields)
  }

  #onPublish(fields: Fields): void {
    const { id, topic, headers, key, ack = 'local' } = fields
    const producer = readProducer(fields)
    if (!isAnswerId(id)) return this.endRefused(malformed('id: a number or a text of at most 255 characters'))
    const payload = readPayload(fields)
    const isProducerRefused = producer !== undefined && isRefusal(producer)
    const refusal = isProducerRefused ? producer : this.#publishProblem(topic, payload, headers, key, ack)
    if (refusal !== undefined || typeof topic !== 'string' || payload === undefined) {
      const { refused: code, reason: message } = refusal ?? malformed('topic')
      this.broker.ports.count('publishesRefused', 1)
      this.#reply({ op: 'published', id, status: 'refused', code, message })
      return
    }
    const options = {
      headers: headers as Readonly<Record<string, string>> | undefined,
      key: key as string | undefined,
    }
    if (producer !== undefined && !isProducerRefused) this.#builder.begin(producer)
    this.#builder.append(topic, payload, options, this.broker.ports.now())
    const number = this.#nextNumber++
    if (id !== undefined) this.#answers.set(number, id)
    const frame = this.#builder.finish(number, ack as AckLevel)
    const { lastRun } = this.publisher
    const problem = this.publisher.publish(frame)
    // Nobody else answers a publish without acknowledgement; of one that is refused the publisher tells.
    if (ack === 'none' && this.publisher.lastRun !== lastRun) {
      this.#answers.delete(number)
      this.#reply({ op: 'published', id, status: 'sent' })
    }
    this.pace(frame.length)
    if (problem !== undefined) this.endRefused(problem)
  }

  #publishProblem(
    topic: unknown,
    payload: unknown,
    headers: unknown,
    key: unknown,
    ack: unknown,
  ): PublishRefusal | undefined {
    if (typeof topic !== 'string') return malformed('topic')
    if (payload === undefined) return malformed('payload: one of text and base64')
    if (!ackLevels.includes(ack as AckLevel)) return malformed('ack')
    if (this.#answers.size >= outstandingMax) {
      return { refused: 'PUBLISH_RATE_LIMITED', reason: `${outstandingMax} publishes wait for an answer` }
    }
    const bytes = typeof payload === 'string' ? countBytes(payload) : (payload as Uint8Array).length
    if (bytes > protocolLimits.payloadBytesMax) {
      return {
        refused: 'PAYLOAD_TOO_LARGE',
        reason: `payload has ${bytes} bytes, at most 1048576 are allowed`,
      }
    }
    return topicProblem(topic) ?? headersProblem(headers, key)
  }

  #onCredit(fields: Fields): void {
    const { id, messages } = fields
    if (typeof id !== 'number' || typeof messages !== 'number')
      return this.endRefused(malformed('id or messages'))
    this.subscriptions.get(id)?.onCredit(messages, Number.MAX_SAFE_INTEGER)
  }

  #answer(outcome: PublishOutcome): void {
    const id = this.#answers.get(outcome.publish)
    this.#answers.delete(outcome.publish)
    if (outcome.status === 'refused') {
      const [code, ...rest] = outcome.reason.split(': ')
      this.#reply({ op: 'published', id, status: 'refused', code, message: rest.join(': ') })
      return
    }
    const run = outcome.runs[0]
    const place = run === undefined ? {} : this.#placeOf(run)
    if (outcome.status === 'stored') this.#reply({ op: 'published', id, status: 'acknowledged', ...place })
    else {
      this.#reply({
        op: 'published',
        id,
        status: 'unknown',
        ...place,
        code: 'COPIES_TIMEOUT',
        message: copiesTimeoutReason,
      })
    }
  }

  /** Of what was stored before, the first time's, as far as that is known. */
  #placeOf({ stream: id, boot, first, isDuplicate }: AcknowledgedRun): object {
    const replica = this.broker.replicaOf(id)
    const stream = replica?.name
    if (isDuplicate !== true) return { stream, origin: this.broker.origin, sequence: first }
    const origin = replica?.origins.get(boot)?.origin
    return origin === undefined
      ? { stream, duplicate: true }
      : { stream, origin, sequence: first, duplicate: true }
  }

  #reply(message: { readonly id: unknown; readonly [field: string]: unknown }): void {
    if (message.id !== undefined) this.sink.sendText(JSON.stringify(message))
  }
}

/** Ids are given back as they came; anything but a short text or a number could cost more than the message itself. */
function isAnswerId(id: unknown): boolean {
  return id === undefined || typeof id === 'number' || (typeof id === 'string' && id.length <= 255)
}

/** The payload; undefined unless exactly one of `text` and `base64` is there and valid. */
function readPayload(fields: Fields): string | Uint8Array | undefined {
  const { text, base64 } = fields
  if (base64 === undefined) return typeof text === 'string' ? text : undefined
  return text === undefined ? fromBase64(base64) : undefined
}

/** The producer of a publish; undefined where none is named. */
function readProducer({
  producer: name,
  producerSequence: sequence,
}: Fields): ProducerTag | PublishRefusal | undefined {
  if (name === undefined && sequence === undefined) return undefined
  if (isProducerName(name) && isProducerSequence(sequence)) return { name, sequence }
  const reason = `producer must be ${producerNameRule}, producerSequence a number from 1 to 2^53 - 1`
  return { refused: 'PRODUCER_INVALID', reason }
}

function malformed(field: string): PublishRefusal {
  return { refused: 'CONTROL_MALFORMED', reason: `publish has no valid ${field}` }
}
