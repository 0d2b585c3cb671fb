// What a node does when an epoch of a stream is sealed, and when one begins (docs/switching.md).

import { type Boot, type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { Replica } from '../core/stream/replica.ts'
import type { Control } from './control.ts'
import type { DataMachine } from './data-machine.ts'
import type { SubmissionDesk } from './desk.ts'
import type { EpochHost, SealedEpoch } from './epoch-host.ts'
import type { StreamLedger } from './ledger.ts'

export interface PhasesOptions {
  readonly epochs: EpochHost
  readonly desk: SubmissionDesk
  readonly machineOf: (stream: StreamId) => DataMachine | undefined
  readonly tellLeader: (stream: StreamId, control: Control) => void
}

/** An epoch that is sealed, until the next one begins. */
interface Sealed {
  readonly name: string
  readonly epoch: number
  readonly state: SealedEpoch
}

export class Phases {
  readonly #options: PhasesOptions
  readonly #sealed = new Map<StreamId, Sealed>()

  constructor(options: PhasesOptions) {
    this.#options = options
  }

  /** An epoch of a stream is sealed, or has begun. `replicas`: those of epochs in leader mode. */
  onPhase(
    stream: StreamLedger,
    nodes: ReadonlyMap<Boot, NodeId>,
    replicas: ReadonlyMap<StreamId, Replica>,
  ): void {
    const { definition, isSealing, epoch } = stream
    const { name } = definition
    const id = toStreamId(name)
    // Also one that is sealed by now: where a floor stood for its beginning, this node has still to go on in it.
    this.#begin(stream, nodes, definition.mode === 'leader' ? replicas.get(id) : undefined)
    this.#sealed.delete(id)
    if (!isSealing) return
    const state = this.#options.epochs.onSealed(stream)
    this.#options.desk.own(id, state.next)
    this.#sealed.set(id, { name, epoch, state })
    this.report((each) => each === id)
  }

  /** What is left over of the epoch before goes on in this one. */
  #begin(stream: StreamLedger, nodes: ReadonlyMap<Boot, NodeId>, replica: Replica | undefined): void {
    const { epochs, desk } = this.#options
    const { name, mode } = stream.definition
    const id = toStreamId(name)
    const rest = epochs.onEpoch(stream, nodes, replica)
    if (rest !== undefined) desk.addLeftOver(name, rest)
    if (mode === 'leader') desk.sendAgain((each) => each === id)
    else if (rest !== undefined) epochs.publishAgain(stream, desk.takeAll(id))
  }

  /** What was not heard is said again. */
  tick(): void {
    this.report(() => true)
  }

  /** Tells whoever leads what this node has of sealed epochs. */
  report(isMeant: (stream: StreamId) => boolean): void {
    for (const [id, { name: stream, epoch, state }] of this.#sealed) {
      if (!isMeant(id)) continue
      const report = state.report()
      const switching = this.#options.machineOf(id)?.switching
      if (switching !== undefined) switching.onReport(stream, epoch, report)
      else this.#options.tellLeader(id, { op: 'sealed', epoch, stream, report })
    }
  }
}
