// Run once, before any workflow, in the context that all of them share.
//
// The SDK notes a stack trace for every promise that a workflow makes, for its query `__stack_trace`. It is a fifth of
// what a delivery costs the worker, and tells operators less than the words of the current details: no frames are kept.
Error.stackTraceLimit = 0
