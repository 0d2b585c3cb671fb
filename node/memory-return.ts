// Gives memory back after a flood. V8 collects when something is allocated; a node that has become quiet allocates nothing,
// and batches that retention has dropped would stay in memory until the next flood. So a quiet node that holds much more
// than it retains collects, and not again before there is more to give back.

import v8 from 'node:v8'
import vm from 'node:vm'

/** Memory beyond what is retained that a quiet node may hold: the heap of a node at rest is half of it. */
const sparedBytesMax = 33_554_432
/** A second in which less than this came in is quiet. */
const quietBytesMax = 1_048_576

export class MemoryReturn {
  #lastInsertedBytes = 0
  /** What the last collection of this quiet time left. */
  #leftBytes = 0
  #isCollected = false
  readonly #collect: () => void
  readonly #heldBytes: () => number

  /** Both are V8's; tests bring their own. */
  constructor(collect?: () => void, heldBytes?: () => number) {
    this.#collect = collect ?? collectAll
    this.#heldBytes = heldBytes ?? heldByV8
  }

  /**
   * Once a second: `insertedBytes` were taken in over the node's life, `retainedBytes` are held now. Collects if the last
   * second was quiet and there is something to give back.
   */
  onSecond(insertedBytes: number, retainedBytes: number): void {
    const isQuiet = insertedBytes - this.#lastInsertedBytes < quietBytesMax
    this.#lastInsertedBytes = insertedBytes
    if (!isQuiet) {
      this.#leftBytes = 0
      return
    }
    const bytes = this.#heldBytes()
    // The second after a collection shows what it left; from there on only what comes on top counts.
    if (this.#isCollected) {
      this.#isCollected = false
      this.#leftBytes = bytes
    }
    if (bytes < Math.max(retainedBytes, this.#leftBytes) + sparedBytesMax) return
    this.#isCollected = true
    this.#collect()
  }
}

/** The heap, and what lives outside of it on the heap's account: batches, and what was read from sockets. */
function heldByV8(): number {
  const { used_heap_size: heapBytes, external_memory: externalBytes } = v8.getHeapStatistics()
  return heapBytes + externalBytes
}

let exposed: (() => void) | undefined

function collectAll(): void {
  exposed ??= exposeCollection()
  exposed()
}

/** V8's own collector, which Node only shows where a flag says so. */
function exposeCollection(): () => void {
  v8.setFlagsFromString('--expose-gc')
  const collect: unknown = vm.runInNewContext('gc')
  v8.setFlagsFromString('--no-expose-gc')
  return typeof collect === 'function'
    ? () => collect({ type: 'major', execution: 'async' })
    : () => undefined
}
