// Every node delivers what was published and committed, at its offset, with its bytes, in the order of offsets, each once.

import { toStreamId } from '../../../node/core/common/ids.ts'
import type { Entry } from '../../../node/core/stream/entry.ts'
import type { Replica } from '../../../node/core/stream/replica.ts'
import { batchEpoch, batchPlace } from '../../../node/wire/batch-header.ts'
import { isVoid } from '../../../node/wire/batch-producer.ts'
import { Violation } from '../../run.ts'
import type { DurableEntry } from '../durable-log.ts'
import type { LeaderNode } from '../leader-node.ts'
import type { Placing } from '../order.ts'
import { checksumOf, checksumOfPart, type Publication } from '../publications.ts'
import type { LeaderInvariant, LeaderWorld } from '../world.ts'

export class OneOrder implements LeaderInvariant {
  readonly name = 'one order'
  readonly #world: LeaderWorld
  /** Offset behind which each replica is. */
  readonly #next = new WeakMap<Replica, number>()

  constructor(world: LeaderWorld) {
    this.#world = world
  }

  onCommitted(group: number, { data }: DurableEntry): void {
    const { order, tally } = this.#world
    const placing = order.apply(group, data)
    if (placing === undefined) return
    tally.count('batches committed')
    const { stream, boot, from, count, checksum } = placing
    const publication = this.#world.publications.find(stream, boot, from)
    const isWhole = publication?.to === from + count - 1 && publication.checksum === checksum
    if (!isWhole && !isPartOf(placing, publication))
      throw new Violation(this.name, `${describe(placing)} was not published like this`)
  }

  onDelivered(node: LeaderNode, replica: Replica, entry: Entry): void {
    const { frame, from, to, boot } = entry
    const order = this.#world.order.streamOf(toStreamId(replica.name))
    // Retention may have dropped it in the same turn.
    const isPlaceless = frame === undefined || isVoid(frame)
    const placing = isPlaceless ? order.find(boot, from) : order.at(batchPlace(frame))
    const where = `${node.id}, ${replica.name}: ${boot.toString(36)} ${from}-${to}`
    if (placing === undefined) throw new Violation(this.name, `${where} is not committed`)
    const { offset, count } = placing
    if (placing.boot !== boot || placing.from !== from || count !== to - from + 1)
      throw new Violation(this.name, `${where} is delivered as ${describe(placing)}`)
    const isSame =
      frame === undefined || (checksumOf(frame) === placing.checksum && batchEpoch(frame) === placing.epoch)
    if (!isSame) throw new Violation(this.name, `${where} has other bytes than were committed`)
    if (placing.isVoid) return
    const next = this.#next.get(replica) ?? 1
    if (offset < next) throw new Violation(this.name, `${where} comes at ${offset} behind ${next - 1}`)
    this.#next.set(replica, offset + count)
  }
}

/** Whether these are records of a named producer's batch, or sequences of it that passed by. */
function isPartOf(placing: Placing, publication: Publication | undefined): boolean {
  const { from, count, checksum } = placing
  if (publication?.named === undefined || from + count - 1 > publication.to) return false
  const skip = from - publication.from
  return checksum === checksumOfPart(publication.named.frame, skip, count, placing.isVoid)
}

function describe({ offset, epoch, boot, from, count }: Placing): string {
  return `offset ${offset} of epoch ${epoch} (${boot.toString(36)} ${from}-${from + count - 1})`
}
