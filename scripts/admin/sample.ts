// The state of all nodes at one moment, and the rates that two such moments make.

import { sum } from '../cli/numbers.ts'
import type { StatusAnswer } from './answers.ts'
import type { Round } from './round.ts'

/** A sample of the whole cluster and when it was taken. */
export interface Sample {
  readonly at: number
  readonly round: Round<StatusAnswer>
}

/** Messages a second between two samples; undefined where a node was missing or restarted in between. */
export function toRates(
  node: string,
  first: Sample,
  second: Sample,
): { readonly publishedPerSecond: number; readonly deliveredPerSecond: number } | undefined {
  const before = first.round.answers.find((answer) => answer.node === node)?.value
  const after = second.round.answers.find((answer) => answer.node === node)?.value
  const seconds = (second.at - first.at) / 1000
  if (before === undefined || after === undefined || before.origin !== after.origin || seconds <= 0)
    return undefined
  const rate = (count: (status: StatusAnswer) => number): number =>
    Math.max(0, Math.round((count(after) - count(before)) / seconds))
  return {
    publishedPerSecond: rate((status) => sum(status.streams.map((stream) => stream.publishedMessages))),
    deliveredPerSecond: rate((status) => sum(status.streams.map((stream) => stream.deliveredMessages))),
  }
}
