/** A browser's storage in memory: its items are its own members, as with localStorage, within a quota of characters. */
export class MemoryStorage implements Storage {
  [key: string]: unknown;
  readonly #quota: number;
  #used = 0;

  constructor(quota = 5_000_000) {
    this.#quota = quota;
  }

  get length(): number {
    return Object.keys(this).length;
  }

  key(index: number): string | null {
    return Object.keys(this)[index] ?? null;
  }

  getItem(key: string): string | null {
    return Object.hasOwn(this, key) ? (this[key] as string) : null;
  }

  setItem(key: string, value: string): void {
    const used = this.#used - this.#sizeOf(key) + key.length + value.length;
    if (used > this.#quota) throw new DOMException("full", "QuotaExceededError");
    this.#used = used;
    this[key] = value;
  }

  removeItem(key: string): void {
    this.#used -= this.#sizeOf(key);
    delete this[key];
  }

  #sizeOf(key: string): number {
    const value = this.getItem(key);
    return value == null ? 0 : key.length + value.length;
  }

  clear(): void {
    for (const key of Object.keys(this)) this.removeItem(key);
  }
}
