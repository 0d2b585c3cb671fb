// The project's own files, as the tidy rules see them: path, text, and for sources a view of the code in which comments and
// the insides of strings are blank, so that a rule about code cannot trip over prose.

import { globSync, readFileSync } from 'node:fs'
import { maskSource } from './masked-source.ts'

/** One TypeScript or JavaScript file of the project. */
export interface SourceFile {
  /** Relative to the top of the project, with `/`. */
  readonly path: string
  readonly text: string
  /** As long as the text, line by line; comments and the insides of strings, templates and regexes are spaces. */
  readonly code: string
}

const projectUrl = new URL('../../', import.meta.url)
const sourceFolders = ['node', 'client', 'audit', 'scripts', 'sim', 'bench', 'docker', 'test']

export function listSources(): readonly SourceFile[] {
  return listPaths(sourceFolders.map((folder) => `${folder}/**/*.{ts,mts,mjs}`)).map((path) =>
    toSource(path, readProjectFile(path)),
  )
}

/** Every document of the project: those at the top, and those under docs/. */
export function listDocuments(): readonly string[] {
  return listPaths(['*.md', 'docs/**/*.md'])
}

/** Paths that match, relative to the top of the project, sorted. */
export function listPaths(patterns: readonly string[]): readonly string[] {
  return globSync(patterns, { cwd: projectUrl, exclude: ['**/node_modules'] }).toSorted()
}

export function readProjectFile(path: string): string {
  return readFileSync(new URL(path, projectUrl), 'utf8')
}

/** A source from its text: also for the fixtures that show a rule can fail. */
export function toSource(path: string, text: string): SourceFile {
  return { path, text, code: maskSource(text) }
}

/** 1 for the first line. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
