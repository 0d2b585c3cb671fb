// Decodes the topic tables of batches. A publisher's batches mostly carry the same table one after the other, so tables are
// compared as bytes with those seen last, and equal ones give the very same array: whoever matches
// patterns against a table may remember the answer by the array's identity.

import { batchOffset } from '../wire/batch-header.ts'
import { readTopics } from '../wire/batch-reader.ts'
import { readU32 } from '../wire/bytes.ts'

/** Tables remembered; publishers with different tables that take turns find theirs again. */
const tablesMax = 16

interface Table {
  readonly bytes: Uint8Array
  readonly topics: readonly string[]
}

export class TopicTables {
  #tables: Table[] = []
  #next = 0

  /** The topics of a batch, or why its table does not parse. The header must have been checked. */
  read(frame: Uint8Array): readonly string[] | { readonly problem: string } {
    const start = readU32(frame, batchOffset.topicsStart)
    for (const table of this.#tables) {
      if (isEqual(frame, start, table.bytes)) return table.topics
    }
    const read = readTopics(frame)
    if ('problem' in read) return read
    const table: Table = { bytes: new Uint8Array(frame.subarray(start)), topics: read.topics }
    this.#tables[this.#next] = table
    this.#next = (this.#next + 1) % tablesMax
    return table.topics
  }
}

function isEqual(frame: Uint8Array, start: number, bytes: Uint8Array): boolean {
  if (frame.length - start !== bytes.length) return false
  for (let index = 0; index < bytes.length; index++) if (frame[start + index] !== bytes[index]) return false
  return true
}
