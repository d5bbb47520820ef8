import type { Knex } from 'knex'

// Ranges and values that are known only to be above or below something are few: by where they end they are found apart from the
// points, so that "greater than" is one piece of an index for these and one for those. docs/decisions/0018-search.md
export const up = (db: Knex) => db.raw('create index quantity_value_high on karta.quantity_value (key, high, rid) where high is not null')

export const down = (db: Knex) => db.raw('drop index karta.quantity_value_high')
