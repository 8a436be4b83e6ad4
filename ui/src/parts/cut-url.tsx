import { Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { shownUrl } from '../text/url.ts'

const END_CHARACTERS = 12

/** A URL on one line: what does not fit is cut out of its middle, because its ends tell it apart. */
function cut(url: string): ReactNode {
  if (url.length <= 2 * END_CHARACTERS) return <span className="pr-url-start">{url}</span>
  return (
    <>
      <span className="pr-url-start">{url.slice(0, -END_CHARACTERS)}</span>
      <span className="pr-url-end">{url.slice(-END_CHARACTERS)}</span>
    </>
  )
}

/** Its name is the whole URL, for who hears it and for who points at it. */
export function UrlLink({ url, to }: { url: string; to: string }) {
  const shown = shownUrl(url)
  return (
    <Tooltip label={<span className="pr-break">{shown}</span>} openDelay={300}>
      <Link to={to} aria-label={shown} className="pr-url pr-link">
        {cut(shown)}
      </Link>
    </Tooltip>
  )
}

export function UrlText({ url }: { url: string }) {
  const shown = shownUrl(url)
  return (
    <span className="pr-url">
      <span className="pr-hidden">{shown}</span>
      <span className="pr-url-cut" aria-hidden="true" title={shown}>
        {cut(shown)}
      </span>
    </span>
  )
}
