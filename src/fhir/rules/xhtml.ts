// Narrative.div: well-formed XHTML of which R4 allows a part (txt-1), with something to read (txt-2).
// https://hl7.org/fhir/R4/narrative.html#Narrative
// One pass from left to right; each expression is sticky and has nothing to go back to, so the time is linear in the text.

// "Chapters 7-11 (except section 4 of chapter 9) and 15 of the HTML 4.0 standard, <a>, images and style attributes": as the
// reference validator lists them.
const ELEMENTS = new Set((
  'p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr address bdo kbd sub sup ' +
  'ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp img map area').split(' '))
const ATTRIBUTES = new Set((
  'title style class id lang xml:lang dir accesskey tabindex span width align valign char charoff abbr axis headers scope rowspan colspan').split(' '))
const OWN_ATTRIBUTES = new Set((
  'a.href a.name a.charset a.type a.hreflang a.rel a.rev a.shape a.coords img.src img.alt img.border img.longdesc img.height img.width img.usemap ' +
  'img.ismap blockquote.cite q.cite map.name area.shape area.coords area.href area.nohref area.alt table.summary table.border table.frame ' +
  'table.rules table.cellspacing table.cellpadding pre.space pre.xml:space td.nowrap th.nowrap').split(' '))
const LINKS = new Set(['href', 'src', 'cite', 'longdesc'])

const NAMESPACE = 'http://www.w3.org/1999/xhtml'
const TAG = /<([A-Za-z][\w:.-]*)/y
const ATTRIBUTE = /\s+([A-Za-z_][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y
const CLOSE = /<\/([A-Za-z][\w:.-]*)\s*>/y
const SPACE = /\s*/y
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));?/g
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Text with its references resolved; undefined when one is none that XML knows: HTML's (&nbsp;) are not. */
function decoded (text: string): string | undefined {
  if (!text.includes('&')) return text
  let wrong = false
  const result = text.replace(ENTITY, (all: string, decimal?: string, hex?: string, name?: string) => {
    const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? parseInt(hex, 16) : undefined
    const known = name !== undefined ? NAMED[name] : code !== undefined && code <= 0x10ffff ? String.fromCodePoint(code) : undefined
    if (known === undefined || !all.endsWith(';')) wrong = true
    return known === undefined ? '' : known === '&' ? '\u0001' : known
  })
  return wrong || result.includes('&') ? undefined : result.replaceAll('\u0001', '&')
}

/** A link that runs something when it is followed. */
const isActive = (url: string): boolean => /^(?:javascript|vbscript|data:text\/html)/i.test(url.replace(/[\s\u0000-\u0020]/g, '')) // eslint-disable-line no-control-regex

class Narrative {
  private readonly text: string
  private at = 0
  private readonly open: string[] = []
  private hasContent = false

  constructor (text: string) {
    this.text = text
  }

  /** What is wrong; undefined when nothing is. */
  problem (): string | undefined {
    this.spaces()
    if (!this.text.startsWith('<div', this.at)) return 'txt-1: the narrative must be one <div>'
    do {
      const wrong = this.step()
      if (wrong !== undefined) return wrong
    } while (this.open.length > 0)
    this.spaces()
    if (this.at < this.text.length) return 'txt-1: nothing may follow the closing </div>'
    return this.hasContent ? undefined : 'txt-2: the narrative has no content that is not whitespace'
  }

  private spaces (): void {
    this.match(SPACE)
  }

  private match (pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found) this.at = pattern.lastIndex
    return found
  }

  private step (): string | undefined {
    if (this.at >= this.text.length) return `txt-1: <${this.open.at(-1) ?? 'div'}> is not closed`
    if (this.text[this.at] !== '<') return this.content()
    if (this.text.startsWith('</', this.at)) return this.closing()
    if (this.text.startsWith('<!--', this.at)) return this.skipTo('--', '-->', 4)
    if (this.text.startsWith('<![CDATA[', this.at)) return this.skipTo(']]>', ']]>', 9)
    return this.opening()
  }

  private content (): string | undefined {
    const next = this.text.indexOf('<', this.at)
    const text = this.text.slice(this.at, next < 0 ? this.text.length : next)
    this.at += text.length
    const value = decoded(text)
    if (value === undefined) return 'txt-1: only &amp; &lt; &gt; &quot; &apos; and numeric character references are known'
    if (value.trim() !== '') this.hasContent = true
    return undefined
  }

  /** A comment (in which `--` may only end it) or a CDATA section. */
  private skipTo (mark: string, end: string, length: number): string | undefined {
    const stop = this.text.indexOf(mark, this.at + length)
    if (stop < 0 || !this.text.startsWith(end, stop)) return 'txt-1: a comment or CDATA section is not closed'
    if (length === 9 && this.text.slice(this.at + length, stop).trim() !== '') this.hasContent = true
    this.at = stop + end.length
    return undefined
  }

  private closing (): string | undefined {
    const expected = this.open.pop()
    const found = this.match(CLOSE)?.[1]
    return found === expected ? undefined : `txt-1: </${expected}> expected, not ${found === undefined ? 'a malformed tag' : `</${found}>`}`
  }

  private opening (): string | undefined {
    const name = this.match(TAG)?.[1]
    if (name === undefined) return "txt-1: '<' must begin an element"
    if (!ELEMENTS.has(name)) return `txt-1: the element <${name}> is not allowed in a narrative`
    const wrong = this.attributes(name)
    if (wrong !== undefined) return wrong
    this.spaces()
    if (name === 'img') this.hasContent = true
    if (this.text.startsWith('/>', this.at)) {
      this.at += 2
      return undefined
    }
    if (this.text[this.at] !== '>') return `txt-1: the attributes of <${name}> are malformed`
    this.at++
    this.open.push(name)
    return undefined
  }

  private attributes (element: string): string | undefined {
    const seen = new Set<string>()
    for (let found = this.match(ATTRIBUTE); found; found = this.match(ATTRIBUTE)) {
      const name = found[1] ?? ''
      const value = decoded(found[2] ?? found[3] ?? '')
      if (seen.has(name)) return `txt-1: the attribute ${name} stands twice on <${element}>`
      seen.add(name)
      const wrong = this.attribute(element, name, value)
      if (wrong !== undefined) return wrong
    }
    if (this.open.length === 0 && !seen.has('xmlns')) return `txt-1: the narrative's <div> must be in the namespace ${NAMESPACE}`
    return undefined
  }

  private attribute (element: string, name: string, value: string | undefined): string | undefined {
    if (value === undefined) return `txt-1: the attribute ${name} of <${element}> has an unknown character reference`
    if (name === 'xmlns') return value === NAMESPACE ? undefined : `txt-1: the namespace must be ${NAMESPACE}`
    if (name.startsWith('xmlns:')) return undefined
    if (!ATTRIBUTES.has(name) && !OWN_ATTRIBUTES.has(`${element}.${name}`)) return `txt-1: the attribute ${name} is not allowed on <${element}>`
    return LINKS.has(name) && isActive(value) ? `txt-1: the ${name} of <${element}> is active content` : undefined
  }
}

/** The narrative rules; answers what is wrong, if anything. */
export const xhtml = (text: string): string | undefined => new Narrative(text).problem()
