// Which file imports which: the graph under the walls and the search for cycles.

import { posix } from 'node:path'
import type { SourceFile } from './project-files.ts'

/** One `import`, `export from` or dynamic import of a file. */
export interface Import {
  readonly from: string
  /** A path of the project, or the specifier of a package. */
  readonly to: string
  readonly isLocal: boolean
  /** Erased before Node sees it. */
  readonly isTypeOnly: boolean
}

const statement =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'";()=]*?\sfrom\s+)?'|\bimport\(\s*'|\bnew URL\(\s*'(?=\.)/g

/** The imports of a file, in their order. */
export function importsOf(file: SourceFile): readonly Import[] {
  const imports: Import[] = []
  for (const match of file.code.matchAll(statement)) {
    const start = match.index + match[0].length
    const specifier = file.text.slice(start, file.code.indexOf("'", start))
    if (match[0].includes('URL') && !/\.[cm]?[jt]s$/.test(specifier)) continue
    const isLocal = specifier.startsWith('.')
    const to = isLocal ? posix.join(posix.dirname(file.path), specifier) : packageOf(specifier)
    imports.push({ from: file.path, to, isLocal, isTypeOnly: match[1] !== undefined })
  }
  return imports
}

/** Circles of files that load each other; each as the list of its files, from the first by name. */
export function findCycles(imports: readonly Import[]): readonly string[] {
  const next = Map.groupBy(
    imports.filter(({ isLocal, isTypeOnly }) => isLocal && !isTypeOnly),
    ({ from }) => from,
  )
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const begin = trail.indexOf(path)
    if (begin >= 0) cycles.push([...trail.slice(begin), path].join(' -> '))
    if (begin >= 0 || done.has(path)) return
    for (const { to } of next.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of [...next.keys()].toSorted()) visit(path, [])
  return cycles
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
