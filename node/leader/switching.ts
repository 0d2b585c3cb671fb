// The leader's part in changing a stream's mode (docs/switching.md). Every step is an entry of the group's log, or a question that may be
// asked again: another leader goes on where this one stopped.

import { type NodeId, type StreamId, toStreamId } from '../core/common/ids.ts'
import type { StreamDefinition, StreamMode } from '../core/stream/definition.ts'
import type { Command } from './command.ts'
import { computeFence, isHeldUpTo, type SealReport } from './fence.ts'
import type { Ledger } from './ledger.ts'
import type { Numbering } from './numbering.ts'

/** A member that does not answer, and whose link is down, is waited for so long; one whose link is up, a little longer. Milliseconds. */
const silentMs = 1000
const slowMs = 4000
/** So long the members may take to hold everything up to the fence. */
const gatherMs = 1000

interface Sealing {
  readonly epoch: number
  /** The mode that comes. */
  target: StreamMode
  readonly since: number
  readonly reports: Map<NodeId, SealReport>
  isProposed: boolean
}

export interface SwitchingOptions {
  readonly ledger: Ledger
  readonly numbering: Numbering
  readonly propose: (command: Command) => void
  /** Members of the cluster. */
  readonly nodes: () => readonly NodeId[]
  /** Whether a node can be reached. */
  readonly isUp: (node: NodeId) => boolean
  readonly now: () => number
}

export class Switching {
  readonly #options: SwitchingOptions
  readonly #sealing = new Map<StreamId, Sealing>()
  /** The epoch whose end was proposed, so that a wish that is said again costs nothing. */
  readonly #asked = new Map<StreamId, number>()

  constructor(options: SwitchingOptions) {
    this.#options = options
  }

  /** Somebody who knows the stream in this epoch wants it in the definition's mode; whoever knows less than that asks again. */
  onWish(definition: StreamDefinition, epoch: number): void {
    const { ledger, numbering, propose } = this.#options
    const { mode } = definition
    const id = toStreamId(definition.name)
    const known = ledger.streams.get(id)
    // Of a stream that no entry has spoken of, the first epoch is in the mode that it is to leave.
    const present = known?.epoch ?? (mode === 'leader' ? 0 : 1)
    if (epoch !== present) return
    if (known?.isSealing === true) return this.#retarget(id, epoch, mode)
    if (mode === known?.definition.mode || this.#asked.get(id) === epoch) return
    this.#asked.set(id, epoch)
    if (mode === 'leader')
      return propose({ op: 'seal', epoch, definition: { ...definition, mode: 'gossip' } })
    numbering.close(id, { ...definition, mode: 'leader' })
    propose({ op: 'begin', epoch: epoch + 1, definition, fence: new Map() })
  }

  onReport(stream: string, epoch: number, report: SealReport): void {
    const sealing = this.#sealingOf(toStreamId(stream), epoch)
    if (sealing === undefined) return
    sealing.reports.set(report.node, report)
    this.#judge(toStreamId(stream), sealing)
  }

  /** Time has passed, or an entry was applied. */
  tick(): void {
    for (const [id, { epoch, isSealing }] of this.#options.ledger.streams) {
      const sealing = isSealing ? this.#sealingOf(id, epoch) : undefined
      if (sealing !== undefined) this.#judge(id, sealing)
    }
  }

  #retarget(id: StreamId, epoch: number, mode: StreamMode): void {
    const sealing = this.#sealingOf(id, epoch)
    if (sealing !== undefined) sealing.target = mode
  }

  /** What is known of an epoch that is being sealed; undefined for any other. */
  #sealingOf(id: StreamId, epoch: number): Sealing | undefined {
    const { ledger, now } = this.#options
    const stream = ledger.streams.get(id)
    if (stream?.epoch !== epoch || !stream.isSealing) return undefined
    const known = this.#sealing.get(id)
    if (known?.epoch === epoch) return known
    const sealing: Sealing = { epoch, target: 'leader', since: now(), reports: new Map(), isProposed: false }
    this.#sealing.set(id, sealing)
    return sealing
  }

  /** Ends the epoch once it is known where. */
  #judge(id: StreamId, sealing: Sealing): void {
    const { ledger, nodes, isUp, now, propose } = this.#options
    const definition = ledger.streams.get(id)?.definition
    if (sealing.isProposed || definition === undefined) return
    const { reports, since, epoch, target } = sealing
    const waitedMs = now() - since
    const missing = nodes().filter((node) => !reports.has(node))
    const isWaiting = missing.some((node) => waitedMs < (isUp(node) ? slowMs : silentMs))
    if (isWaiting) return
    const fence = computeFence(ledger.fenceOf(id), reports.values())
    if (!isHeldUpTo(fence, reports.values()) && waitedMs < gatherMs) return
    sealing.isProposed = true
    propose({ op: 'begin', epoch: epoch + 1, definition: { ...definition, mode: target }, fence })
  }
}
