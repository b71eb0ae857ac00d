/** Returns the value that lets style elements pass the content security policy of this very answer. */
export function nonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
}
