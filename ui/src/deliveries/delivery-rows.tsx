import { Button, Checkbox } from '@mantine/core'
import { useState } from 'react'
import type { Delivery } from '../api/types.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeliveryRow } from './delivery-row.tsx'
import { RetryPicked } from './retry-picked.tsx'
import { useShownRows } from './shown-rows.ts'

const SKELETON_ROWS = 12
const NO_ROWS: readonly Delivery[] = []

interface DeliveryRowsProps {
  deliveries: readonly Delivery[] | undefined
  isFirstPage: boolean
}

export function DeliveryRows({ deliveries, isFirstPage }: DeliveryRowsProps) {
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set())
  const [isHovered, setIsHovered] = useState(false)
  const [isFocused, setIsFocused] = useState(false)
  const isAtWork = isFirstPage && (isHovered || isFocused || picked.size > 0)
  const { rows, newCount, showNew } = useShownRows(deliveries ?? NO_ROWS, isAtWork)

  const pick = (id: string, isPicked: boolean) => {
    setPicked((before) => {
      const after = new Set(before)
      if (isPicked) after.add(id)
      else after.delete(id)
      return after
    })
  }
  return (
    <div
      className="pr-rows"
      onMouseEnter={() => {
        setIsHovered(true)
      }}
      onMouseLeave={() => {
        setIsHovered(false)
      }}
      onFocus={() => {
        setIsFocused(true)
      }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) setIsFocused(false)
      }}
    >
      {/* Lies over the table's head, so that no row moves when it appears. */}
      <div className="pr-over-head">
        {newCount > 0 && (
          <Button size="xs" variant="light" onClick={showNew}>
            Show {newCount} new deliveries
          </Button>
        )}
        <RetryPicked
          ids={[...picked]}
          onPick={(ids) => {
            setPicked(new Set(ids))
          }}
        />
      </div>
      <DataTable
        label="Deliveries"
        layout="pr-deliveries"
        columns={columns(rows, picked, setPicked)}
        skeletonRows={deliveries === undefined ? SKELETON_ROWS : undefined}
      >
        {rows.map((delivery) => (
          <DeliveryRow
            key={delivery.id}
            delivery={delivery}
            isPicked={picked.has(delivery.id)}
            onPick={(isPicked) => {
              pick(delivery.id, isPicked)
            }}
          />
        ))}
      </DataTable>
    </div>
  )
}

function columns(
  rows: readonly Delivery[],
  picked: ReadonlySet<string>,
  setPicked: (picked: ReadonlySet<string>) => void,
) {
  const isAll = rows.length > 0 && rows.every(({ id }) => picked.has(id))
  const box = (
    <Checkbox
      size="xs"
      aria-label="Select all on this page"
      checked={isAll}
      indeterminate={!isAll && picked.size > 0}
      disabled={rows.length === 0}
      onChange={() => {
        setPicked(new Set(isAll ? [] : rows.map(({ id }) => id)))
      }}
    />
  )
  return [
    { id: 'pick', header: box },
    { id: 'state', header: 'State' },
    { id: 'delivery', header: 'Delivery' },
    { id: 'event', header: 'Event type' },
    { id: 'attempts', header: 'Attempts' },
    { id: 'answer', header: 'Last answer' },
    { id: 'next', header: 'Next' },
    { id: 'created', header: 'Created' },
  ]
}
