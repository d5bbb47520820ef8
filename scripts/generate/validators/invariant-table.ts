// How the published invariants are treated that are not simply compiled, and why.
// https://hl7.org/fhir/R4/conformance-rules.html#constraints

export type Treatment =
  | { readonly kind: 'by hand', readonly why: string }
  | { readonly kind: 'corrected', readonly expression: string, readonly why: string }
  /** Says the same, and is held against the published expression in the tests. */
  | { readonly kind: 'rewritten', readonly expression: string, readonly why: string }
  | { readonly kind: 'undecided', readonly why: string }

const linear = 'the same, in a form whose time does not grow with the square of the resource'
const absent = 'the compared value may be given by an extension only: broken only when the expression is false'

export const TREATMENTS: Readonly<Record<string, Treatment>> = {
  'ele-1': { kind: 'by hand', why: 'stated by the structure: no empty object, none with an id only, no primitive without value or extension' },
  'txt-1': { kind: 'by hand', why: 'src/fhir/rules/xhtml.ts; htmlChecks() says nothing that could be compiled' },
  'txt-2': { kind: 'by hand', why: 'src/fhir/rules/xhtml.ts; htmlChecks() says nothing that could be compiled' },
  'ref-1': { kind: 'by hand', why: 'src/fhir/rules/reference.ts; the published expression does not know the reference # to the container' },
  'dom-2': { kind: 'by hand', why: 'src/fhir/rules/contained.ts' },
  'dom-3': { kind: 'by hand', why: 'src/fhir/rules/contained.ts; the published expression casts descendants to types that a JSON value does not have' },
  'dom-4': { kind: 'by hand', why: 'src/fhir/rules/contained.ts' },
  'dom-5': { kind: 'by hand', why: 'src/fhir/rules/contained.ts' },
  'ctm-1': { kind: 'by hand', why: 'src/fhir/rules/reference.ts; resolve() is decided by what a reference says of its target' },
  'que-12': {
    kind: 'corrected',
    expression: 'enableWhen.count() > 1 implies enableBehavior.exists()',
    why: 'says > 2 but its text is "if there are more than one enableWhen"; corrected by HL7 and in the reference validator'
  },
  'obs-7': { kind: 'rewritten', expression: 'value.empty() or component.code.coding.intersect(%resource.code.coding).empty()', why: linear },
  'ig-1': { kind: 'rewritten', expression: 'resource.groupingId.subsetOf(%context.grouping.id)', why: linear },
  'ig-2': { kind: 'rewritten', expression: 'definition.resource.fhirVersion.subsetOf(%context.fhirVersion)', why: linear },
  'eld-19': {
    kind: 'corrected',
    expression: String.raw`path.matches('^[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\.[^\\s\\.,:;\\\'"\\/|?!@#$%&*()\\[\\]{}]{1,64}(\\[x\\])?(\\:[^\\s\\.]+)?)*$')`,
    why: 'is meant of the whole path, as the reference validator evaluates it; unanchored it holds for anything'
  },
  'app-4': {
    kind: 'corrected',
    expression: "Appointment.cancelationReason.exists() implies (Appointment.status='noshow' or Appointment.status='cancelled')",
    why: 'says no-show; the code of the required value set is noshow'
  },
  'tim-9': {
    kind: 'corrected',
    expression: "offset.empty() or (when.exists() and when.all(($this in ('C' | 'CM' | 'CD' | 'CV')).not()))",
    why: '`when` repeats, but `in` takes one item'
  },
  'rng-2': { kind: 'undecided', why: 'quantities of different units cannot be compared: broken only when the expression is false' },
  'ras-2': { kind: 'undecided', why: 'a prediction need not have a probability: broken only when the expression is false' },
  'bdl-8': { kind: 'undecided', why: 'an entry need not have a fullUrl: broken only when the expression is false' },
  'tim-4': { kind: 'undecided', why: absent },
  'tim-5': { kind: 'undecided', why: absent },
  'trd-3': { kind: 'undecided', why: absent }
}
