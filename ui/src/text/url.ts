import { visibleText } from './visible-text.ts'

/** The host with its port, in punycode, so that look-alike letters cannot pass for others. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host
  } catch {
    return visibleText(url)
  }
}

/** A URL as one may look at it: punycode host, nothing hidden. */
export function shownUrl(url: string): string {
  try {
    return visibleText(new URL(url).href)
  } catch {
    return visibleText(url)
  }
}

/** The last eight characters: a UUIDv7 starts with the clock, so only its end tells two of a day apart. */
export function shortId(id: string): string {
  return id.slice(-8)
}
