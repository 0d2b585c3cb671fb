// Brings the journal of a node that was removed into a folder of journals, under a name of its own: another node may have its name
// by now. What was fetched while it was a member is the beginning of it, and counts once.

import { copyFile, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { FormerJournal } from '../fleet/fleet.ts'
import { toFormerName } from '../fleet/former-nodes.ts'
import { makeFolder } from './folder.ts'
import { fetchRecordName, listJournalFiles } from './journal-folder.ts'

/** Every line has the time when it was written, so that the same first line means the same journal. */
const comparedBytes = 4096

/** Makes `folder/ID.removed-TIMESTAMP/journal` have everything that the node's journal has. */
export async function copyFormer(former: FormerJournal, folder: string): Promise<void> {
  const files = await listJournalFiles(former.directory)
  const fetched = join(folder, former.node)
  const target = join(folder, toFormerName(former.node, former.removedAt))
  const isKnown = (await readdir(target).catch(() => [])).length > 0
  if (!isKnown && (await isSameJournal(join(fetched, 'journal'), former.directory, files))) {
    await rename(fetched, target)
    // What it said about its journal is over.
    await rm(join(target, fetchRecordName), { force: true })
  }
  await makeFolder(join(target, 'journal'))
  for (const file of files) await copyChanged(join(former.directory, file), join(target, 'journal', file))
}

async function copyChanged(source: string, target: string): Promise<void> {
  const { size, mtimeMs, atime, mtime } = await stat(source)
  const onDisk = await stat(target).catch(() => undefined)
  if (onDisk?.size === size && Math.abs(onDisk.mtimeMs - mtimeMs) < 1) return
  await copyFile(source, target)
  await utimes(target, atime, mtime)
}

/** True where any file that both have begins with the same line. */
async function isSameJournal(fetched: string, former: string, files: readonly string[]): Promise<boolean> {
  for (const name of await listJournalFiles(fetched)) {
    if (!files.includes(name)) continue
    const [ours, theirs] = [await readFirstLine(join(fetched, name)), await readFirstLine(join(former, name))]
    if (ours !== '' && ours === theirs) return true
  }
  return false
}

/** Empty where there is none yet. */
async function readFirstLine(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(comparedBytes), 0, comparedBytes, 0)
    return buffer.toString('utf8', 0, bytesRead).split('\n', 1)[0] ?? ''
  } finally {
    await handle.close()
  }
}
