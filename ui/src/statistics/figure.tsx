import { Button } from '@mantine/core'
import { useState, type ReactNode } from 'react'

interface FigureProps {
  title: string
  /** Said when there is nothing to draw. */
  empty: string | undefined
  chart: ReactNode
  table: { head: readonly string[]; rows: readonly (readonly string[])[] }
}

/** A chart, and the same numbers as a table for who cannot or does not want to read a chart. */
export function Figure({ title, empty, chart, table }: FigureProps) {
  const [isTable, setIsTable] = useState(false)
  return (
    <figure aria-label={title} className="pr-figure">
      <figcaption className="pr-figure-head">
        <h2 className="pr-h3">{title}</h2>
        <Button
          variant="default"
          size="xs"
          aria-pressed={isTable}
          onClick={() => {
            setIsTable(!isTable)
          }}
        >
          Show as table
        </Button>
      </figcaption>
      {isTable ? (
        <FigureTable title={title} {...table} />
      ) : (
        <div className="pr-chart">
          {chart}
          {empty !== undefined && <p className="pr-chart-empty">{empty}</p>}
        </div>
      )}
    </figure>
  )
}

function FigureTable({ title, head, rows }: { title: string } & FigureProps['table']) {
  return (
    <div className="pr-figure-table" tabIndex={0} role="group" aria-label={`${title}, as a table`}>
      <table className="pr-plain-table">
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((text, column) => (
                <td key={column}>{text}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
