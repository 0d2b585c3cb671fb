// The clocks of the nodes against each other, from the `clock` lines: of all measurements between two nodes the one
// with the smallest error counts, the later one among equals.

import { mapEntry } from './map-entry.ts'

/** One measurement between two nodes. */
export interface ClockOffset {
  /** The second node's clock minus the first one's, in milliseconds. */
  readonly offsetMs: number
  readonly errorMs: number
}

/** Answers how far two nodes' clocks are apart. */
export class ClockTable {
  /** node -> peer -> best measurement made by that node. */
  readonly #measured = new Map<string, Map<string, ClockOffset>>()

  /** `node` found its peer's clock `offsetMs` ahead of its own. */
  add(node: string, peer: string, { offsetMs, errorMs }: ClockOffset): void {
    const peers = mapEntry(this.#measured, node, () => new Map<string, ClockOffset>())
    const known = peers.get(peer)
    if (known === undefined || errorMs <= known.errorMs) peers.set(peer, { offsetMs, errorMs })
  }

  /** The clock of `to` minus the clock of `from`; undefined when neither measured the other. */
  between(from: string, to: string): ClockOffset | undefined {
    if (from === to) return { offsetMs: 0, errorMs: 0 }
    const there = this.#measured.get(from)?.get(to)
    const back = this.#measured.get(to)?.get(from)
    if (back === undefined || (there !== undefined && there.errorMs <= back.errorMs)) return there
    return { offsetMs: -back.offsetMs, errorMs: back.errorMs }
  }

  /** A time by the clock of `from`, told by the clock of `to`; as it is when the two never measured each other. */
  translate(moment: number, from: string, to: string): number {
    return moment + (this.between(from, to)?.offsetMs ?? 0)
  }
}
