// The clock of the process: one for all parts, so that times of one journal never go back.

/** Milliseconds since 1970 with microseconds as fractions; never goes back within a process. */
export function now(): number {
  return performance.timeOrigin + performance.now()
}
