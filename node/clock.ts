// The clock of the process: one for all parts, so that times of one journal never go back.

/** Milliseconds since 1970 with microseconds as fractions; never goes back within a process. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}

/**
 * Milliseconds from `at` until a millisecond behind the next whole interval, so that all nodes of a host wake up together. Not on it: timers
 * count from when the loop woke up, and one due there would come early, and twice.
 */
export function untilWhole(intervalMs: number, at: number): number {
  return intervalMs - (at % intervalMs) + 1
}
