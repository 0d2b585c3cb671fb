// Plain text tables: columns as wide as their widest cell, numbers to the right, two spaces between. Cells may carry colour
// codes, which take no room.

import { stripVTControlCharacters } from 'node:util'

/** Column headings; one that begins with `>` aligns its column to the right. */
export type Headings = readonly string[]

/** Lines of a table: the headings, then one line a row. */
export function toTable(headings: Headings, rows: readonly (readonly string[])[]): string[] {
  const titles = headings.map((heading) => heading.replace(/^>/, ''))
  const widths = titles.map((title, column) =>
    Math.max(width(title), ...rows.map((row) => width(row[column] ?? ''))),
  )
  const toLine = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const room = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))
        return headings[column]?.startsWith('>') ? room + cell : cell + room
      })
      .join('  ')
      .trimEnd()
  return [toLine(titles), ...rows.map(toLine)]
}

function width(text: string): number {
  return stripVTControlCharacters(text).length
}
