// Nobody takes for committed what a majority of disks does not have: no leader says so, no disk does, and no floor stands for it. One
// floor has one state, whoever has written it.

import { crc32 } from 'node:zlib'
import { Violation } from '../../run.ts'
import type { Durable, LogInvariant, LogWorld, Sent } from '../log-world.ts'

const newline = 0x0a

export class CommitIsDurable implements LogInvariant {
  readonly name = 'commit is durable'
  readonly #world: LogWorld
  /** By group and index. */
  readonly #states = new Map<string, number>()

  constructor(world: LogWorld) {
    this.#world = world
  }

  onSent({ node, group, message }: Sent): void {
    if (message.kind === 'append' || message.kind === 'heartbeat')
      this.#expect(node, group, message.commit, 'says that entries are committed')
    else if (message.kind === 'read-answer') this.#expect(node, group, message.index, 'answers a read')
    else if (message.kind === 'snapshot')
      this.#expect(node, group, message.snapshot.index, 'sends a snapshot')
  }

  onDurable({ node, record }: Durable): void {
    const { group } = record
    if (record.kind === 'hard-state')
      return this.#expect(node, group, record.hardState.commit, 'has written a commit index')
    if (record.kind !== 'floor' && record.kind !== 'snapshot') return
    const { index, term, data, configuration } = record.snapshot
    if (index === 0) return
    this.#expect(node, group, index, 'has written a floor')
    const entry = this.#world.commits.group(group).entries[index - 1]
    if (entry?.term !== term)
      throw new Violation(
        this.name,
        `${node}, group ${group}: floor ${index} has term ${term}, not ${entry?.term}`,
      )
    const members = this.#world.commits.group(group).configurationAt(index)?.toRecord()
    if (JSON.stringify(members) !== JSON.stringify(configuration))
      throw new Violation(
        this.name,
        `${node}, group ${group}: floor ${index} has other members than the log: ${JSON.stringify(configuration)}, not ${JSON.stringify(members)}`,
      )
    const key = `${group} ${index}`
    // What follows the first line is about what this member keeps.
    const end = data.indexOf(newline)
    const state = crc32(end < 0 ? data : data.subarray(0, end))
    if ((this.#states.get(key) ?? state) !== state)
      throw new Violation(
        this.name,
        `${node}, group ${group}: floor ${index} has another state than elsewhere`,
      )
    this.#states.set(key, state)
  }

  #expect(node: string, group: number, index: number, what: string): void {
    const { last } = this.#world.commits.group(group)
    if (index <= last) return
    const why = `up to ${index}, a majority of disks has ${last}`
    throw new Violation(this.name, `${node}, group ${group}: ${what} ${why}`)
  }
}
