// A stream in gossip mode under load, beside the one in leader mode: a publisher and a subscriber on every node, and what must have become
// of it all once the network is whole.

import assert from 'node:assert/strict'
import { type Client, connect, type Message } from '../../../client/index.ts'
import type { ClusterNode } from '../cluster-node.ts'
import { Load } from '../leader/load.ts'
import { type Receipt, Recorder } from '../leader/recorder.ts'
import { Ledger } from '../ledger.ts'
import { subscribeNodes } from '../traffic.ts'
import { until } from '../until.ts'

const stream = 'notes'
const patterns = 'notes.>'

/** What a subscriber got, by its text. */
class Reader extends Ledger {
  protected override read(message: Message): string {
    return message.text()
  }
}

export class Notes implements AsyncDisposable {
  readonly #recorder = new Recorder(stream)
  /** By the node that they are connected to. */
  readonly #readers = new Map<string, Reader>()
  readonly #clients: Client[] = []
  #load: Load | undefined

  /** Makes the stream, and puts a subscriber and a publisher on every node. */
  static async start(nodes: readonly ClusterNode[]): Promise<Notes> {
    await nodes[0]?.admin.putStream(stream, { topics: [patterns] })
    await until(`all nodes know the stream ${stream}`, async () => {
      const statuses = await Promise.all(nodes.map((node) => node.status()))
      return statuses.every(({ streams }) => streams.some(({ name }) => name === stream))
    })
    await subscribeNodes(nodes, patterns)
    const notes = new Notes()
    for (const { id, url } of nodes) {
      const reader = new Reader()
      const client = await connect(url, { reconnect: { maxMs: 200 } })
      notes.#clients.push(client)
      notes.#readers.set(id, reader)
      await client.subscribe(patterns, { from: 'earliest' }, reader.take)
    }
    notes.#load = await Load.start(notes.#recorder, nodes, { name: stream, topic: 'notes.new' })
    return notes
  }

  /** Resolves when the publishers of these nodes have so many more acknowledgements than now. */
  async untilAcknowledged(nodes: readonly string[], more: number): Promise<void> {
    const goals = nodes.map((node) => ({ node, goal: this.#acknowledgedAt(node) + more }))
    await until(`${nodes.join(', ')} acknowledge ${more} more notes`, () =>
      goals.every(({ node, goal }) => this.#acknowledgedAt(node) >= goal),
    )
  }

  /** Resolves when the subscriber on a node has everything that is acknowledged by now. */
  async untilRead(node: string): Promise<void> {
    const goal = this.#recorder.receipts.filter(isAcknowledged).map(({ append }) => append.value)
    await until(`the subscriber on ${node} has ${goal.length} notes`, () => {
      const texts = new Set(this.#readers.get(node)?.texts)
      return goal.every((text) => texts.has(text))
    })
  }

  /** Ends the publishers. */
  async stop(): Promise<void> {
    await this.#load?.stop()
  }

  /**
   * When everything is healed: every node took everything that its publisher brought, and every subscriber gets all of it once, those of
   * a publisher in order, without a gap.
   */
  async judge(): Promise<void> {
    const { receipts } = this.#recorder
    const others = receipts.filter((receipt) => !isAcknowledged(receipt))
    assert.deepEqual(
      others.map(({ result }) => result),
      [],
      'no note is refused or unknown',
    )
    for (const [node, reader] of this.#readers) {
      await this.untilRead(node)
      reader.assertComplete(receipts.length)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load?.[Symbol.asyncDispose]()
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  #acknowledgedAt(node: string): number {
    return this.#load?.receipts(node).filter(isAcknowledged).length ?? 0
  }
}

function isAcknowledged({ result }: Receipt): boolean {
  return result.status === 'acknowledged'
}
