// The delivery check, given nothing but the journals, says what the simulator knows: nothing lost silently, doubled, out
// of order, invented or given to the wrong subscriber, and exactly so many messages told as lost.

import { checkJournals } from '../../audit/check.ts'
import { type Invariant, Violation, type World } from '../world.ts'

export class AuditAgreement implements Invariant {
  readonly name = 'audit agreement'
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  onEnd(): void {
    const { nodes, tally, truth } = this.#world
    const journals = nodes.map(({ id, journal }) => ({
      node: id,
      files: [{ name: '000001.ndjson', text: journal.text }],
    }))
    const result = checkJournals(journals, { graceMs: 0 })
    const finding = result.findings.find(({ kind }) => kind !== 'unknown' && kind !== 'lost-told')
    if (finding !== undefined) throw new Violation(this.name, `it finds ${JSON.stringify(finding)}`)
    if (result.sent !== truth.count) throw new Violation(this.name, `it knows ${result.sent} messages`)
    const { delivered } = result.totals
    const truly = tally.counts.get('messages delivered') ?? 0
    if (delivered !== truly) throw new Violation(this.name, `it knows ${delivered} deliveries of ${truly}`)
  }
}
