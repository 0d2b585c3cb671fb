// If two logs have an entry of the same index and term, they are the same up to there (Raft figure 3). By induction: such an
// entry has the same data everywhere and follows an entry of the same term.

import { Violation } from '../../run.ts'
import type { DurableGroup } from '../durable-log.ts'
import type { Durable, LogInvariant } from '../log-world.ts'

interface Known {
  readonly checksum: number
  /** Term of the entry before; undefined while no log that has it was seen. */
  termBefore: number | undefined
}

export class LogMatching implements LogInvariant {
  readonly name = 'log matching'
  readonly #known = new Map<string, Known>()

  onDurable({ node, record, disk, entries }: Durable): void {
    const first = entries[0]?.index ?? 0
    if (entries.length > 0 && disk.termAt(first - 1) === undefined && first > 1)
      throw new Violation(this.name, `${node}, group ${record.group}: nothing is before ${first}`)
    for (const { index, term, checksum } of entries)
      this.#check(node, record.group, disk, { index, term, checksum })
  }

  #check(
    node: string,
    group: number,
    disk: DurableGroup,
    { index, term, checksum }: { readonly index: number; readonly term: number; readonly checksum: number },
  ): void {
    const key = `${group} ${index} ${term}`
    const termBefore = index === 1 ? 0 : disk.termAt(index - 1)
    const known = this.#known.get(key)
    if (known === undefined) {
      this.#known.set(key, { checksum, termBefore })
      return
    }
    const place = `${node}, group ${group}: entry ${index} of term ${term}`
    if (known.checksum !== checksum) throw new Violation(this.name, `${place} has other data than elsewhere`)
    if (known.termBefore !== termBefore)
      throw new Violation(this.name, `${place} follows term ${termBefore}, elsewhere ${known.termBefore}`)
  }
}
