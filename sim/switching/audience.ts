// The readers of the switching world, who outlive connections and nodes: whoever has none looks for another one.

import type { Dice } from '../dice.ts'
import type { SwitchingNode } from './switching-node.ts'
import { type ReaderJudge, SwitchingReader } from './switching-reader.ts'
import type { SwitchingWorld } from './world.ts'

const reconnectMs = 200

export class Audience {
  readonly #world: SwitchingWorld
  readonly #dice: Dice
  readonly readers: SwitchingReader[]

  constructor(world: SwitchingWorld, dice: Dice) {
    this.#world = world
    this.#dice = dice
    this.readers = world.audience as SwitchingReader[]
  }

  /** A reader from now on, which is over when its node is. */
  join(stream: string, node: SwitchingNode): void {
    const reader = new SwitchingReader(this.#world, this.readers.length, stream, true)
    this.readers.push(reader)
    reader.open(node)
  }

  /** A reader at a node of its own, or at whatever node is up. */
  read(stream: string, home: SwitchingNode | undefined, judge?: ReaderJudge): SwitchingReader {
    const reader = new SwitchingReader(this.#world, this.readers.length, stream, false, judge)
    this.readers.push(reader)
    const connect = (): void => {
      const node = home ?? this.#dice.pick(this.#world.nodes)
      if (reader.node === undefined && node?.isResponsive === true) reader.open(node)
      this.#world.timeline.after(reconnectMs, connect)
    }
    connect()
    return reader
  }
}
