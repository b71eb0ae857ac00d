/** What a person chose on this machine; the address bar always wins over it. */

const PREFIX = "tiphys-";

export function preference<T extends string>(name: string, fallback: T): T {
  try {
    return (localStorage.getItem(PREFIX + name) as T | null) ?? fallback;
  } catch {
    return fallback;
  }
}

export function setPreference(name: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + name, value);
  } catch {
    // A browser that keeps nothing: the choice holds until the page is left.
  }
}
