// What of an interaction counts. etcd's text also tells what its library writes to its log, in which order messages leave, and
// how a write is to be synced; another core with the same decisions says the same messages, entries and states in each step.

const logLine = /^\s*(DEBUG|INFO|WARN|ERROR|FATAL) /
const headings = ['Messages:', 'Entries:', 'CommittedEntries:', 'Processing:', 'Responses:']

/** The lines that count, each with the part of the step that it stands in, so that they can be compared as a set. */
export function toNormalForm(lines: readonly string[]): string[] {
  const found: string[] = []
  let section = ''
  let sections = 0
  let heading = ''
  for (const line of joinBrackets(lines.filter((each) => !logLine.test(each)))) {
    const text = line.trim()
    if (text === '' || text === 'ok' || text.startsWith('Ready MustSync=')) continue
    if (text.startsWith('> ')) {
      section = `[${++sections}] ${text} | `
      heading = ''
      found.push(section)
    } else if (headings.includes(text)) heading = `${text} `
    else found.push(`${section}${heading}${withoutAdditions(text)}`)
  }
  return found
}

/** Newer files name the commit index in two more places. */
function withoutAdditions(text: string): string {
  return text
    .replace(/(MsgAppResp Term:\d+ Log:\d+\/\d+(?: Rejected \(Hint: \d+\))?) Commit:\d+/g, '$1')
    .replace(/ commit=\d+/, '')
}

/** A list in brackets may go over several lines; here it is one. */
function joinBrackets(lines: readonly string[]): string[] {
  const joined: string[] = []
  let open: string | undefined
  for (const line of lines) {
    const text: string = open === undefined ? line : `${open} ${line.trim()}`
    open = isOpen(text) ? text : undefined
    if (open === undefined) joined.push(closeUp(text))
  }
  return open === undefined ? joined : [...joined, closeUp(open)]
}

/** Whether a bracket is not closed, outside of quotes. */
function isOpen(text: string): boolean {
  const bare = text.replace(/"(?:[^"\\]|\\.)*"/g, '')
  return bare.split('[').length > bare.split(']').length
}

/** The same spaces at brackets, however the list was written. */
function closeUp(text: string): string {
  return text.replace(/\[\s+/g, '[').replace(/\s+\]/g, ']')
}
