// Reads a folder that `fetch` made: DIR/NODE/journal/*.ndjson, with DIR/NODE/fetch.json saying until when the node called its
// journal complete. Journals pass through in pieces, so their size does not matter.

import { createReadStream } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type JournalHealth, JournalReader, type JournalSink } from '../../audit/journal-reader.ts'
import { CommandError, exitCodes } from '../cli/outcome.ts'

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
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    )
    const message = isFolder ? `there are no journals in ${folder}` : `there is no folder ${folder}`
    throw new CommandError(exitCodes.failure, message, {
      code: 'JOURNALS_MISSING',
      next: 'fetch them from the running cluster: herald fetch DIR',
    })
  }
  for (const node of nodes) {
    const intake = open(node, await readFlushedAt(join(folder, node)))
    const reader = new JournalReader(node, intake.sinks)
    const journal = join(folder, node, 'journal')
    for (const file of await listJournalFiles(journal)) {
      reader.openFile(file)
      const text = createReadStream(join(journal, file), { encoding: 'utf8', highWaterMark: 1024 * 1024 })
      for await (const piece of text) reader.feed(piece)
    }
    intake.close(reader.close())
  }
  return nodes
}

async function listNodes(folder: string): Promise<readonly string[]> {
  const nodes: string[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    if ((await listJournalFiles(join(folder, name, 'journal'))).length > 0) nodes.push(name)
  }
  return nodes.toSorted()
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
