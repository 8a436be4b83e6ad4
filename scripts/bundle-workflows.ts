// `npm run build:workflows`: makes the bundle of workflow code ahead, where `api` and `worker` look for it.
import { BUNDLE_DIRECTORY } from '../src/composition/service.ts'
import { loadWorkflowBundle } from '../src/temporal/bundle.ts'

await loadWorkflowBundle(BUNDLE_DIRECTORY)
