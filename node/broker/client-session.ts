// A connection of a client library (`herald.client.v1`, docs/protocol.md section 2): publishes come in as binary frames,
// subscriptions as text; batches go out as their origin numbered them, each under the subscription selected last.

import type { Refusal } from '../core/common/errors.ts'
import { type Boot, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { GapReason, OriginState } from '../core/stream/replica.ts'
import { batchStream, frameType } from '../wire/batch-header.ts'
import {
  answerRequestProblem,
  decodeCredit,
  encodeAcknowledgement,
  encodeNodeControl,
  encodeProgress,
  encodeSelect,
  isRefusal,
} from '../wire/control.ts'
import type { PublishOutcome } from '../wire/control-frames.ts'
import type { Broker } from './broker.ts'
import type { ClientSubscription } from './client-subscription.ts'
import type { SessionSink } from './ports.ts'
import { Session } from './session.ts'
import type { SessionRegistry } from './session-registry.ts'

export class ClientSession extends Session {
  override readonly sendsWholeFrames = true
  /** The subscription to which the batches sent now belong. */
  #selected = 0
  readonly #announcedStreams = new Set<StreamId>()
  readonly #announcedBoots = new Set<Boot>()

  constructor(broker: Broker, sink: SessionSink, table: SessionRegistry) {
    super(broker, sink, table)
    sink.sendText(encodeNodeControl(this.welcome()))
  }

  override onFrame(frame: Uint8Array): void {
    const refusal = this.#onFrame(frame)
    if (refusal !== undefined) this.endRefused(refusal)
  }

  override onText(text: string): void {
    this.onControl(text)
  }

  protected override answer(outcomes: readonly PublishOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.status === 'refused') continue
      for (const { stream, boot, isDuplicate } of outcome.runs) {
        if (this.#announcedStreams.has(stream) && isDuplicate !== true) continue
        const replica = this.broker.replicaOf(stream)
        if (replica !== undefined) this.#announceStream(replica.name, stream)
        // Of what was stored before, another node may be the origin.
        const state = isDuplicate === true ? replica?.origins.get(boot) : undefined
        if (state !== undefined) this.#announceOrigin(state)
      }
    }
    this.sink.sendFrame(encodeAcknowledgement(outcomes))
  }

  override sendBatch(
    subscription: ClientSubscription,
    stream: string,
    state: OriginState,
    frame: Uint8Array,
    from: number,
    to: number,
  ): void {
    this.#tellPassed(subscription, stream, batchStream(frame), state, from)
    const { id } = subscription.request
    if (this.#selected !== id) {
      this.#selected = id
      this.sink.sendFrame(encodeSelect(id))
    }
    this.sink.sendFrame(frame)
    subscription.told.set(state, to)
  }

  override sendGap(
    subscription: ClientSubscription,
    stream: string,
    state: OriginState,
    from: number,
    to: number,
    reason: GapReason,
  ): void {
    this.#tellPassed(subscription, stream, toStreamId(stream), state, from)
    super.sendGap(subscription, stream, state, from, to, reason)
  }

  override onSecond(now: number): void {
    for (const subscription of this.subscriptions.values()) this.#tellProgress(subscription)
    super.onSecond(now)
  }

  #onFrame(frame: Uint8Array): Refusal | undefined {
    if (frame[0] === frameType.publish) {
      const refusal = this.publisher.publish(frame)
      this.pace(frame.length)
      return refusal
    }
    if (frame[0] === frameType.answerRequest) {
      const problem = answerRequestProblem(frame)
      if (problem === undefined) this.publisher.answers.answerNow()
      return problem
    }
    if (frame[0] !== frameType.credit) {
      return { refused: 'FRAME_UNKNOWN', reason: `binary message of type ${frame[0] ?? 'none'}` }
    }
    const credit = decodeCredit(frame)
    if (isRefusal(credit)) return credit
    this.subscriptions.get(credit.subscription)?.onCredit(credit.messages, credit.bytes)
    return undefined
  }

  /** Says what was passed over without a batch, so that the client's cursor does not fall behind retention. */
  #tellProgress(subscription: ClientSubscription): void {
    const { subscriber } = subscription
    for (const replica of subscriber?.streams ?? []) {
      const feed = subscriber?.feedOf(replica)
      for (const state of replica.origins.values()) {
        const passed = feed?.vector.get(state.boot)
        if (passed === undefined || passed <= (subscription.told.get(state) ?? 0)) continue
        this.#announce(replica.name, replica.id, state)
        this.#sendProgress(subscription, replica.id, state, passed)
      }
    }
  }

  /**
   * What was passed over without a word must be said before `from` comes. That holds before the first item of an origin
   * as well: the client has a vector already if it resumes, or from the cursor in `subscribed`.
   */
  #tellPassed(
    subscription: ClientSubscription,
    name: string,
    stream: StreamId,
    state: OriginState,
    from: number,
  ): void {
    this.#announce(name, stream, state)
    // Members of a queue have no positions of their own.
    if (subscription.request.queue !== undefined) return
    const told = subscription.told.get(state) ?? 0
    if (told !== from - 1) this.#sendProgress(subscription, stream, state, from - 1)
  }

  #sendProgress(
    subscription: ClientSubscription,
    stream: StreamId,
    state: OriginState,
    sequence: number,
  ): void {
    const { id } = subscription.request
    this.sink.sendFrame(encodeProgress({ subscription: id, stream, boot: state.boot, sequence }))
    subscription.told.set(state, sequence)
  }

  #announceStream(name: string, number: StreamId): void {
    if (this.#announcedStreams.has(number)) return
    this.#announcedStreams.add(number)
    this.send({ op: 'stream', number, name })
  }

  #announce(name: string, number: StreamId, state: OriginState): void {
    this.#announceStream(name, number)
    this.#announceOrigin(state)
  }

  #announceOrigin(state: OriginState): void {
    if (this.#announcedBoots.has(state.boot)) return
    this.#announcedBoots.add(state.boot)
    this.send({ op: 'origin', boot: state.boot, origin: state.origin })
  }
}
