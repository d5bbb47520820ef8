// What a workload is: what it stores first, and what its users then ask for.
import type { Key } from './items.js'
import type { Target, Turn } from './driver.js'
import type { Bundle } from './synthea.js'

/** What a workload has to work with. */
export interface Stage {
  readonly target: Target
  readonly bundles: readonly Bundle[]
  /** Smaller by this factor for a smoke test. */
  readonly scale: number
}

/** The text that an answer must end with: for a server what was sent, for a baseline what its rows hold. */
export type Expected = (item: number, sent: string) => string

/** A workload whose material is stored. */
export interface Job {
  /** Resources whose rows the baselines write: item by item, as x-item names them. */
  readonly items: readonly (readonly Key[])[]
  /** What one user does, in one run: every run begins anew. */
  readonly turn: (run: Run) => Turn
  /** Patients whom a treating caller must treat. */
  readonly patients: readonly string[]
}

export interface Run {
  readonly expected: Expected
  /** A baseline keeps neither versions' numbers nor conditions apart as a server does. */
  readonly kind: 'server' | 'same' | 'ideal'
}

export interface Workload {
  readonly name: string
  readonly unit: 'requests' | 'resources'
  /** How many users, for each measurement. */
  readonly users: readonly number[]
  /** The least share of the same-rows baseline's rate, and the least rate. */
  readonly floor?: { readonly share?: number, readonly rate?: number }
  /** A treating caller may do it. */
  readonly treating: boolean
  /** How many of the Synthea Bundles stand in the server first. */
  readonly bundles: number
  /** Seconds of one run where the usual are too few: what a request takes long for. */
  readonly seconds?: number
  /** Seconds before each run, where the usual one is too short: the path of a whole Bundle is long, and compiled as it goes. */
  readonly warmUp?: number
  readonly prepare: (stage: Stage) => Promise<Job>
}
