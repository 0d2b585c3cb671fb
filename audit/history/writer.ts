// Values as their writers numbered them.

import type { Value } from './history.ts'

/** The two halves of `<process>-<counter>`. */
export interface Numbered {
  readonly writer: string
  readonly counter: number
}

/** Undefined for a text that is not numbered: nothing can be said of its order then. */
export function numberOf(value: Value): Numbered | undefined {
  const dash = value.lastIndexOf('-')
  const digits = value.slice(dash + 1)
  return dash < 0 || !/^\d+$/.test(digits)
    ? undefined
    : { writer: value.slice(0, dash), counter: Number(digits) }
}
