// One clock for all processes of a host: the system's monotonic clock, which every process reads alike. The wall clock would
// not do: each process keeps its own origin of it. The cheap clock of Node is used, with its offset to the system's;
// the offset is taken many times, because a process that loses its core between two readings would be late for good.

const readings = 1000

const offsetMs = findOffset()

/** Milliseconds with fractions, comparable between processes of one host. */
export function clockMs(): number {
  return offsetMs + performance.now()
}

function findOffset(): number {
  let bestMs = 0
  let shortestMs = Number.POSITIVE_INFINITY
  for (let reading = 0; reading < readings; reading++) {
    const before = monotonicMs()
    const now = performance.now()
    const tookMs = monotonicMs() - before
    if (tookMs >= shortestMs) continue
    shortestMs = tookMs
    bestMs = before + tookMs / 2 - now
  }
  return bestMs
}

function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
