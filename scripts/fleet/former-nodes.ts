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

/** Keeps the data of a node aside; nothing where it has none. */
export async function setAside(dataFolder: string, node: string): Promise<void> {
  const name = toFormerName(node, Date.now())
  await rename(join(dataFolder, node), join(dataFolder, name)).catch(() => undefined)
}

/** Those that were kept aside, the oldest first. */
export async function listFormerJournals(dataFolder: string): Promise<readonly FormerJournal[]> {
  const names = await readdir(dataFolder).catch(() => [])
  const former = names.flatMap((name) => {
    const parsed = parseFormerName(name)
    return parsed === undefined ? [] : [{ ...parsed, directory: join(dataFolder, name, 'journal') }]
  })
  return former.sort((a, b) => a.removedAt - b.removedAt)
}

/** Removes the journals of those, and nothing else of what is kept. */
export async function clearFormerJournals(dataFolder: string): Promise<void> {
  for (const { directory } of await listFormerJournals(dataFolder))
    await rm(directory, { recursive: true, force: true })
}
