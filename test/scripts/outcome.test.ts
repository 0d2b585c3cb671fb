// The codes of failed commands that have none of their own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitCodes, toErrorCode } from '../../scripts/cli/outcome.ts'

test('each exit code of a failed command has an error code that says the same', () => {
  const { failure, usage, unreachable, unhealthy } = exitCodes
  assert.deepEqual([failure, usage, unreachable, unhealthy].map(toErrorCode), [
    'COMMAND_FAILED',
    'USAGE_INVALID',
    'NODE_UNREACHABLE',
    'CLUSTER_UNHEALTHY',
  ])
})
