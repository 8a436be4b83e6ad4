declare global {
  // The name under which the scroll lock's style sheets look for the nonce.
  var __webpack_nonce__: string | undefined
}

/**
 * The nonce that the content security policy of this very response allows for style sheets. The server writes it into
 * the page; without it every style made at run time is refused.
 */
export function styleNonce(): string {
  const nonce = document.querySelector('meta[name="csp-nonce"]')?.getAttribute('content') ?? ''
  globalThis.__webpack_nonce__ = nonce
  return nonce
}
