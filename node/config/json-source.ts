// JSON files that people write. JSON.parse is silent about a key that is given twice, and terse about comments; both
// are common in hand-written files, so both get a message of their own with the line.

/** Parsed, or what is wrong as texts. */
export type JsonSource =
  | { readonly value: unknown; readonly problems: readonly string[] }
  | { readonly value: undefined; readonly problems: readonly string[] }

/** Parses a text as JSON and looks for what JSON.parse does not report. */
export function parseJsonSource(text: string): JsonSource {
  try {
    const value: unknown = JSON.parse(text)
    return { value, problems: findDuplicateKeys(text) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replaceAll(/\s+/g, ' ') : String(cause)
    const commentLine = findComment(text)
    const hint = commentLine === undefined ? '' : `; JSON has no comments (line ${commentLine})`
    return { value: undefined, problems: [`not JSON: ${reason}${hint}`] }
  }
}

/** The objects and arrays around a place in the text. */
interface Container {
  readonly isObject: boolean
  readonly keys: Set<string>
  /** The next string of an object is a key. */
  expectsKey: boolean
}

/** Every key that an object has twice; the text must be valid JSON. */
function findDuplicateKeys(text: string): readonly string[] {
  const problems: string[] = []
  const containers: Container[] = []
  for (const { token, at } of tokens(text)) {
    const container = containers.at(-1)
    if (token === '{' || token === '[') {
      containers.push({ isObject: token === '{', keys: new Set(), expectsKey: token === '{' })
    } else if (token === '}' || token === ']') {
      containers.pop()
    } else if (container === undefined || !container.isObject) {
    } else if (token === ',') {
      container.expectsKey = true
    } else if (container.expectsKey && token.startsWith('"')) {
      container.expectsKey = false
      const key = String(JSON.parse(token))
      if (container.keys.has(key)) problems.push(`${token} is given twice (line ${lineAt(text, at)})`)
      container.keys.add(key)
    }
  }
  return problems
}

/** Line of the first comment outside strings. */
function findComment(text: string): number | undefined {
  for (const { token, at } of tokens(text)) {
    if (token === '//' || token === '/*' || token === '#') return lineAt(text, at)
  }
  return undefined
}

/** Strings, brackets, commas and comment signs; everything else is of no interest here. */
function* tokens(text: string): Generator<{ readonly token: string; readonly at: number }> {
  const pattern = /"(?:[^"\\\n]|\\.)*"|[{}[\],#]|\/\/|\/\*/g
  for (const match of text.matchAll(pattern)) yield { token: match[0], at: match.index }
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}
