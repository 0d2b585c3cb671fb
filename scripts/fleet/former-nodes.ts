// What is kept aside of local nodes that were removed: data/NODE.removed-TIMESTAMP. Their journals still count for `check`.

import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { FormerJournal } from './fleet.ts'

/** No name of a node has a dot. */
const formerPattern = /^([^.]+)\.removed-(\d{1,16})$/

/** Name of the folder that has what is left of a node. */
export function toFormerName(node: string, removedAt: number): string {
  return `${node}.removed-${removedAt}`
}

/** The reverse; undefined for a folder of another name. */
export function parseFormerName(
  name: string,
): { readonly node: string; readonly removedAt: number } | undefined {
  const [, node, removedAt] = formerPattern.exec(name) ?? []
  return node === undefined ? undefined : { node, removedAt: Number(removedAt) }
}

/** Keeps the data of a node aside, where it has any. */
export async function setAside(dataFolder: string, node: string): Promise<void> {
  const name = toFormerName(node, Date.now())
  try {
    await rename(join(dataFolder, node), join(dataFolder, name))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

/** Of those that were kept aside and have left a journal, the oldest first. */
export async function listFormerJournals(dataFolder: string): Promise<readonly FormerJournal[]> {
  const former: FormerJournal[] = []
  for (const name of await readdir(dataFolder).catch(() => [])) {
    const parsed = parseFormerName(name)
    const directory = join(dataFolder, name, 'journal')
    const isThere = (await readdir(directory).catch(() => [])).length > 0
    if (parsed !== undefined && isThere) former.push({ ...parsed, directory })
  }
  return former.sort((a, b) => a.removedAt - b.removedAt)
}

/** Removes the journals of those, and nothing else of what is kept. */
export async function clearFormerJournals(dataFolder: string): Promise<void> {
  for (const { directory } of await listFormerJournals(dataFolder))
    await rm(directory, { recursive: true, force: true })
}
