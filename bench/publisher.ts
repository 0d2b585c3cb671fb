// The publisher's end of a measurement: one connection, on which it publishes phase after phase in the way it is asked for, or steadily
// until it is told to stop.

import { Acknowledgements } from './acknowledgements.ts'
import { clockMs } from './clock.ts'
import type { BenchConnection, PayloadSource, PublishingConnection } from './drivers/driver.ts'
import { PayloadRing, payloadSlots } from './payload.ts'
import { ProcessorTime } from './processor-time.ts'
import { publishInFlight, publishOnSchedule } from './publishing.ts'
import { newHistogram, recordMs, summarize } from './receiver.ts'
import { Schedule } from './schedule.ts'
import { Sleeper } from './sleeper.ts'
import { SteadyPublisher } from './steady-publisher.ts'
import { Ticker, type TickerEnvironment } from './ticker.ts'
import { Window } from './window.ts'
import type { ProgressNote, PublishRequest, Sent, WorkerRequest } from './worker-protocol.ts'

/** Messages between two looks at the clock while publishing flat out. */
const clockEvery = 256
const tickMs = 1
/** So far behind its schedule, a system does not carry the rate, and the latency would only say for how long it was tried. */
const behindSecondsMax = 2

type Request<Op extends WorkerRequest['op']> = WorkerRequest & { readonly op: Op }

/** Where messages go whose time has come. */
interface Outlet {
  publish(payload: Uint8Array, intendedMs: number): void
  /** Resolves when everything published has arrived. */
  finish(): Promise<void>
}

export class Publisher {
  readonly #target: PublishingConnection
  /** The same connection, where it can do more than wait for each publication. */
  readonly #connection: BenchConnection | undefined
  readonly #processorTime = new ProcessorTime()
  #ring: PayloadRing | undefined
  #flooding: { readonly phase: number; readonly window: Window } | undefined
  #steady: SteadyPublisher | undefined

  constructor(target: PublishingConnection, connection: BenchConnection | undefined) {
    this.#target = target
    this.#connection = connection
  }

  /** One phase. */
  async publish(request: PublishRequest): Promise<Sent> {
    switch (request.op) {
      case 'flood':
        return await this.#flood(request)
      case 'loop':
        return await this.#loop(request)
      case 'load':
        return await (request.isAcknowledged ? this.#loadAcknowledged(request) : this.#load(request))
    }
  }

  /** How far the slowest subscriber is. */
  onProgress({ phase, received }: ProgressNote): void {
    if (this.#flooding?.phase === phase) this.#flooding.window.onProgress(received)
  }

  /** Publishes steadily from now on; resolves when it has begun. */
  async begin({ topic, phase, payloadBytes, ratePerSecond }: Request<'begin'>): Promise<void> {
    const ring = this.#beginRing(payloadBytes, phase)
    const publishNext = (): Promise<void> => this.#target.publishAndWait(topic, ring.next())
    this.#steady = new SteadyPublisher(await Sleeper.start(), ratePerSecond, publishNext)
  }

  /** When each steady publication was acknowledged, on the host's clock. */
  get acknowledgedAt(): readonly number[] {
    return this.#steady?.acknowledgedAt ?? []
  }

  /** Steady publications that were refused, or whose outcome is not known. */
  get failures(): number {
    return this.#steady?.failures ?? 0
  }

  /** Resolves when nothing is published steadily any more. */
  async end(): Promise<void> {
    await this.#steady?.stop()
  }

  async #flood({ topic, phase, payloadBytes, durationMs, isWindowed }: Request<'flood'>): Promise<Sent> {
    const target = this.#theConnection()
    const ring = this.#beginRing(payloadBytes, phase)
    const window = new Window(payloadBytes)
    this.#flooding = { phase, window }
    const firstAt = this.#beginPhase()
    const next = untilOver(ring, firstAt + durationMs, clockEvery)
    await target.publishAll(topic, next, () => (isWindowed ? window.open(ring.count) : Promise.resolve()))
    return this.#toSent(ring.count, firstAt)
  }

  async #loop({ topic, phase, payloadBytes, durationMs, inFlight }: Request<'loop'>): Promise<Sent> {
    const target = this.#target
    const ring = this.#beginRing(payloadBytes, phase)
    const firstAt = this.#beginPhase()
    const next = untilOver(ring, firstAt + durationMs, 1)
    await publishInFlight(inFlight, next, (payload) => target.publishAndWait(topic, payload))
    return this.#toSent(ring.count, firstAt)
  }

