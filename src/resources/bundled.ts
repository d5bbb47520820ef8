// Several interactions in one request: a batch, or a transaction. https://hl7.org/fhir/R4/http.html#transaction
import type { Caller } from '../auth/caller.js'
import type { VersionRow } from '../consent/visible.js'
import { scanBundle, type Json, type ScannedBundle } from '../fhir/json.js'
import { malformed, notSupported, tooLarge } from '../fhir/outcome.js'
import { outlined } from '../store/links.js'
import { batch } from './batch.js'
import { bodyOf, textOf } from './body.js'
import { bundleText, type Entry } from './bundle.js'
import { answeredEntry } from './entry-answer.js'
import { atEntry, entryRequests, type Bundled } from './entry.js'
import type { Answer, Asked, Handler } from './exchange.js'
import { refuseForbidden } from './gate.js'
import { Lanes } from '../store/lanes.js'
import { prefer } from './prefer.js'
import { laidOut, wantedBy } from './representation.js'
import type { Route } from './route.js'
import { transaction } from './transaction.js'
import type { Server } from './server.js'

/** What the entries came to, and what the reads among them have shown. */
interface Done { readonly entries: readonly Entry[], readonly shown: readonly VersionRow[] | undefined }

// A large Bundle takes many times its size while it is worked on: more at a time would fill the memory. So many that some can wait for
// the database while one is worked on. Measured with 20 clients (docs/decisions/0017-bundle.md): up to 365 MB with eight.
const LARGE = 100_000
const large = new Lanes(8)

/** The handler of `POST [base]`, for entries of these routes. 200 with a batch-response or transaction-response. */
export const bundled = (routes: readonly Route[]): Handler => async (server, caller, asked) => {
  const size = bodyOf(asked)?.bytes.length ?? 0
  const work = async (): Promise<Answer> => await answered(routes, server, caller, asked)
  return size < LARGE ? await work() : await large.run(work)
}

async function answered (routes: readonly Route[], server: Server, caller: Caller, asked: Asked): Promise<Answer> {
  const wanted = wantedBy(asked)
  if (wanted.summary !== 'false' || wanted.elements !== undefined) throw notSupported('_summary and _elements are asked in the URL of an entry')
  const bundle = scanBundle(textOf(bodyOf(asked) ?? { mediaType: '', bytes: Buffer.alloc(0) }), outlined)
  const { type, entries } = partsOf(bundle, server.config.bundleLimit)
  const common: Bundled = { routes, base: server.base, bundle, headers: { accept: 'application/fhir+json', prefer: entryPrefer(asked) } }
  const act = type === 'batch' ? batch : atomic
  const done: Done = await act(server, caller, common, entries)
  return {
    status: 200,
    contentType: wanted.contentType,
    body: laidOut(bundleText({ type: `${type}-response`, entries: done.entries }), wanted),
    interaction: type,
    ...(done.shown !== undefined && { shown: done.shown })
  }
}

function partsOf ({ value }: ScannedBundle, most: number): { type: 'batch' | 'transaction', entries: readonly Json[] } {
  const { resourceType, type, entry = [] } = value
  if (resourceType !== 'Bundle') throw malformed('the base takes a Bundle', 'Bundle.resourceType')
  if (type !== 'batch' && type !== 'transaction') throw malformed('the Bundle\'s type must be batch or transaction', 'Bundle.type')
  if (!Array.isArray(entry)) throw malformed('entry must be an array', 'Bundle.entry')
  if (entry.length > most) throw tooLarge(`the Bundle has ${entry.length} entries: at most ${most} are taken`)
  return { type, entries: entry }
}

// An import of thousands does not want them all back: in a Bundle the default is minimal.
function entryPrefer ({ headers }: Asked): string {
  const { return: wanted = 'minimal', handling } = prefer(headers.prefer)
  return `return=${wanted}, handling=${handling}`
}

async function atomic (server: Server, caller: Caller, common: Bundled, entries: readonly Json[]): Promise<Done> {
  const requests = entryRequests(common, entries)
  for (const { index, route, asked } of requests) atEntry(index, () => refuseForbidden(caller, route, asked.type))
  const { answers, shown } = await transaction(server, caller, requests, common.bundle.value)
  return { entries: requests.map(request => answeredEntry(common.base, request, answers.get(request.index) ?? { status: 200 })), shown }
}
