/** Brings the first field that has an error into view and into focus; called once the errors are drawn. */
export function showFirstError(form: HTMLElement | null | undefined): void {
  requestAnimationFrame(() => {
    const first = form?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]')
    first?.scrollIntoView({ block: 'center' })
    if (first instanceof HTMLInputElement) first.focus()
  })
}
