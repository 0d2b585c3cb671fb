// Rules about single source files. Each is a function from a file to its problems, so that a fixture can show it fail.

import { lineOf, type SourceFile } from './project-files.ts'

export interface Rule {
  readonly name: string
  /** Files that the rule is about; all sources if missing. */
  readonly applies?: (path: string) => boolean
  /** Where the rule looks: at code alone, or also at comments and strings. */
  readonly scope: 'code' | 'text'
  /** Every match is a problem. */
  readonly forbidden: RegExp
  /** A text that breaks the rule, and one that does not. */
  readonly fixture: { readonly bad: string; readonly good: string }
}

const pureRoom = /^(?:node\/(?:core|wire|broker)|audit)\//
/** Files that are started as processes: only they decide how a process ends. */
const entryPoint =
  /^(?:node\/main|scripts\/(?:cluster|start|test|bootstrap|herald|runtime\/execution)|(?:sim|bench)\/main|bench\/worker|docker\/healthcheck)\.m?[jt]s$/
const tidyItself = /^test\/tidy\//

const isOutsideTidy = (path: string): boolean => !tidyItself.test(path)

export const rules: readonly Rule[] = [
  {
    name: 'has no clock, timer or randomness in a pure room',
    applies: (path) => pureRoom.test(path),
    scope: 'code',
    forbidden:
      /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.|setTimeout|setInterval|setImmediate|queueMicrotask|process\.|fetch\(|globalThis|crypto\.)/g,
    fixture: { bad: 'const at = Date.now()', good: '// Date.now() is for others\nconst at = now' },
  },
  {
    name: 'waits for nothing in a pure room',
    applies: (path) => /^(?:node\/(?:core|wire)|audit)\//.test(path),
    scope: 'code',
    forbidden: /\b(?:async|await|Promise)\b/g,
    fixture: { bad: 'const a = async () => 1', good: "const kind = 'async'" },
  },
  {
    name: 'ends the process in entry points alone',
    applies: (path) => isOutsideTidy(path) && !entryPoint.test(path) && !path.startsWith('test/'),
    scope: 'code',
    forbidden: /\bprocess\.(?:exit\(|abort\(|kill\(process\.pid)/g,
    fixture: { bad: 'process.exit(1)', good: 'process.exitCode = 1' },
  },
  {
    name: 'has no default export',
    scope: 'code',
    forbidden: /\bexport\s+default\b|\bas\s+default\b/g,
    fixture: { bad: 'export default 1', good: 'export const one = 1' },
  },
  {
    name: 'has no any',
    scope: 'code',
    forbidden: /(?:[:<|&(,]\s*|\bas\s+|=>\s*)any\b(?!\s*[(.:])/g,
    fixture: { bad: 'const a: any = 1', good: 'const any = (a: unknown) => a' },
  },
  {
    name: 'has no enum, namespace or decorator',
    scope: 'code',
    forbidden:
      /(?:^|\n)\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?(?:enum|namespace)\s+\w+\s*\{|\n\s*@\w+\(/g,
    fixture: { bad: 'export const enum A {}', good: "type A = 'enum' | 'namespace'" },
  },
  {
    name: 'leaves no work for later',
    applies: isOutsideTidy,
    scope: 'text',
    forbidden: /\b(?:TODO|FIXME|XXX|HACK)\b|\bnot (?:yet )?implemented\b/g,
    fixture: { bad: '// TODO: later', good: 'const todo = counts.todo' },
  },
  {
    name: 'runs every test, or says why not',
    applies: (path) => path.startsWith('test/'),
    scope: 'code',
    forbidden:
      /\b(?:only|todo): true\b|\bskip: true\b|\.(?:only|todo)\(|\.skip\(\)|\b(?:test|it|describe)\.skip\(/g,
    fixture: { bad: "test.only('a', f)", good: "context.skip('no tmpfs here')" },
  },
  {
    name: 'waits for events in tests, not for time',
    applies: (path) => path.startsWith('test/') && path.endsWith('.test.ts') && isOutsideTidy(path),
    scope: 'code',
    forbidden: /\bawait (?:delay|sleep|setTimeout)\(/g,
    fixture: { bad: 'await delay(100)', good: 'await until(() => node.isReady)' },
  },
  {
    name: 'has no banner comments',
    applies: isOutsideTidy,
    scope: 'text',
    forbidden: /(?:^|\n)\s*\/[/*]\s*[-=*#~_/]{4,}/g,
    fixture: { bad: '// ------- helpers -------', good: '// helpers' },
  },
  {
    name: 'has no code in comments',
    applies: isOutsideTidy,
    scope: 'text',
    forbidden: /\n\s*\/\/ *(?:(?:const|let|return|import|export|if \(|for \(|await) ?.*[;{)']$)/gm,
    fixture: { bad: 'a()\n// const b = c()', good: 'a()\n// const is better than let here.' },
  },
]

/** Where a file breaks a rule. */
export function findBreaches(rule: Rule, file: SourceFile): readonly string[] {
  if (rule.applies?.(file.path) === false) return []
  const where = rule.scope === 'code' ? file.code : file.text
  return [...where.matchAll(rule.forbidden)].map(
    ({ 0: found, index }) => `${file.path}:${lineOf(where, index + found.length)}: ${found.trim()}`,
  )
}
