// A search parameter that was defined here, ready to be written and asked. docs/decisions/0022-custom-search-parameters.md
import { type Expression, expressionOn, ExpressionError, type Item } from '../../fhir/fhirpath/expression.js'
import type { JsonObject } from '../../fhir/json-value.js'
import type { SearchParameterRow } from '../../generated/search-parameters.js'
import type { Key } from '../hash.js'
import type { Component } from '../index/composite.js'
import { type Emit, plainEmitter } from '../index/plan.js'
import { KIND, type Rows, paramOf, valueKey } from '../index/rows.js'
import { takenBy, type Definition } from './definition.js'

export type State = 'pending' | 'indexing' | 'ready' | 'ended'

/** A parameter as a search knows it. The members behind the row's are those of one that was defined here. */
export interface KnownParameter extends SearchParameterRow {
  /** Under which code its rows stand. */
  readonly stored?: string
  readonly limits?: Pick<Definition, 'modifiers' | 'comparators' | 'chains' | 'multipleOr' | 'multipleAnd'>
}

/** What one type has of a parameter: how its values are taken and written. */
interface Own {
  readonly expression: Expression
  readonly components: ReadonlyArray<(item: Item, resource: JsonObject) => Component>
  readonly emit: Emit | undefined
  readonly markers: Markers
}

/** A resource that has been gone over has one of these tokens. */
export interface Markers { readonly present: Key, readonly missing: Key, readonly failed: Key }

/** Takes a value with its FHIR type; of a composite the components. */
type Take = (type: string, value: never) => void

/** One parameter under one number: with another definition it is another one. */
export class CustomParameter {
  readonly number: number
  readonly id: string
  readonly state: State
  readonly definition: Definition
  readonly row: KnownParameter
  readonly #stored: string
  readonly #own = new Map<string, Own>()

  constructor (number: number, id: string, state: State, definition: Definition) {
    this.number = number
    this.id = id
    this.state = state
    this.definition = definition
    // No code has an @: so nothing else ever stands there.
    this.#stored = `${definition.code}@${number}`
    const { code, type, url, expression, target, components, base } = definition
    const types = type === 'composite' ? [] : [...new Set(base.flatMap(each => takenBy(type, expressionOn(each, expression).types)))]
    this.row = {
      code, type, url, expression, number, stored: this.#stored, limits: definition,
      ...(type === 'token' && { of: types }),
      ...(target !== undefined && { target }), ...(components !== undefined && { components })
    }
  }

  markersOf (type: string): Markers {
    return this.#ownOf(type).markers
  }

  /** Hands over the values of a resource. Throws ExpressionError where the expression fails. */
  extract (type: string, resource: JsonObject, take: Take): void {
    const { expression, components } = this.#ownOf(type)
    const emit = take as (type: string, value: unknown) => void
    for (const item of expression.itemsOf({ type, value: resource }, resource)) {
      if (this.definition.type !== 'composite') {
        if (item.value !== undefined && takenBy(this.definition.type, [item.type]).length > 0) emit(item.type, item.value)
        continue
      }
      const values = components.map(component => component(item, resource))
      if (values.every(({ length }) => length > 0)) emit('composite', values)
    }
  }

  /** Writes the rows of a resource, with a token that says that it has been gone over. What fails has no rows but that token. */
  write (rows: Rows, type: string, resource: JsonObject): void {
    const { emit, markers } = this.#ownOf(type)
    const found: [string, never][] = []
    try {
      this.extract(type, resource, (kind, value) => { found.push([kind, value]) })
    } catch (thrown) {
      if (!(thrown instanceof ExpressionError)) throw thrown
      rows.constant(markers.failed)
      return
    }
    for (const [kind, value] of found) emit?.(rows, kind, value)
    rows.constant(found.length > 0 ? markers.present : markers.missing)
  }

  #ownOf (type: string): Own {
    let own = this.#own.get(type)
    if (own === undefined) this.#own.set(type, own = this.#compiled(type))
    return own
  }

  #compiled (type: string): Own {
    const param = paramOf(type, this.#stored)
    const expression = expressionOn(type, this.definition.expression)
    return {
      expression,
      components: (this.definition.components ?? []).map(({ expression: text, type: kind }) => componentOn(kind, text)),
      emit: plainEmitter(this.row, param),
      markers: { present: valueKey(param, KIND.present), missing: valueKey(param, KIND.missing), failed: valueKey(param, KIND.failed) }
    }
  }
}

/** A component on whatever element its composite gives. */
function componentOn (kind: string, text: string): (item: Item, resource: JsonObject) => Component {
  const compiled = new Map<string, Expression>()
  return (item, resource) => {
    const expression = compiled.get(item.type) ?? expressionOn(item.type, text)
    compiled.set(item.type, expression)
    return expression.itemsOf(item, resource).flatMap(({ type, value }) => value === undefined || takenBy(kind, [type]).length === 0 ? [] : [type, value])
  }
}
