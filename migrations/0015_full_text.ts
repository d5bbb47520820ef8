import type { Knex } from 'knex'

// The words of each current resource, for _text and _content. Filled beside the writes, from the feed of changes, where KARTA_FULL_TEXT is on.
// One configuration takes both languages: words in ASCII are stemmed as English, others as Russian. No word is too common to be found: "hepatitis A",
// "no fever". docs/decisions/0024-full-text.md
const stemmer = (language: string): string =>
  `create text search dictionary karta.${language}_words (template = pg_catalog.snowball, language = ${language});`

export const up = (db: Knex) => db.raw(`
  ${stemmer('english')}
  ${stemmer('russian')}
  create text search configuration karta.words (copy = pg_catalog.russian);
  alter text search configuration karta.words alter mapping for asciiword, asciihword, hword_asciipart with karta.english_words;
  alter text search configuration karta.words alter mapping for word, hword, hword_part with karta.russian_words;

  create table karta.full_text (
    rid       int8 primary key,
    owner     int8 not null,
    narrative tsvector,                        -- null: it has none
    content   tsvector not null
  );
  create index full_text_narrative on karta.full_text using gin (narrative) with (fastupdate = on, gin_pending_list_limit = 128);
  create index full_text_content on karta.full_text using gin (content) with (fastupdate = on, gin_pending_list_limit = 128);

  -- How far it is: one row, from the first time that somebody has it on.
  create table karta.full_text_progress (
    one   boolean primary key default true check (one),
    since xid8 not null,                       -- all changes of transactions before this one are in it
    place int8 default 0,                      -- what was there at first is in it up to this rid; null: all of it is
    total int8 not null,
    done  int8 not null default 0
  );
`)

export const down = (db: Knex) => db.raw(`
  drop table karta.full_text_progress, karta.full_text;
  drop text search configuration karta.words;
  drop text search dictionary karta.english_words, karta.russian_words;
`)
