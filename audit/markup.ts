// HTML and SVG as text in which every inserted value is escaped, so that a topic named `<script>` stays a topic.

/** Text that is markup already. Made by `markup` only. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Insertion = string | number | Markup | readonly Markup[]

/** A template whose insertions are escaped unless they are markup themselves. */
export function markup(parts: TemplateStringsArray, ...values: readonly Insertion[]): Markup {
  let text = parts[0] ?? ''
  for (const [index, value] of values.entries()) text += toText(value) + (parts[index + 1] ?? '')
  return new Markup(text)
}

/** Nothing, where a part is left out. */
export const noMarkup: Markup = new Markup('')

function toText(value: Insertion): string {
  if (value instanceof Markup) return value.text
  if (typeof value === 'string' || typeof value === 'number') return escapeMarkup(`${value}`)
  return value.map((part) => part.text).join('')
}

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"'\p{Cc}]/gu, (character) => entities.get(character) ?? '\u{fffd}')
}

/** Line feeds and tabs are left; other control characters have no place in a page. */
const entities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
  ['\n', '\n'],
  ['\t', '\t'],
])
