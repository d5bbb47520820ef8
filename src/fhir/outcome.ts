// What a refusal looks like: an OperationOutcome. https://hl7.org/fhir/R4/http.html#Status-Codes
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes'

export type IssueCode = OperationOutcomeIssue['code']

/** One thing that is wrong, and where. `expression` is a FHIRPath location (`Patient.name[0].use`). */
export interface Issue {
  readonly severity: 'error' | 'warning' | 'information'
  readonly code: IssueCode
  readonly diagnostics: string
  readonly expression?: string
}

/** An error that has a FHIR answer: a status and the issues of an OperationOutcome. */
export class FhirError extends Error {
  override name = 'FhirError'
  readonly status: number
  readonly issues: readonly Issue[]
  /** Response headers that belong to the refusal (Allow, Retry-After). */
  readonly headers: Readonly<Record<string, string>>

  constructor (status: number, issues: readonly Issue[], headers: Readonly<Record<string, string>> = {}, options?: ErrorOptions) {
    super(issues[0]?.diagnostics ?? 'refused', options)
    this.status = status
    this.issues = issues
    this.headers = headers
  }
}

// exactOptionalPropertyTypes: an absent expression is an absent property.
const one = (status: number, code: IssueCode, diagnostics: string, expression?: string, headers?: Record<string, string>, options?: ErrorOptions): FhirError =>
  new FhirError(status, [{ severity: 'error', code, diagnostics, ...(expression !== undefined && { expression }) }], headers, options)

// The pairs of status and issue code, once. https://hl7.org/fhir/R4/http.html#Status-Codes
export const malformed = (message: string, expression?: string): FhirError => one(400, 'structure', message, expression)
export const invalid = (message: string, expression?: string): FhirError => one(400, 'invalid', message, expression)
export const notSupported = (message: string): FhirError => one(400, 'not-supported', message)
export const tooCostly = (message: string): FhirError => one(400, 'too-costly', message)
export const unauthenticated = (message: string): FhirError => one(401, 'login', message, undefined, { 'www-authenticate': 'Bearer realm="karta"' })
export const forbidden = (message: string): FhirError => one(403, 'forbidden', message)
export const notFound = (type: string, id: string): FhirError => one(404, 'not-found', `${type}/${id} is not known`)
export const unmatched = (type: string): FhirError => one(404, 'not-found', `no ${type} meets the criteria`)
export const unknownRoute = (message: string): FhirError => one(404, 'not-supported', message)
export const methodNotAllowed = (message: string, allow: string): FhirError => one(405, 'not-supported', message, undefined, { allow })
export const notAcceptable = (message: string): FhirError => one(406, 'not-supported', message)
export const conflict = (message: string): FhirError => one(409, 'conflict', message)
export const notReady = (message: string): FhirError => one(409, 'incomplete', message)
export const gone = (type: string, id: string): FhirError => one(410, 'deleted', `${type}/${id} was deleted`)
export const preconditionFailed = (message: string): FhirError => one(412, 'conflict', message)
export const multipleMatches = (message: string): FhirError => one(412, 'multiple-matches', message)
export const tooLarge = (message: string): FhirError => one(413, 'too-long', message)
export const unsupportedMediaType = (message: string): FhirError => one(415, 'not-supported', message)
export const unprocessable = (message: string, expression?: string): FhirError => one(422, 'processing', message, expression)
export const tooManyRequests = (message: string, seconds: number): FhirError => one(429, 'throttled', message, undefined, { 'retry-after': String(seconds) })
export const unavailable = (message: string, options?: ErrorOptions): FhirError => one(503, 'transient', message, undefined, { 'retry-after': '2' }, options)

/** All that validation found wrong with one resource: 422 when any issue is an error. */
export const notValid = (issues: readonly Issue[]): FhirError => new FhirError(422, issues)

/** Any thrown value as a FhirError; what we did not throw on purpose says nothing about itself. */
export function asFhirError (thrown: unknown): FhirError {
  if (thrown instanceof FhirError) return thrown
  return one(500, 'exception', 'Internal error', undefined, undefined, { cause: thrown })
}

/** The same refusal, told of one entry of a Bundle: the message names the index, the expression starts at the entry. */
export function ofEntry (error: FhirError, index: number): FhirError {
  const place = `Bundle.entry[${index}]`
  return new FhirError(error.status, error.issues.map(issue => ({
    ...issue,
    diagnostics: `${place}: ${issue.diagnostics}`,
    expression: issue.expression === undefined ? place : `${place}.resource.ofType(${issue.expression.replace(/[.[].*$/s, '')})${issue.expression.replace(/^[^.[]*/, '')}`
  })), error.headers, { cause: error.cause })
}

/** The OperationOutcome resource of some issues. https://hl7.org/fhir/R4/operationoutcome.html */
export function outcome (issues: readonly Issue[]): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ severity, code, diagnostics, expression }) => ({
      severity, code, diagnostics, ...(expression !== undefined && { expression: [expression] })
    }))
  }
}
