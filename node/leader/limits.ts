// How groups behave, and what they may hold.

import type { GroupPace } from '../groups/raft-options.ts'

/** What a node may hold, in bytes, entries and milliseconds. */
export type LeaderLimits = Readonly<Record<keyof typeof leaderLimits, number>>

export const leaderLimits = {
  /** Between two ticks, milliseconds. */
  tickMs: 50,
  /** A stream whose group has had no leader for so long takes nothing any more. */
  refusesAfterMs: 2000,
  /** What has no place after so long is sent once more: a frame may have been lost without a word. */
  sendsAgainMs: 2000,
  /** A gap waits so long before it asks for its numbers: others, who take over what they hold once a second, may have what it stands for. */
  gapWaitsMs: 2500,
  /** What this node's publishers may have waiting for a place, by stream. */
  submittedBytesMax: 33_554_432,
  /** A link is handed no more while so much waits on it. */
  linkBytesMax: 8_388_608,
  /** A file of the log that has reached this is left. */
  segmentBytes: 67_108_864,
  /** What may wait for the disk of this node, of all groups; while more does, it refuses what its publishers bring. */
  waitingBytesMax: 33_554_432,
  /** What a leader takes before a majority has it, by group. */
  uncommittedBytesMax: 16_777_216,
  /** What of dropped batches the log of a group may have, beside half of what is retained: beyond that, floors pass what is retained. */
  droppedBytesMax: 33_554_432,
  /** Of retained batches that a floor may pass and keep; it travels in one piece to who lacks it. */
  keptBytesMax: 134_217_728,
  /** The roster is written as a floor behind so many entries of META: its log stays short. */
  metaFloorEntries: 64,
  /** The same of the group of names, whose state is its floor. */
  nameFloorEntries: 1024,
  /** What a group has that is no more than this is written once more, so that an old file of the log can go. */
  writtenAgainBytes: 4_194_304,
  /** Entries in one message. */
  appendBytesMax: 524_288,
} as const

/** Of data groups: a heartbeat every 100 ms, an election after 500 to 1,000 ms of silence, and at once where a link breaks. */
export const dataPace: GroupPace = { heartbeatTicks: 2, electionTicks: 10 }
