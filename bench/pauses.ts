// How long acknowledgements stay away, read off the times at which they came.

/** How many came after a time. */
export function countSince(timesMs: readonly number[], sinceMs: number): number {
  return timesMs.filter((timeMs) => timeMs > sinceMs).length
}

/** The longest time between one and the next that ended after a time; 0 if none did. */
export function longestPauseMs(timesMs: readonly number[], sinceMs: number): number {
  let longestMs = 0
  timesMs.forEach((timeMs, index) => {
    const before = timesMs[index - 1]
    if (before !== undefined && timeMs > sinceMs) longestMs = Math.max(longestMs, timeMs - before)
  })
  return longestMs
}
