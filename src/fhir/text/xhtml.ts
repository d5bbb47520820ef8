// The text that a narrative shows. https://hl7.org/fhir/R4/narrative.html#xhtml

// Within a line: what stands beside them belongs to the same word.
const INLINE = 'a|abbr|acronym|b|bdo|big|cite|code|dfn|em|i|kbd|q|samp|small|span|strong|sub|sup|tt|var'
const COMMENT = /<!--[\s\S]*?-->/g
const INLINE_TAG = new RegExp(`</?(?:${INLINE})(?:\\s[^<>]*)?/?>`, 'gi')
const TAG = /<(?:[^<>"']|"[^"]*"|'[^']*')*>/g
const REFERENCE = /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|(\w{1,32}));/gi
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '’' }

/** What is between the tags, references resolved; a blank where a block begins or ends. A narrative that is well-formed has been checked; of another something comes out, too. */
export const textOfXhtml = (xhtml: string): string =>
  xhtml.replace(COMMENT, '').replace(INLINE_TAG, '').replace(TAG, ' ').replace(REFERENCE, (_, hex: string | undefined, decimal: string | undefined, name: string | undefined) =>
    name !== undefined ? NAMED[name.toLowerCase()] ?? ' ' : letterOf(hex === undefined ? Number(decimal) : parseInt(hex, 16)))

const letterOf = (code: number): string => code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' '
