// A folder of its own for a test, removed when the test ends.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** Makes a folder under the system's temporary one. */
export async function temporaryDirectory(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'herald-storage-'))
  context.after(() => rm(path, { recursive: true, force: true }))
  return path
}
