// One clock for all processes of a host: the system's monotonic clock, which every process reads alike. The wall clock would
// not do: each process keeps its own origin of it.

const [seconds, nanoseconds] = process.hrtime()
const offsetMs = seconds * 1000 + nanoseconds / 1e6 - performance.now()

/** Milliseconds with fractions, comparable between processes of one host. */
export function clockMs(): number {
  return offsetMs + performance.now()
}