  async #load(request: Request<'load'>): Promise<Sent> {
    const target = this.#theConnection()
    return await this.#publishDue(request, {
      publish: (payload) => target.publish(request.topic, payload),
      finish: () => target.flush(),
    })
  }

  async #loadAcknowledged(request: Request<'load'>): Promise<Sent> {
    await using sleeper = await Sleeper.start()
    const latencies = newHistogram()
    const acknowledgements = new Acknowledgements((intendedMs) => recordMs(latencies, clockMs() - intendedMs))
    const underWayMax = request.ratePerSecond * behindSecondsMax
    const publish = (payload: Uint8Array, intendedMs: number): void => {
      if (acknowledgements.underWay >= underWayMax)
        throw new Error(`${behindSecondsMax} s behind at ${request.ratePerSecond} messages/s`)
      acknowledgements.follow(this.#target.publishAndWait(request.topic, payload), intendedMs)
    }
    const finish = (): Promise<void> => acknowledgements.settled()
    const sent = await this.#publishDue(request, { publish, finish }, sleeper)
    if (acknowledgements.failure !== undefined) throw acknowledgements.failure
    return { ...sent, latency: summarize(latencies) }
  }

  /** Publishes everything of a schedule when it is due. */
  async #publishDue(
    { phase, payloadBytes, durationMs, ratePerSecond }: Request<'load'>,
    outlet: Outlet,
    environment?: TickerEnvironment,
  ): Promise<Sent> {
    const ring = this.#beginRing(payloadBytes, phase)
    const delays = newHistogram()
    const firstAt = this.#beginPhase()
    const count = Math.round((durationMs * ratePerSecond) / 1000)
    const schedule = new Schedule({ startMs: firstAt, ratePerSecond, count })
    const ticker = new Ticker(firstAt, tickMs, environment)
    await publishOnSchedule(schedule, ticker, clockMs, (intendedMs, nowMs) => {
      recordMs(delays, nowMs - intendedMs)
      outlet.publish(ring.nextAt(intendedMs), intendedMs)
    })
    await outlet.finish()
    return { ...this.#toSent(ring.count, firstAt), missed: schedule.missed, sendDelay: summarize(delays) }
  }

  #theConnection(): BenchConnection {
    if (this.#connection === undefined) throw new Error('each publication of this system is waited for')
    return this.#connection
  }

  /** The ring of the warm-up serves the measured phase too: making one means collecting one. */
  #beginRing(payloadBytes: number, phase: number): PayloadRing {
    if (this.#ring?.payloadBytes !== payloadBytes) this.#ring = new PayloadRing(payloadBytes, payloadSlots)
    return this.#ring.begin(phase)
  }

  /** When the phase began, on the host's clock. */
  #beginPhase(): number {
    this.#processorTime.restart()
    return clockMs()
  }

  /** What is said of every phase that is over. */
  #toSent(sent: number, firstAt: number): Sent {
    const { failures } = this.#target
    const over = { lastAt: clockMs(), cpuMs: this.#processorTime.ms }
    return { sent, failures, firstAt, ...over, missed: 0, sendDelay: undefined, latency: undefined }
  }
}

/** The next messages until a time, which is looked up every few of them. */
function untilOver(ring: PayloadRing, endAt: number, every: number): PayloadSource {
  return () => (ring.count % every === 0 && clockMs() >= endAt ? undefined : ring.next())
}
