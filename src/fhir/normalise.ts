// Text as string search compares it: without case, accents and doubled spaces. https://hl7.org/fhir/R4/search.html#string
//
// FIXED FOR EVER: stored rows hold what these functions give. Node's Unicode tables may grow; letters already in them do not change.

const PLAIN = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/
// Letters that are no base letter with an accent, and so survive decomposition.
const LETTERS: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ħ: 'h', ı: 'i', ς: 'σ' }
const SPECIAL = /[ßæœøłđðþħıς]/g
// й and ў are letters of their own, no и and у with an accent: their breve stays. All other marks go (ё is found by е).
const MARKS = /(?<![иу])\u0306|[\u0300-\u0305\u0307-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f]/g

/** Lower case, no accents, NFC, single spaces; the same for stored text and for search text. */
export function folded (text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase()
  return text.normalize('NFKD').toLowerCase().normalize('NFKD').replace(MARKS, '').replace(SPECIAL, letter => LETTERS[letter] ?? letter)
    .normalize('NFC').replace(/\s+/g, ' ').trim()
}

/** The first `units` UTF-16 units of a text; half a surrogate pair is left out. */
export function beginning (text: string, units: number): string {
  if (text.length <= units) return text
  const last = text.charCodeAt(units - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? units - 1 : units)
}

const TELEPHONE = /^[\d\s()+.\-/]+$/

/**
 * A telephone number, e-mail address or url as tokens compare it: no case, no spaces around, of a number no punctuation.
 * https://hl7.org/fhir/R4/search.html#token leaves this to the server.
 */
export const contactValue = (text: string): string => TELEPHONE.test(text) ? text.replace(/[\s().\-/]+/g, '') : text.trim().toLowerCase()
