// What docs/client.md says of every code with which a publication may end is what the code makes of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorRegistry } from '../../node/core/common/error-registry.ts'
import { refusedCodes, unknownCodes } from '../../node/core/common/publish-endings.ts'
import { readProjectFile } from './project-files.ts'

test('docs/client.md has a row for every code with which a publication may end', () => {
  const rows = readProjectFile('docs/client.md').matchAll(
    /^\| `([A-Z_]+)` \| `(\w+)` \| [^|]+ \| ([^|]+) \|$/gm,
  )
  assert.deepEqual(
    [...rows].map(([, ...row]) => row),
    [
      ...Object.entries(refusedCodes).map(([code, again]) => [code, 'refused', again]),
      ...Object.entries(unknownCodes).map(([code, again]) => [code, 'unknown', again]),
    ],
  )
})

test('those codes are in the registry, and no refusal is one of what is unknown', () => {
  const codes = [...Object.keys(refusedCodes), ...Object.keys(unknownCodes)]
  assert.deepEqual(
    codes.filter((code) => !Object.hasOwn(errorRegistry, code)),
    [],
  )
  assert.equal(new Set(codes).size, codes.length)
})
