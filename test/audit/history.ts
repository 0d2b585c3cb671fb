// Builds journals for the tests: one line a call, written as the protocol has them; and reads the verdict.

import { checkJournals } from '../../audit/check.ts'
import type { CheckResult } from '../../audit/check-result.ts'
import type { JournalText } from '../../audit/journal-reader.ts'

export type Line = Readonly<Record<string, unknown>>
export type Lines = readonly (Line | string)[]

export function start(at: number, origin: string): Line {
  return { t: 'start', at, v: 1, cluster: 'test', node: origin.slice(0, origin.indexOf('#')), origin }
}

export function stop(at: number, origin: string): Line {
  return { t: 'stop', at, node: origin.slice(0, origin.indexOf('#')), origin }
}

/** `from`..`to` numbered at `first`..`at`, all of one topic. */
export function sent(
  at: number,
  origin: string,
  from: number,
  to: number,
  topic = 'a.b',
  first: number = at,
): Line {
  return { t: 'sent', at, stream: 'default', origin, from, to, n: to - from + 1, topic, first, last: at }
}

/** The same in leader mode: they were to have a place. */
export function sentInOrder(at: number, origin: string, from: number, to: number): Line {
  return { ...sent(at, origin, from, to), ordered: true }
}

export function placed(at: number, origin: string, to: number): Line {
  return { t: 'placed', at, stream: 'default', origin, to }
}

export function sub(at: number, id: string, patterns: readonly string[] = ['>'], kind = 'node'): Line {
  return { t: 'sub', at, sub: id, kind, patterns, stream: 'default' }
}

/** A subscription that was made at `since`. */
export function made(at: number, since: number, kind = 'node'): Line {
  return { ...sub(at, 's', ['>'], kind), since }
}

/** The clock of A is compared with that of the node, and may be off by so much. */
export function clock(errorMs: number): Line {
  return { t: 'clock', at: 360, peer: 'A', offsetMs: 0, errorMs }
}

export function base(at: number, id: string, origin: string, seq: number): Line {
  return { t: 'base', at, sub: id, stream: 'default', origin, seq }
}

export function got(at: number, id: string, origin: string, from: number, to: number, ranges?: string): Line {
  const line = {
    t: 'got',
    at,
    sub: id,
    stream: 'default',
    origin,
    from,
    to,
    n: to - from + 1,
    first: at,
    last: at,
  }
  return ranges === undefined ? line : { ...line, n: countOf(ranges), ranges }
}

export function gap(at: number, id: string, origin: string, from: number, to: number): Line {
  return { t: 'gap', at, sub: id, stream: 'default', origin, from, to, reason: 'retention' }
}

export function end(at: number, id: string, seqs: Readonly<Record<string, number>>): Line {
  return { t: 'end', at, sub: id, stream: 'default', seqs }
}

export function lost(at: number, id: string): Line {
  return { t: 'lost', at, sub: id, stream: 'default' }
}

/** A journal of one file; `tail` is put behind the last line feed. */
export function journal(node: string, lines: Lines, tail = ''): JournalText {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  return { node, files: [{ name: '000001.ndjson', text: `${texts.join('\n')}\n${tail}` }] }
}

/** The verdict, with nothing pending unless a grace time is given. */
export function check(journals: readonly JournalText[], graceMs: number = 0): CheckResult {
  return checkJournals(journals, { graceMs })
}

/** Kind, origin and exact sequences of every finding. */
export function findingsOf(result: CheckResult): readonly string[] {
  return result.findings.map((finding) => `${finding.kind} ${finding.origin} ${finding.ranges}`.trim())
}

function countOf(ranges: string): number {
  let sum = 0
  for (const part of ranges.split(',')) {
    const [from = '0', to = from] = part.split('-')
    sum += Number(to) - Number(from) + 1
  }
  return sum
}

/** Two boots of one origin: the first sends 1..10 and is over at 200, the second sends 1..5 at 600. */
export const stoppedOrigin: JournalText = journal('A', [
  start(0, 'A#1'),
  sent(100, 'A#1', 1, 10),
  stop(200, 'A#1'),
  start(300, 'A#2'),
  sent(600, 'A#2', 1, 5),
  stop(900, 'A#2'),
])

/** The verdict where node B has these lines, and A those of the origin. */
export function whenSubscriberHas(lines: Lines, origin: JournalText = stoppedOrigin): CheckResult {
  return check([origin, journal('B', [...lines, clock(1), stop(900, 'B#2')])])
}
