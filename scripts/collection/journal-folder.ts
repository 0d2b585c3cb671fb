// Reads a folder that `fetch` made: DIR/NODE/journal/*.ndjson, with DIR/NODE/fetch.json saying until when the node called its
// journal complete, and DIR/NODE.removed-TIMESTAMP/journal/*.ndjson of nodes that were removed. Journals pass through in pieces, so
// their size does not matter.

import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type JournalHealth, JournalReader, type JournalSink } from '../../audit/journal-reader.ts'
import { mapEntry } from '../../audit/map-entry.ts'
import { CommandError, exitCodes } from '../cli/outcome.ts'
import { parseFormerName } from '../fleet/former-nodes.ts'
import { isFolder } from './folder.ts'

/** Name of the file that keeps when a node's journal was flushed. */
export const fetchRecordName = 'fetch.json'

/** Opens what takes in one node's journal; `close` is called when it is over. */
export type OpenIntake = (
  node: string,
  flushedAt: number | undefined,
) => { readonly sinks: readonly JournalSink[]; readonly close: (health: JournalHealth) => void }

/** Feeds every journal in the folder; returns the ids of the nodes that have one. */
export async function readJournalFolder(folder: string, open: OpenIntake): Promise<readonly string[]> {
  const nodes = await listNodes(folder)
  if (nodes.length === 0) {
    const message = (await isFolder(folder))
      ? `there are no journals in ${folder}`
      : `there is no folder ${folder}`
    throw new CommandError(exitCodes.failure, message, {
      code: 'JOURNALS_MISSING',
      next: 'fetch them from the running cluster: herald fetch DIR',
    })
  }
  for (const { node, former } of nodes) {
    const intake = open(node, await readFlushedAt(join(folder, node)))
    const reader = new JournalReader(node, intake.sinks)
    for (const name of former) {
      await feedJournal(reader, folder, name, `${name}/`)
      reader.endMembership()
    }
    await feedJournal(reader, folder, node, '')
    intake.close(reader.close())
  }
  return nodes.map(({ node }) => node)
}

async function feedJournal(
  reader: JournalReader,
  folder: string,
  name: string,
  prefix: string,
): Promise<void> {
  const journal = join(folder, name, 'journal')
  for (const file of await listJournalFiles(journal)) {
    reader.openFile(`${prefix}${file}`)
    const text = createReadStream(join(journal, file), { encoding: 'utf8', highWaterMark: 1024 * 1024 })
    for await (const piece of text) reader.feed(piece)
  }
}

/** One journal of which nothing more comes follows the other, and what the node of that name writes now follows them. */
interface NodeFolders {
  readonly node: string
  /** Folders of what it was before it was removed, the oldest first. */
  readonly former: readonly string[]
}

async function listNodes(folder: string): Promise<readonly NodeFolders[]> {
  const nodes = new Map<string, { readonly name: string; readonly removedAt: number }[]>()
  for (const name of await readdir(folder).catch(() => [])) {
    if ((await listJournalFiles(join(folder, name, 'journal'))).length === 0) continue
    const former = parseFormerName(name)
    const list = mapEntry(nodes, former?.node ?? name, () => [])
    if (former !== undefined) list.push({ name, removedAt: former.removedAt })
  }
  return [...nodes]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([node, list]) => {
      const former = list.toSorted((a, b) => a.removedAt - b.removedAt).map(({ name }) => name)
      return { node, former }
    })
}

/** Names of the files of a journal, the oldest first; none where there is no such folder. */
export async function listJournalFiles(journal: string): Promise<readonly string[]> {
  const names = await readdir(journal).catch(() => [])
  return names.filter((name) => name.endsWith('.ndjson')).toSorted()
}

async function readFlushedAt(folder: string): Promise<number | undefined> {
  try {
    const { flushedAt } = JSON.parse(await readFile(join(folder, fetchRecordName), 'utf8'))
    return typeof flushedAt === 'number' ? flushedAt : undefined
  } catch {
    return undefined
  }
}
