import neostandard, { resolveIgnoresFromGitignore } from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: [...resolveIgnoresFromGitignore(), 'bench/results/**'] }),
  {
    rules: {
      // A long object may be filled like a paragraph: one property a line would hide the function around it.
      '@stylistic/object-property-newline': 'off',
      '@stylistic/object-curly-newline': 'off',
      // A promise that nobody waits for says so.
      'no-void': ['error', { allowAsStatement: true }]
    }
  }
]
