// What a client's connections carry, overheard: where each message lies in the order of its stream, and which node the client is on.
// The library hands out neither, and a test must not work the places out from the order of delivery that it is to judge.

import type { Place } from '../../../audit/history/place.ts'
import { Client } from '../../../client/client.ts'
import type { ConnectOptions } from '../../../client/index.ts'
import type { TransportEvents } from '../../../client/transport.ts'
import { nodeEnvironment } from '../../../client/transport-node.ts'
import { fromOrigin } from '../../../node/core/common/ids.ts'
import {
  batchBoot,
  batchCount,
  batchEpoch,
  batchPlace,
  batchSequence,
  frameType,
} from '../../../node/wire/batch-header.ts'

export class PlaceTap {
  /** The node of each connection, in order. */
  readonly nodes: string[] = []
  /** Batches that came twice with different places, or without one. */
  readonly problems: string[] = []
  /** By boot and sequence. */
  readonly #places = new Map<string, Place>()

  /** Connects a client to a node, and listens to it from then on. */
  async connect(url: string, options: ConnectOptions = {}): Promise<Client> {
    const environment = nodeEnvironment()
    const dial: typeof environment.dial = (to, events, timeoutMs) =>
      environment.dial(to, this.#listen(events), timeoutMs)
    return await new Client({ ...environment, dial }, url, options).start()
  }

  /** Where a message lies; undefined if it did not come. */
  placeOf(origin: string, sequence: number): Place | undefined {
    return this.#places.get(`${fromOrigin(origin)?.boot} ${sequence}`)
  }

  #listen(events: TransportEvents): TransportEvents {
    return {
      onOpen: () => events.onOpen(),
      onFrame: (frame) => {
        if (frame[0] === frameType.batch) this.#onBatch(frame)
        events.onFrame(frame)
      },
      onText: (text) => {
        const message = JSON.parse(text)
        if (message.op === 'welcome') this.nodes.push(message.node)
        events.onText(text)
      },
      onDrain: () => events.onDrain(),
      onClose: (status, reason) => events.onClose(status, reason),
    }
  }

  #onBatch(frame: Uint8Array): void {
    const epoch = batchEpoch(frame)
    for (let index = 0; index < batchCount(frame); index++) {
      const key = `${batchBoot(frame)} ${batchSequence(frame) + index}`
      const offset = batchPlace(frame) === 0 ? 0 : batchPlace(frame) + index
      const known = this.#places.get(key) ?? { epoch, offset }
      if (offset === 0 || known.epoch !== epoch || known.offset !== offset)
        this.problems.push(`${key} came at ${epoch}/${offset}, and at ${known.epoch}/${known.offset}`)
      this.#places.set(key, known)
    }
  }
}
