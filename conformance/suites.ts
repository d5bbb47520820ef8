// The public suites that are run here.
import { fhirPath } from './fhirpath.js'
import type { Suite } from './suite.js'
import { testScripts } from './testscripts.js'
import { usCore } from './us-core.js'

export const SUITES: readonly Suite[] = [usCore, testScripts, fhirPath]
