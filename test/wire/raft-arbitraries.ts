// Random parts of Raft logs and messages, and random damage to their bytes, for the tests of codecs.

import fc from 'fast-check'
import type { MembershipChange } from '../../node/core/raft/change.ts'
import type { ConfigurationRecord } from '../../node/core/raft/configuration.ts'
import { type HardState, type LogEntry, noData, type Snapshot } from '../../node/core/raft/entry.ts'
import type { StreamDefinition } from '../../node/core/stream/definition.ts'

/** So that what is read back is compared as it is. */
export const plain = { noNullPrototype: true } as const
export const safe: fc.Arbitrary<number> = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })
export const u32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff_ffff })
const index = fc.integer({ min: 0, max: 2 ** 52 })
const memberId = fc.integer({ min: 1, max: 0xffff_ffff })
const memberIds = fc.array(memberId, { maxLength: 4 })
const data = fc.uint8Array({ maxLength: 40 })

const change: fc.Arbitrary<MembershipChange> = fc.record(
  {
    changes: fc.array(
      fc.record({ kind: fc.constantFrom('voter', 'learner', 'remove'), id: memberId }, plain),
      { maxLength: 3 },
    ),
    transition: fc.constantFrom('auto', 'implicit', 'explicit'),
  },
  plain,
)

/** What one entry has beside its index. */
const content = fc.oneof(
  fc.record({ term: safe, data, change: fc.constant(undefined) }, plain),
  fc.record({ term: safe, data: fc.constant(noData), change }, plain),
)

/** Entries that follow each other, from an index on. */
export function entriesFrom(first: number): fc.Arbitrary<LogEntry[]> {
  return fc
    .array(content, { maxLength: 6 })
    .map((contents) =>
      contents.map(({ term, data, change }, nth) => ({ term, index: first + nth, data, change })),
    )
}

export const entries: fc.Arbitrary<LogEntry[]> = index.chain(entriesFrom)

export const configuration: fc.Arbitrary<ConfigurationRecord> = fc.record(
  {
    voters: memberIds,
    outgoing: memberIds,
    learners: memberIds,
    learnersNext: memberIds,
    autoLeave: fc.boolean(),
  },
  plain,
)

const place = fc.record({ index, term: safe, configuration, data }, plain)

export const snapshot: fc.Arbitrary<Snapshot> = fc.oneof(
  place,
  fc
    .tuple(place, fc.uniqueArray(index, { minLength: 1, maxLength: 5 }), safe, data)
    .map(([each, indices, term, data]) => {
      const kept = indices.toSorted((a, b) => a - b).map((at) => ({ term, index: at, data }))
      return { ...each, index: Math.max(each.index, ...indices), kept }
    }),
)

export const hardState: fc.Arbitrary<HardState> = fc.record({ term: safe, vote: u32, commit: safe }, plain)

const token = fc.stringMatching(/^[a-z0-9_-]{1,8}$/)

export const definition: fc.Arbitrary<StreamDefinition> = fc.record(
  {
    name: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/).filter((name) => name !== 'default'),
    topics: fc.array(
      fc.array(token, { minLength: 1, maxLength: 3 }).map((tokens) => tokens.join('.')),
      { minLength: 1, maxLength: 4 },
    ),
    mode: fc.constantFrom('gossip', 'leader'),
    retention: fc.record(
      {
        bytes: fc.integer({ min: 65_536, max: 17_179_869_184 }),
        ageMs: fc.integer({ min: 100, max: 604_800_000 }),
      },
      plain,
    ),
    copies: fc.integer({ min: 0, max: 15 }),
    replicas: fc.constantFrom(3, 5),
  },
  plain,
)

/** One change to some bytes: other values in some places, and perhaps an end that is missing or too much. */
export interface Damage {
  readonly changes: readonly (readonly [number, number])[]
  readonly cut: number
  readonly more: Uint8Array
}

export const damage: fc.Arbitrary<Damage> = fc.record({
  changes: fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }),
  cut: fc.oneof(fc.constant(0), fc.nat(40)),
  more: fc.oneof(fc.constant(noData), fc.uint8Array({ maxLength: 20 })),
})

export function damaged(bytes: Uint8Array, { changes, cut, more }: Damage): Uint8Array {
  const copy = Uint8Array.from([...bytes.subarray(0, Math.max(0, bytes.length - cut)), ...more])
  for (const [at, value] of changes) if (copy.length > 0) copy[at % copy.length] = value
  return copy
}

export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** All beginnings of some bytes that are not all of them. */
export function* beginnings(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.subarray(0, length)
}
