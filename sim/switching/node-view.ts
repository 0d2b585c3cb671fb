// What a running node of the switching world knows and has, for those who judge the run and choose its faults.

import type { Broker } from '../../node/broker/broker.ts'
import type { Boot } from '../../node/core/common/ids.ts'
import type { MemberId } from '../../node/core/raft/quorum.ts'
import { isVoid } from '../../node/wire/batch-producer.ts'

export class NodeView {
  readonly #broker: Broker
  readonly #member: MemberId

  constructor(broker: Broker, member: MemberId) {
    this.#broker = broker
    this.#member = member
  }

  /** Its groups, and who is in each, as it knows; undefined while it has still to become a member of one, or somebody else has. */
  get groups(): string | undefined {
    const { leader } = this.#broker
    const groups = [...leader.groups.all]
    const isMember = groups.every(({ status: { configuration } }) => {
      const { isJoint, voters, members } = configuration
      return !isJoint && voters.size >= 3 && members.includes(this.#member)
    })
    if (leader.standing !== 'settled' || groups.length === 0 || !isMember) return undefined
    return JSON.stringify(groups.map(({ id, status }) => [id, status.configuration.toRecord()]).sort())
  }

  /** The number of a stream's present epoch; undefined while there is none, or it is sealed. */
  epochOf(name: string): number | undefined {
    const { streams, epochs } = this.#broker
    const replica = streams.find(name)
    return replica === undefined || replica.fence !== undefined ? undefined : epochs.numberOf(replica)
  }

  /** Whether a stream is in leader mode here. */
  hasOrder(name: string): boolean {
    return this.#broker.streams.find(name)?.definition.mode === 'leader'
  }

  /** Whether it holds a message, as one of an epoch or left over behind the fence of one. */
  has(stream: string, boot: Boot, sequence: number): boolean {
    return this.#broker.epochs.all(stream).some(({ origins }) => {
      const entry = origins.get(boot)?.log.atOrAfter(sequence)
      // One that stands for what is gone holds nothing.
      const isEmpty = entry?.frame !== undefined && isVoid(entry.frame)
      return entry !== undefined && entry.from <= sequence && !isEmpty
    })
  }
}
