// A patch as the edit of a text that it is. https://hl7.org/fhir/R4/http.html#patch https://hl7.org/fhir/R4/fhirpatch.html
import { parseJson, resourceText, type ScannedResource } from '../fhir/json.js'
import { invalid, malformed } from '../fhir/outcome.js'
import { patchFhirPath } from '../fhir/text/patch-fhirpath.js'
import { patchJson } from '../fhir/text/patch-json.js'

export type Edit = (text: string) => string

/**
 * The edit that a patch resource describes: a Parameters with FHIRPath Patch, or in a Bundle a Binary that holds a JSON
 * Patch. Throws FhirError 400 for any other.
 */
export function editOf ({ resourceType, value, tail }: ScannedResource): Edit {
  // As text, so that what it brings keeps its spelling.
  if (resourceType === 'Parameters') return text => patchFhirPath(text, resourceText('Parameters', '', '', '', tail))
  if (resourceType === 'Binary') return jsonPatchIn(value.contentType, value.data)
  throw malformed('a patch is a Parameters (FHIRPath Patch), or a JSON Patch with Content-Type application/json-patch+json')
}

function jsonPatchIn (contentType: unknown, data: unknown): Edit {
  if (contentType !== 'application/json-patch+json' || typeof data !== 'string') {
    throw invalid('a Binary that is a patch has contentType application/json-patch+json and its data', 'Binary.contentType')
  }
  return jsonPatchEdit(Buffer.from(data, 'base64').toString('utf8'))
}

/** The edit that the text of a JSON Patch describes. Throws FhirError 400 where it is no JSON. https://www.rfc-editor.org/rfc/rfc6902 */
export function jsonPatchEdit (text: string): Edit {
  parseJson(text)
  return resource => patchJson(resource, text)
}
