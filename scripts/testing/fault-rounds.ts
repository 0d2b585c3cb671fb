// How often tests of faults repeat them: once, or as often as whoever runs them for longer says. Files then may take longer too.

/** No file takes nearly as long for one round; one that hangs must not take CI's whole time. */
const fileTimeoutMs = 5 * 60_000
/** Of the file that has most of them, kill.test.ts, a further round takes 24 s on two busy cores. */
const roundMs = 60_000

/** TEST_FAULT_ROUNDS. Anything else than a number of rounds would repeat nothing, and pass. */
export function readFaultRounds(text: string | undefined = process.env['TEST_FAULT_ROUNDS']): number {
  const rounds = Number(text ?? 1)
  if (Number.isSafeInteger(rounds) && rounds >= 1 && rounds <= 1000) return rounds
  throw new Error(`TEST_FAULT_ROUNDS is ${JSON.stringify(text)}, not 1..1000`)
}

/** How long one file of tests may take, milliseconds. */
export function toFileTimeoutMs(rounds: number): number {
  return fileTimeoutMs + (rounds - 1) * roundMs
}
