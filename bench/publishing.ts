// The ways in which a publisher publishes, over whatever it is that publishes one message.

import type { PayloadSource } from './drivers/driver.ts'
import type { Schedule } from './schedule.ts'
import type { Ticker } from './ticker.ts'

/**
 * Closed loop: `inFlight` publications are without an answer at any time, and each answer lets the next one go. Resolves when all have
 * theirs; rejects with the first that fails.
 */
export async function publishInFlight(
  inFlight: number,
  next: PayloadSource,
  publishAndWait: (payload: Uint8Array) => Promise<void>,
): Promise<void> {
  const publishInTurn = async (): Promise<void> => {
    for (let payload = next(); payload !== undefined; payload = next()) await publishAndWait(payload)
  }
  await Promise.all(Array.from({ length: inFlight }, publishInTurn))
}

/** Open loop: publishes at every tick what is due by then, with its intended time, until the schedule is over. */
export async function publishOnSchedule(
  schedule: Schedule,
  ticker: Ticker,
  now: () => number,
  publish: (intendedMs: number, nowMs: number) => void,
): Promise<void> {
  while (!schedule.isOver) {
    const nowMs = now()
    for (
      let intendedMs = schedule.takeDue(nowMs);
      intendedMs !== undefined;
      intendedMs = schedule.takeDue(nowMs)
    )
      publish(intendedMs, nowMs)
    await ticker.next()
  }
}
