// What some faults need of the machine.

import { ok } from 'node:assert/strict'
import type { TestContext } from 'node:test'

/** Skips the test that asks for what is not there, but fails it in CI: there a fault that is not tried would go unnoticed. */
export function skipWithout(context: TestContext, reason: string): void {
  ok(process.env['CI'] !== 'true', reason)
  context.skip(reason)
}
