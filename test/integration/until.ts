// Waiting for a state that nobody announces: asks again until it is so, or fails saying for what it waited.

import { setTimeout as delay } from 'node:timers/promises'

const pollMs = 10
const deadlineMsDefault = 15_000

/** Resolves as soon as the condition holds. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number = deadlineMsDefault,
): Promise<void> {
  const begin = performance.now()
  while (!(await condition())) {
    if (performance.now() - begin > deadlineMs) {
      throw new Error(`${what}: not so within ${deadlineMs / 1000} s`)
    }
    await delay(pollMs)
  }
}

/** Resolves with the first value that is not undefined. */
export async function untilDefined<Value>(
  what: string,
  read: () => Value | undefined | Promise<Value | undefined>,
  deadlineMs?: number,
): Promise<Value> {
  let value: Value | undefined
  await until(
    what,
    async () => {
      value = await read()
      return value !== undefined
    },
    deadlineMs,
  )
  return value as Value
}
