// How long files and functions are. A function is found through its braces: a block that spans more than the limit is a
// function, or lies in one, unless what stands before its brace shows a class, a type or plain data.

import { lineOf, type SourceFile } from './project-files.ts'

export const fileLinesMax = 300
export const functionLinesMax = 60

/** What stands before the brace of an object, of a type literal or of a list of names. */
const dataBefore =
  /(?:[=(,:[?|&<]|\breturn|\bimport|\bexport|\bimport type|\bexport type|\bsatisfies|\bwith)$/
const declarationLine = /^\s*(?:export )?(?:declare )?(?:abstract )?(?:class|interface)\b/

export function findLongFiles(file: SourceFile): readonly string[] {
  const lines = file.text.trimEnd().split('\n').length
  return lines > fileLinesMax ? [`${file.path}: ${lines} lines; ${fileLinesMax} are allowed`] : []
}

export function findLongFunctions(file: SourceFile): readonly string[] {
  const problems: string[] = []
  for (const { open, close } of braceBlocks(file.code)) {
    const first = lineOf(file.code, open)
    const lines = lineOf(file.code, close) - first + 1
    if (lines <= functionLinesMax || !isFunction(file.code, open, close)) continue
    problems.push(`${file.path}:${first}: ${lines} lines of function; ${functionLinesMax} are allowed`)
  }
  return problems
}

function braceBlocks(code: string): readonly { readonly open: number; readonly close: number }[] {
  const blocks: { open: number; close: number }[] = []
  const opened: number[] = []
  for (const { 0: brace, index } of code.matchAll(/[{}]/g)) {
    if (brace === '{') opened.push(index)
    else blocks.push({ open: opened.pop() ?? 0, close: index })
  }
  return blocks.toSorted((a, b) => a.open - b.open)
}

function isFunction(code: string, open: number, close: number): boolean {
  const before = code.slice(0, open).trimEnd()
  if (before.endsWith('=>') || /=>\s*\($/.test(before)) return true
  if (dataBefore.test(before)) return false
  return !declarationLine.test(statementLine(code, open, close))
}

/** The formatter puts a block's end under the line on which its statement begins. */
function statementLine(code: string, open: number, close: number): string {
  const indent = /^ */.exec(code.slice(code.lastIndexOf('\n', close) + 1))?.[0].length ?? 0
  const lines = code.slice(0, open + 1).split('\n')
  return lines.findLast((line) => /^ */.exec(line)?.[0].length === indent && /^\s*[\w#[*]/.test(line)) ?? ''
}
