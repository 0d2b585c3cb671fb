// The documents as the tidy rules see them: their links, their commands, and the tests that they name.

import { posix } from 'node:path'
import { readProjectFile } from './project-files.ts'

/** What a document holds, with the insides of code blocks apart from the prose. */
export interface Document {
  readonly path: string
  readonly text: string
  readonly prose: string
  /** Lines of ```sh and ```console blocks that a reader is to type, without the `$ `. */
  readonly commands: readonly string[]
}

export function readDocument(path: string): Document {
  return toDocument(path, readProjectFile(path))
}

export function toDocument(path: string, text: string): Document {
  const prose: string[] = []
  const commands: string[] = []
  let block: string | undefined
  for (const line of text.split('\n')) {
    const fence = /^\s*```(\w*)/.exec(line)
    if (fence !== null) block = block === undefined ? (fence[1] ?? '') : undefined
    else if (block === undefined) prose.push(line)
    else if (line.startsWith('$ ')) commands.push(line.slice(2))
    else if (block === 'sh') commands.push(line)
  }
  return { path, text, prose: prose.join('\n'), commands }
}

/** Links to files that are not there, or to headings that they do not have. */
export function findDeadLinks(
  { path, prose }: Document,
  exists: (path: string) => boolean,
  read: (path: string) => string = readProjectFile,
): readonly string[] {
  const problems: string[] = []
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g)]
  for (const target of targets.map((match) => match[1] ?? match[2] ?? '')) {
    if (/^[a-z]+:/.test(target)) continue
    const [file = '', heading] = target.split('#')
    const resolved = file === '' ? path : posix.join(posix.dirname(path), file)
    if (!exists(resolved)) problems.push(`${path}: ${target}`)
    else if (heading !== undefined && !headingsOf(read(resolved)).has(heading))
      problems.push(`${path}: ${target}`)
  }
  return problems
}

/** The anchors of a page, as GitHub makes them from its headings. */
function headingsOf(text: string): ReadonlySet<string> {
  const titles = [...text.matchAll(/^#{1,6} +(.+)$/gm)].map((match) => match[1] ?? '')
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  )
}

/** The words of every `herald` command in a document, in its blocks and in its prose. */
export function heraldCommands({ prose, commands }: Document): readonly (readonly string[])[] {
  const inline = [...prose.matchAll(/`((?:npx )?herald [^`]+)`/g)].map((match) => match[1] ?? '')
  const found: string[][] = []
  for (const line of [...commands, ...inline])
    for (const match of line.matchAll(/(?:^|[|;&(]\s*)(?:npx )?herald ((?:'[^']*'|"[^"]*"|[^|;&#'"])*)/g))
      found.push(splitWords(match[1] ?? ''))
  return found
}

function splitWords(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
}
