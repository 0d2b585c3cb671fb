// What the journal is told of the order in which one subscription gets its streams in leader mode. Only where it gets every message of a
// stream: then the offsets that it is handed follow one another, and what it was handed can be compared with others.

import type { Replica } from '../core/stream/replica.ts'
import { batchBoot, batchEpoch, batchPlace, batchSequence } from '../wire/batch-header.ts'
import { type OrderPoint, OrderTrace } from './order-trace.ts'
import type { BrokerPorts } from './ports.ts'

/** Stretches that end in one second and are written at once. The ends of more are not written: their lines would outweigh the messages. */
const endsPerSecondMax = 16

export class SubscriberOrder {
  readonly #ports: Pick<BrokerPorts, 'now' | 'recorder'>
  readonly #sub: string
  /** The present stretch of every stream's epoch; undefined where the subscription does not get everything. */
  readonly #traces = new Map<Replica, OrderTrace | undefined>()
  /** Where the last batch belonged: the next one most often belongs there too. */
  #lastReplica: Replica | undefined
  #lastTrace: OrderTrace | undefined
  /** Stretches that have ended in this second. */
  #ends = 0

  constructor(ports: Pick<BrokerPorts, 'now' | 'recorder'>, sub: string) {
    this.#ports = ports
    this.#sub = sub
  }

  /** A batch was delivered whole from one of its sequences on. */
  pass(replica: Replica, frame: Uint8Array, from: number, to: number): void {
    const offset = batchPlace(frame) + from - batchSequence(frame)
    let trace = replica === this.#lastReplica ? this.#lastTrace : this.#find(replica)
    if (trace?.next !== offset) {
      if (this.#isFiltered(replica)) return
      trace = this.#begin(replica, trace, batchEpoch(frame), offset)
    }
    trace.pass(batchBoot(frame), from, offset, to - from + 1)
  }

  /** Something of a batch was not for the subscription, so nothing more can be compared in this epoch. */
  leave(replica: Replica): void {
    if (replica.definition.mode !== 'leader' || this.#isFiltered(replica)) return
    this.#tell(replica, this.#traces.get(replica)?.finish())
    this.#traces.set(replica, undefined)
    this.#lastReplica = undefined
  }

  onSecond(): void {
    this.#ends = 0
    for (const [replica, trace] of this.#traces) {
      const point = trace?.onSecond()
      this.#tell(replica, point)
      // An epoch that has ended, and of which nothing has come for a second.
      if (point === undefined && replica.fence !== undefined) this.#forget(replica)
    }
  }

  /** Writes what is not written. */
  flush(): void {
    for (const [replica, trace] of this.#traces) this.#tell(replica, trace?.finish())
  }

  /** The subscription has ended on a stream. */
  end(replica: Replica): void {
    this.#tell(replica, this.#traces.get(replica)?.finish())
    this.#forget(replica)
  }

  #find(replica: Replica): OrderTrace | undefined {
    this.#lastReplica = replica
    this.#lastTrace = this.#traces.get(replica)
    return this.#lastTrace
  }

  #isFiltered(replica: Replica): boolean {
    return this.#traces.has(replica) && this.#traces.get(replica) === undefined
  }

  /** Something lies between the last offset and this one that the subscription does not get, or has had before. */
  #begin(replica: Replica, before: OrderTrace | undefined, epoch: number, offset: number): OrderTrace {
    if (before !== undefined && this.#ends++ < endsPerSecondMax) this.#tell(replica, before.finish())
    const trace = new OrderTrace(epoch, offset)
    this.#traces.set(replica, trace)
    this.#lastReplica = replica
    this.#lastTrace = trace
    return trace
  }

  #forget(replica: Replica): void {
    this.#traces.delete(replica)
    this.#lastReplica = undefined
  }

  #tell(replica: Replica, point: OrderPoint | undefined): void {
    const epoch = this.#traces.get(replica)?.epoch
    if (point === undefined || epoch === undefined) return
    const at = this.#ports.now()
    const line = { t: 'order', at, sub: this.#sub, stream: replica.name, epoch, ...point } as const
    this.#ports.recorder.subscriptionEvent(line)
  }
}
