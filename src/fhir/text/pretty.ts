// The layout of `_pretty=true`: whitespace between the tokens, which stay as they are. https://hl7.org/fhir/R4/http.html#parameters

const BLANKS = /\s*/y
// An atom is a string, number or literal; quantifiers over single characters only, so that a long string needs no deep stack.
const ATOM = /[^\s"{}[\]:,]+/y

/** A well-formed JSON text, two blanks a level. */
export function pretty (text: string): string {
  const pieces: string[] = []
  let line = '\n'
  for (let at = blanksEnd(text, 0); at < text.length; at = blanksEnd(text, at)) {
    const first = text.charAt(at)
    switch (first) {
      case '{': case '[': {
        const next = blanksEnd(text, at + 1)
        const empty = text.charAt(next) === (first === '{' ? '}' : ']')
        if (!empty) line += '  '
        pieces.push(empty ? first + text.charAt(next) : first + line)
        at = empty ? next + 1 : next
        break
      }
      case '}': case ']':
        line = line.slice(0, -2)
        pieces.push(line, first)
        at++
        break
      case ',':
        pieces.push(first, line)
        at++
        break
      case ':':
        pieces.push(': ')
        at++
        break
      default: {
        const end = first === '"' ? stringEnd(text, at) : atomEnd(text, at)
        pieces.push(text.slice(at, end))
        at = end
      }
    }
  }
  return pieces.join('')
}

function blanksEnd (text: string, at: number): number {
  BLANKS.lastIndex = at
  BLANKS.test(text)
  return BLANKS.lastIndex
}

function atomEnd (text: string, at: number): number {
  ATOM.lastIndex = at
  return ATOM.test(text) ? ATOM.lastIndex : text.length
}

/** The place after the quote that ends the string; an even number of backslashes stands before it. */
function stringEnd (text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (text.charAt(at - 1 - backslashes) === '\\') backslashes++
    if (backslashes % 2 === 0) return at + 1
  }
  return text.length
}
