/** Buckets grow by 10 %, so a percentile read from them is off by at most that much. */
const GROWTH = 1.1
const LOG_GROWTH = Math.log(GROWTH)

/**
 * The bucket of a response time in milliseconds. Bucket 0 holds what took up to 1 ms, bucket n what took more than
 * 1.1^(n−1) and up to 1.1^n ms. Counts of the same bucket can be added, whoever counted them.
 */
export function bucketOf(ms: number): number {
  if (ms <= 1) return 0
  // The tiny allowance keeps a time that lies exactly on an upper bound, but for rounding, inside its bucket.
  return Math.ceil(Math.log(ms) / LOG_GROWTH - 1e-9)
}

/** The longest time a bucket holds, in whole milliseconds, rounded up. */
export function upperMsOf(bucket: number): number {
  return Math.ceil(GROWTH ** bucket - 1e-6)
}

/**
 * The time, in milliseconds, that a share of all attempts did not exceed (nearest rank): `share` 0.95 for p95.
 * `counts` holds how many attempts fell into each bucket. Null when there were none.
 */
export function percentile(counts: ReadonlyMap<number, number>, share: number): number | null {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
  if (total <= 0) return null
  const rank = Math.max(1, Math.ceil(share * total))
  let seen = 0
  for (const bucket of [...counts.keys()].sort((one, other) => one - other)) {
    seen += counts.get(bucket) ?? 0
    if (seen >= rank) return upperMsOf(bucket)
  }
  return null
}
