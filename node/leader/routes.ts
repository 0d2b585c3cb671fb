// Who leads the group of a stream, as far as this node knows, and how something is said to whoever does.

import { type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { StreamDefinition } from '../core/stream/definition.ts'
import type { Cluster } from '../meta/cluster.ts'
import { type Control, decodeControl, encodeControl } from './control.ts'
import type { DataGroups } from './data-groups.ts'
import type { Route } from './desk.ts'
import type { LeaderPorts } from './ports.ts'

export interface RoutesOptions {
  readonly node: NodeId
  readonly cluster: Cluster
  readonly data: DataGroups
  /** Streams that begin in leader mode. */
  readonly definitions: ReadonlyMap<StreamId, StreamDefinition>
  readonly sendFrame: LeaderPorts['sendFrame']
}

export class Routes {
  readonly #options: RoutesOptions

  constructor(options: RoutesOptions) {
    this.#options = options
  }

  /** Who gives places on a stream, as far as that is known. */
  routeOf(stream: StreamId): Route | undefined {
    const { node: self, data, definitions } = this.#options
    const begun = data.of(stream)
    if (begun === undefined) return undefined
    const { numbering, ledger, term: ledTerm } = begun.machine
    if (numbering !== undefined)
      return { kind: 'here', numbering, ledger, definition: definitions.get(stream) }
    const node = this.leaderOf(stream)
    // A leader that has not applied everything before its term would not take anything.
    if (node === undefined || node === self || ledTerm !== begun.group.status.term) return undefined
    return { kind: 'node', node }
  }

  leaderOf(stream: StreamId): NodeId | undefined {
    const { cluster, data } = this.#options
    const leader = data.of(stream)?.group.status.leader
    return leader === undefined ? undefined : cluster.nodeOf(leader)
  }

  /** Tells whoever leads; while nobody does, everybody. */
  tellLeader(stream: StreamId, control: Control): void {
    const { node: self, cluster, sendFrame } = this.#options
    const leader = this.leaderOf(stream)
    const frame = encodeControl(control)
    for (const node of leader === undefined ? (cluster.roster?.nodes ?? []) : [leader])
      if (node !== self) sendFrame(node, frame)
  }

  /** What another node says to whoever leads; false where it is broken. */
  onControl(node: NodeId, frame: Uint8Array): boolean {
    const control = decodeControl(frame, node)
    if (control === undefined) return false
    const name = control.op === 'mode' ? control.definition.name : control.stream
    const { switching, numbering } = this.#options.data.of(toStreamId(name))?.machine ?? {}
    if (control.op === 'mode') switching?.onWish(control.definition, control.epoch)
    else if (control.op === 'sealed') switching?.onReport(control.stream, control.epoch, control.report)
    else numbering?.introduceOrigin(control.origin)
    return true
  }
}
