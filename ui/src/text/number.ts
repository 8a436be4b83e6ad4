const WHOLE = new Intl.NumberFormat('en', { useGrouping: true })

/** 12480 → "12 480". */
export function count(value: number): string {
  return WHOLE.format(value).replaceAll(',', '\u202f')
}

/** 0.9997 → "99.9 %": rounded down, so that only a flawless record reads 100 %. None → "–". */
export function percent(rate: number | null): string {
  if (rate === null) return '–'
  const tenths = Math.floor(rate * 1000 + 1e-9)
  return `${tenths % 10 === 0 ? tenths / 10 : (tenths / 10).toFixed(1)}\u00a0%`
}

/** 212 → "212 ms", 4180 → "4.18 s". None → "–". */
export function milliseconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (value < 1) return '<\u202f1\u00a0ms'
  return value < 1000 ? `${Math.round(value)}\u00a0ms` : `${(value / 1000).toFixed(2)}\u00a0s`
}

/** One or many: plural(1, 'delivery', 'deliveries') → "1 delivery". */
export function plural(value: number, one: string, many: string): string {
  return `${count(value)} ${value === 1 ? one : many}`
}
