// Records of a node's log as text, and what they come to for each group.

import { batchCount, batchEpoch, batchPlace, batchSequence, frameType } from '../../node/wire/batch-header.ts'
import { batchProducer, isVoid } from '../../node/wire/batch-producer.ts'
import { isGap } from '../../node/wire/gap-batch.ts'
import type { LogRecord } from '../../node/wire/log-records.ts'
import { readText } from '../../node/wire/text.ts'

type GroupRecord = Exclude<LogRecord, { readonly kind: 'kept' }>
type LogEntry = Extract<LogRecord, { readonly kind: 'entries' }>['entries'][number]

/** One record on one line. */
export function describeRecord(record: LogRecord): string {
  if (record.kind === 'kept') return `kept from write ${record.from} on`
  const head = `group ${record.group}: `
  if (record.kind === 'hard-state') {
    const { term, vote, commit } = record.hardState
    return `${head}term ${term}, vote ${vote || 'none'}, commit ${commit}`
  }
  if (record.kind === 'entries') {
    return `${head}entries ${record.entries.map(describeEntry).join('; ')}`
  }
  const { index, term, configuration, kept = [] } = record.snapshot
  const { voters, learners } = configuration
  const members = `voters ${voters.join(' ')}, learners ${learners.join(' ') || 'none'}`
  const keeps = kept.length === 0 ? '' : `, keeps ${kept.map(describeEntry).join('; ')}`
  return `${head}${record.kind} ${index} (term ${term}), ${members}${keeps}`
}

function describeEntry({ index, term, data, change }: LogEntry): string {
  return `${index} (term ${term}) ${change === undefined ? describeData(data) : JSON.stringify(change)}`
}

function describeData(data: Uint8Array): string {
  if (data.length === 0) return 'begins a term'
  if (data[0] !== frameType.batch) return readText(data)
  const offset = batchPlace(data)
  const count = batchCount(data)
  const producer = batchProducer(data)
  const named = producer === undefined ? '' : `, producer ${producer.name} ${producer.sequence}`
  const sequence = `sequence ${batchSequence(data)}${named}`
  if (isGap(data)) return `gap of ${count}: epoch ${batchEpoch(data)}, no offsets, ${sequence}`
  if (isVoid(data)) return `void of ${count}: epoch ${batchEpoch(data)}, no offsets, ${sequence}`
  return `batch of ${count}: epoch ${batchEpoch(data)}, offsets ${offset}-${offset + count - 1}, ${sequence}`
}

/** What the records of one group come to. */
export class GroupSummary {
  #floor = 0
  #last = 0
  #hardState = { term: 0, vote: 0, commit: 0 }
  #bytes = 0
  readonly #streams = new Set<string>()

  onRecord(record: GroupRecord): void {
    if (record.kind === 'hard-state') this.#hardState = record.hardState
    else if (record.kind === 'entries') {
      for (const { index, data } of record.entries) {
        this.#last = index
        this.#bytes += data.length
        this.#noteStream(data)
      }
    } else {
      const { index, data, kept = [] } = record.snapshot
      this.#floor = index
      this.#last = record.kind === 'snapshot' ? index : Math.max(this.#last, index)
      for (const entry of kept) this.#bytes += entry.data.length
      const text = readText(data)
      // In the group of names, names are what is kept under them.
      const field = text.startsWith('{"origins":') ? /"stream":"([\w-]+)"/g : /"name":"([\w-]+)"/g
      for (const [, name = ''] of text.matchAll(field)) this.#streams.add(name)
    }
  }

  toFields(group: number): {
    readonly group: number
    readonly floor: number
    readonly last: number
    readonly term: number
    readonly vote: number
    readonly commit: number
    readonly bytes: number
    readonly streams: readonly string[]
  } {
    const streams = [...this.#streams].toSorted()
    return { group, floor: this.#floor, last: this.#last, ...this.#hardState, bytes: this.#bytes, streams }
  }

  #noteStream(data: Uint8Array): void {
    if (data.length === 0 || data[0] === frameType.batch) return
    const [, name] = /"stream":"([\w-]+)"/.exec(readText(data)) ?? []
    if (name !== undefined) this.#streams.add(name)
  }
}
