// What a search is read with, and what becomes of it where the search parameters change meanwhile. docs/decisions/0022-custom-search-parameters.md
import { FhirError, notReady } from '../fhir/outcome.js'
import type { SearchContext } from '../store/search/build.js'
import { KnownParameters, NotReady } from '../store/search/known.js'
import type { Server } from './server.js'

// Each time somebody has changed a SearchParameter while the search was under way.
const ATTEMPTS = 5

/**
 * Reads and runs a search by the parameters that there are. Where one that it used does not answer any more when it is done, or one that it did not
 * know has come, it is done again. Throws FhirError 409 with the progress where one is still being indexed, and what the search throws.
 */
export async function knowing<Result> (server: Server, act: (context: SearchContext) => Promise<Result>): Promise<Result> {
  for (let left = ATTEMPTS; ; left--) {
    const context = contextOf(server)
    try {
      const result = await act(context)
      if (await server.registry.areReady(context.parameters.asked)) return result
      await server.registry.refresh()
      if (left === 1) throw notReady('the search parameters are being changed; try again')
    } catch (thrown) {
      const mayBeOld = thrown instanceof NotReady || thrown instanceof Outdated || (thrown instanceof FhirError && thrown.status === 400)
      if (mayBeOld && left > 1 && (await server.registry.refresh() || thrown instanceof Outdated)) continue
      throw thrown instanceof NotReady ? await refusal(server, thrown) : thrown
    }
  }
}

/** What a search is read with, by the parameters that this process knows now. */
export const contextOf = ({ zone, base, registry }: Server): SearchContext => ({ zone, base, now: Date.now(), parameters: new KnownParameters(registry.current) })

/** What a search passed over may be known by now. */
class Outdated extends Error {}

/** Throws where this process learns only now what parameters there are: before something is passed over. */
export async function refuseOutdated (server: Server): Promise<void> {
  if (await server.registry.refresh()) throw new Outdated()
}

// A share and no number: how many resources there are is not for everybody to know.
async function refusal (server: Server, { parameter: { number, definition: { code }, id } }: NotReady): Promise<FhirError> {
  const found = (await server.registry.progress()).find(progress => progress.number === number)
  const share = found?.total === undefined ? 'has not begun yet' : `is at ${found.total === 0 ? 100 : Math.min(99, Math.floor(found.done / found.total * 100))} %`
  return notReady(`${code} cannot be asked for yet: SearchParameter/${id} is new, and indexing what is stored ${share}`)
}
