import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'

interface Column {
  id: string
  header: ReactNode
}

interface DataTableProps {
  label: string
  /** The class that lays out the columns, and the card that a row becomes on a narrow screen. */
  layout: string
  columns: readonly Column[]
  /** Shows this many rows of bones instead of the children. */
  skeletonRows?: number | undefined
  children: ReactNode
}

/** Roles are written out: a narrow screen lays rows out as cards, and that takes the elements' own roles away. */
export function DataTable({ label, layout, columns, skeletonRows, children }: DataTableProps) {
  return (
    <table
      role="table"
      aria-label={label}
      aria-busy={skeletonRows !== undefined}
      className={`pr-table ${layout}`}
    >
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ id, header }) => (
            <th key={id} role="columnheader" scope="col" className={`pr-cell-${id}`}>
              {header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">{skeletonRows === undefined ? children : bones(columns, skeletonRows)}</tbody>
    </table>
  )
}

function bones(columns: readonly Column[], rows: number): ReactNode {
  return Array.from({ length: rows }, (_, row) => (
    <tr key={row} role="row" className="pr-late" aria-hidden="true">
      {columns.map(({ id }) => (
        <td key={id} role="cell" className={`pr-cell-${id}`}>
          <Skeleton height={14} width="80%" radius="sm" />
        </td>
      ))}
    </tr>
  ))
}

export function Cell({ id, children }: { id: string; children: ReactNode }) {
  return (
    <td role="cell" className={`pr-cell-${id}`}>
      {children}
    </td>
  )
}
