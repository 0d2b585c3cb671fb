// Frames that travel in parts wait here for room on their links: a floor may be many times what a link may have waiting. Whole frames go
// past them, so that heartbeats do.

import type { NodeId } from '../core/common/ids.ts'

export interface PartQueuePorts {
  readonly sendFrame: (node: NodeId, frame: Uint8Array) => void
  /** Bytes that wait on the link to a node; undefined where there is none. */
  readonly queuedBytes: (node: NodeId) => number | undefined
}

/** A link is handed the next part while less than this waits on it: with that part it is far below what a link closes for. */
const roomBytes = 1_048_576

export class PartQueues {
  readonly #ports: PartQueuePorts
  readonly #queues = new Map<NodeId, Uint8Array[]>()

  constructor(ports: PartQueuePorts) {
    this.#ports = ports
  }

  /** Sends the parts of a frame, those of one behind the other. */
  send(node: NodeId, parts: readonly Uint8Array[]): void {
    const queue = this.#queues.get(node) ?? []
    for (const part of parts) queue.push(part)
    this.#queues.set(node, queue)
    this.#feed(node, queue)
  }

  /** Some time has passed: links have room again. */
  feed(): void {
    for (const [node, queue] of this.#queues) this.#feed(node, queue)
  }

  /** What was on its way over a link that is gone, is lost: Raft asks again. */
  forget(node: NodeId): void {
    this.#queues.delete(node)
  }

  #feed(node: NodeId, queue: Uint8Array[]): void {
    const { sendFrame, queuedBytes } = this.#ports
    let sent = 0
    while (sent < queue.length && (queuedBytes(node) ?? Number.POSITIVE_INFINITY) < roomBytes)
      sendFrame(node, queue[sent++] as Uint8Array)
    queue.splice(0, sent)
    if (queue.length === 0 || queuedBytes(node) === undefined) this.#queues.delete(node)
  }
}
