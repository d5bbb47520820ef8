// A Binary as what it holds. https://hl7.org/fhir/R4/binary.html#rest
import { lastUpdatedOf } from '../store/rid.js'
import { resourceText } from '../fhir/json.js'
import type { Answer, Version } from './exchange.js'

interface Content { readonly contentType?: unknown, readonly data?: unknown }

const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(\s*;\s*[a-z0-9!#$&^_.+-]+=("[\x20\x21\x23-\x5b\x5d-\x7e]*"|[a-z0-9!#$&^_.+-]+))*$/i

/**
 * The content of a Binary and the headers that go with it. It was uploaded by somebody and runs nowhere: a browser may
 * neither guess its type, nor show it as a page of ours.
 */
export function rawBinary ({ id, type, rid, tail }: Version): Pick<Answer, 'body' | 'contentType' | 'headers'> {
  // Only strings are taken from it, so that the decimals that JSON.parse would lose do not matter.
  const { contentType, data } = JSON.parse(resourceText(type, id, rid, lastUpdatedOf(rid), tail)) as Content
  return {
    body: Buffer.from(typeof data === 'string' ? data : '', 'base64'),
    contentType: typeof contentType === 'string' && MEDIA_TYPE.test(contentType) ? contentType : 'application/octet-stream',
    headers: {
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="${id}"`,
      'content-security-policy': "sandbox; default-src 'none'"
    }
  }
}
