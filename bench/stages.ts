// What each step of a write costs by itself, in this process: microseconds a resource, the fastest of several passes, so
// that other programs on the machine disturb little.
import { scanBundle, scanResource, type ScannedResource } from '../src/fhir/json.js'
import { validate } from '../src/fhir/validate.js'
import { indexRows } from '../src/store/index-rows.js'
import { outlined, referencesOf } from '../src/store/links.js'
import { brief, report, type Report, type Verdict } from './report.js'
import { synthea, type Bundle } from './synthea.js'

const PASSES = 12

interface Sample { readonly type: string, readonly text: string, readonly scanned: ScannedResource }

const STEPS = {
  scan: ({ text }: Sample) => scanResource(text),
  validate: ({ type, scanned }: Sample) => validate(type, scanned.value),
  index: ({ type, scanned }: Sample) => indexRows(type, 'x', scanned.value, { zone: 'UTC' }),
  references: ({ type, scanned }: Sample) => referencesOf(type, scanned.value)
} as const

type Step = keyof typeof STEPS

/** Microseconds that a step takes for one of these, in the fastest pass. */
function fastest (step: (sample: Sample) => unknown, samples: readonly Sample[]): number {
  let best = Number.POSITIVE_INFINITY
  for (let pass = 0; pass < PASSES; pass++) {
    const began = process.hrtime.bigint()
    for (const sample of samples) step(sample)
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 1000 / samples.length)
  }
  return best
}

const samplesOf = (bundles: readonly Bundle[]): Map<string, Sample[]> => {
  const byType = new Map<string, Sample[]>()
  for (const { type, resource } of bundles.flatMap(({ entries }) => entries)) {
    const text = JSON.stringify(resource)
    const list = byType.get(type) ?? []
    byType.set(type, list)
    if (list.length < 2000) list.push({ type, text, scanned: scanResource(text) })
  }
  return byType
}

/** The steps named, for every type of the material and for a mean resource of it. */
export async function stages (name: string, steps: readonly Step[], most: number): Promise<Report> {
  const bundles = await synthea(most)
  const rows = [...samplesOf(bundles)].map(([type, samples]) => ({
    type,
    bytes: brief(samples.reduce((sum, { text }) => sum + text.length, 0) / samples.length),
    resources: samples.length,
    times: Object.fromEntries(steps.map(step => [`${step} us`, fastest(STEPS[step], samples)]))
  })).sort((a, b) => b.resources - a.resources)
  const mean = (step: Step): number => rows.reduce((sum, { resources, times }) => sum + resources * (times[`${step} us`] ?? 0), 0) / rows.reduce((sum, { resources }) => sum + resources, 0)
  const whole = steps.includes('scan') ? [{ type: 'Bundle, by resource', bytes: '', resources: '', 'scan us': brief(wholeBundles(bundles)) }] : []
  return report(name, 'not used', {
    method: { passes: `the fastest of ${PASSES}`, material: `${most} Synthea Bundles` },
    rows: [
      ...rows.map(({ type, bytes, resources, times }) => ({ type, bytes, resources, ...Object.fromEntries(Object.entries(times).map(([step, time]) => [step, brief(time)])) })),
      { type: 'mean', bytes: '', resources: '', ...Object.fromEntries(steps.map(step => [`${step} us`, brief(mean(step))])) },
      ...whole
    ],
    results: rows,
    verdicts: steps.includes('validate') ? verdicts(rows) : []
  })
}

function wholeBundles (bundles: readonly Bundle[]): number {
  let best = Number.POSITIVE_INFINITY
  const resources = bundles.reduce((sum, { entries }) => sum + entries.length, 0)
  for (let pass = 0; pass < PASSES; pass++) {
    const began = process.hrtime.bigint()
    for (const { compact } of bundles) for (const resource of scanBundle(compact, outlined).resources) resource?.read()
    best = Math.min(best, Number(process.hrtime.bigint() - began) / 1000 / resources)
  }
  return best
}

function verdicts (rows: readonly { readonly type: string, readonly times: Readonly<Record<string, number>> }[]): Verdict[] {
  const most = { Observation: 30, ExplanationOfBenefit: 200 }
  return Object.entries(most).map(([type, limit]) => {
    const time = rows.find(row => row.type === type)?.times['validate us'] ?? Number.NaN
    return { floor: `validation of a Synthea ${type} <= ${limit} us`, measured: `${brief(time)} us`, met: time <= limit }
  })
}
