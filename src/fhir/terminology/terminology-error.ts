// What cannot be answered because of a code system or value set. https://hl7.org/fhir/R4/valueset-operation-expand.html
import { FhirError, type IssueCode } from '../outcome.js'

/**
 * A question about codes that cannot be answered whole: 400 that names the code system or value set and why. It is never passed over, since what
 * else is found would be a part of the answer.
 */
export class TerminologyError extends FhirError {
  override name = 'TerminologyError'
  constructor (code: IssueCode, message: string) {
    super(400, [{ severity: 'error', code, diagnostics: message }])
  }
}

export const unknown = (message: string): TerminologyError => new TerminologyError('not-found', message)
export const unanswerable = (message: string): TerminologyError => new TerminologyError('not-supported', message)
export const contradictory = (message: string): TerminologyError => new TerminologyError('invalid', message)
export const tooCostly = (message: string): TerminologyError => new TerminologyError('too-costly', message)
