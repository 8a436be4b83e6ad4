import { visibleText } from '../text/visible-text.ts'

/** Text from outside in a box that scrolls, also by keyboard; whatever it holds is shown as text. */
export function TextBox({ label, text }: { label: string; text: string }) {
  return (
    <div className="pr-box-part">
      <div className="pr-box-label" aria-hidden="true">
        {label}
      </div>
      <pre role="group" aria-label={label} tabIndex={0} className="pr-box">
        {visibleText(text)}
      </pre>
    </div>
  )
}

/** Names and values, such as headers. */
export function HeaderList({ label, headers }: { label: string; headers: Readonly<Record<string, string>> }) {
  const text = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n')
  return <TextBox label={label} text={text} />
}
