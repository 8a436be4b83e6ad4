import type { TSchema } from 'typebox'

import { ProblemModel } from './shared.ts'

/** Every schema with a `$id`: OpenAPI shows each once, under this name. */
export const MODELS: readonly TSchema[] = [ProblemModel]
