import type { Operator } from '../auth/caller.js'

/** The caller of a command: whoever may run it on this machine. It has no token that could end. */
export const OPERATOR: Operator = { kind: 'operator', actor: '1', client: 'karta load', scopes: [], jti: 'karta load', expires: Number.MAX_SAFE_INTEGER }
