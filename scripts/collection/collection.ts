// Brings the journals, logs and subscriptions of all nodes into one folder, one folder a node. Nodes are asked in parallel; a
// node that fails in the middle keeps what came, and the next run goes on from there.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AdminClient } from '../admin/admin-client.ts'
import type { FileAnswer } from '../admin/answers.ts'
import { NodeRefusal } from '../admin/request.ts'
import { askAll, type Round } from '../admin/round.ts'
import type { Fleet, FormerJournal } from '../fleet/fleet.ts'
import { makeFolder } from './folder.ts'
import { copyFormer } from './former-journals.ts'
import { fetchRecordName, listJournalFiles } from './journal-folder.ts'
import { type FetchedFile, fetchFile } from './remote-file.ts'

/** What came from one node. */
export interface NodeCollection {
  readonly files: readonly FetchedFile[]
  /** Journals in the folder that the node no longer has: rotated away, or cleaned up. */
  readonly onlyHere: readonly string[]
}

/**
 * Fetches every node's files into `folder/ID/`, after each node has written its journal to the file. What the node printed
 * is put beside them as `node.log` for `logsOf`; the journals of nodes that are gone go to `folder/ID.removed-TIMESTAMP/`.
 */
export async function collect(
  clients: readonly AdminClient[],
  folder: string,
  options: { readonly logsOf?: Fleet; readonly former?: readonly FormerJournal[] } = {},
): Promise<Round<NodeCollection>> {
  for (const journal of options.former ?? []) await copyFormer(journal, folder)
  return await askAll(clients, async (client) => {
    const nodeFolder = join(folder, client.node)
    const flushedAt = await client.flush()
    const files: FetchedFile[] = []
    await makeFolder(nodeFolder)
    const offered = await client.files()
    for (const file of offered) {
      const fetched = await tryFetch(client, file, nodeFolder)
      if (fetched !== undefined) files.push(fetched)
    }
    await writeFile(
      join(nodeFolder, fetchRecordName),
      `${JSON.stringify({ node: client.node, flushedAt })}\n`,
    )
    // A log is a convenience: journals alone decide what `check` says, so a missing log stops nothing.
    await options.logsOf?.saveLog(client.node, join(nodeFolder, 'node.log')).catch(() => undefined)
    return { files, onlyHere: await listOnlyHere(nodeFolder, offered) }
  })
}

async function listOnlyHere(nodeFolder: string, offered: readonly FileAnswer[]): Promise<string[]> {
  const paths = new Set(offered.map(({ path }) => path))
  const journals = await listJournalFiles(join(nodeFolder, 'journal'))
  return journals.map((name) => `journal/${name}`).filter((path) => !paths.has(path))
}

/** Runs the work with a folder of its own that is gone afterwards. */
export async function withTemporaryFolder<Result>(
  work: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'herald-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Undefined for a file that retention removed after it was listed. */
async function tryFetch(
  client: AdminClient,
  file: FileAnswer,
  folder: string,
): Promise<FetchedFile | undefined> {
  try {
    return await fetchFile(client, file, folder)
  } catch (error) {
    if (error instanceof NodeRefusal && error.status === 404) return undefined
    throw error
  }
}
