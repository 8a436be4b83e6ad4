/** Brings the first error of the form around these fields into view and into focus; called once the errors are drawn. */
export function showFirstError(fields: HTMLElement | null): void {
  requestAnimationFrame(() => {
    const first = fields?.closest('form')?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')
    first?.scrollIntoView({ block: 'center' })
    if (first instanceof HTMLInputElement) first.focus()
  })
}
