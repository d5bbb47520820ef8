import type { Scope } from './scope.js'

interface Token {
  /** The name under which the token was minted; it stands in the audit trail. */
  readonly client: string
  readonly scopes: readonly Scope[]
  readonly jti: string
  /** Milliseconds since 1970. */
  readonly expires: number
}

/** The operator: unrestricted by policy, minted only on the machine that holds the data folder. */
export interface Operator extends Token { readonly kind: 'operator', readonly actor: string }

/** A patient who sees what is his own; `owner` is his surrogate, a bigint as text. */
export interface Self extends Token { readonly kind: 'self', readonly patient: string, readonly owner: string }

/** Somebody who treats patients: what he may see is in the rows of `rule` that name `actor`, a bigint as text. */
export interface Treating extends Token { readonly kind: 'treating', readonly actor: string }

/** Who is asking, as the server established it. */
export type Caller = Operator | Self | Treating
