// What a client put into a publish frame, for tests to compare.

import assert from 'node:assert/strict'
import { BatchReader, readHeaders, readTopics } from '../../node/wire/batch-reader.ts'
import { readText } from '../../node/wire/text.ts'

export interface Sent {
  readonly topic: string
  readonly text: string
  readonly headers: Record<string, string>
  readonly key: string
  readonly time: number
}

/** The records of a publish frame, decoded. */
export function recordsOf(frame: Uint8Array): Sent[] {
  const read = readTopics(frame)
  assert.ok('topics' in read)
  const reader = new BatchReader()
  reader.open(frame)
  const sent: Sent[] = []
  while (reader.next()) {
    sent.push({
      topic: read.topics[reader.topicIndex] ?? '',
      text: readText(frame.subarray(reader.payloadStart, reader.payloadEnd)),
      headers: { ...readHeaders(frame, reader.headersStart, reader.headersEnd) },
      key: readText(frame.subarray(reader.keyStart, reader.keyEnd)),
      time: reader.time,
    })
  }
  assert.equal(reader.problem, undefined)
  return sent
}
