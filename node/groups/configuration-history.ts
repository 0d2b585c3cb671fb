// Who was in a group behind which entry: a floor says who was in it at its own index, and changes may have been applied since.

import type { ConfigurationRecord } from '../core/raft/configuration.ts'

interface Since {
  readonly index: number
  readonly configuration: ConfigurationRecord
}

export class ConfigurationHistory {
  /** By index, ascending; the first one is that of the floor, or older. */
  #all: Since[]

  constructor(index: number, configuration: ConfigurationRecord) {
    this.#all = [{ index, configuration }]
  }

  /** The change of an entry is applied; undefined where a snapshot behind it stands for it. */
  add(index: number, configuration: ConfigurationRecord | undefined): void {
    if (configuration !== undefined) this.#all.push({ index, configuration })
  }

  /** A floor stands in the place of everything. */
  restore(index: number, configuration: ConfigurationRecord): void {
    this.#all = [{ index, configuration }]
  }

  /** Who is in the group behind an entry, which lies behind the last one that was asked for: nobody asks for less any more. */
  take(index: number): ConfigurationRecord {
    const at = this.#all.findLastIndex((each) => each.index <= index)
    this.#all = this.#all.slice(Math.max(0, at))
    return (this.#all[0] as Since).configuration
  }
}
