/**
 * localStorage that never throws: where it is off (blocked cookies, sandboxed frames) it is empty and takes nothing,
 * where it is full it takes nothing more.
 */
import { keys, select } from "./natives";

export interface SafeStorage {
  read(key: string): string | null;
  /** Whether it was taken. */
  write(key: string, value: string): boolean;
  remove(key: string): void;
  /** Those that begin so. */
  keys(prefix: string): string[];
}

/** `open` gives the storage to use, and may throw as the very name `localStorage` does where storage is off. */
export function safeStorage(open: () => Storage): SafeStorage {
  const attempt = <T, F>(run: (storage: Storage) => T, otherwise: F): T | F => {
    try {
      return run(open());
    } catch {
      return otherwise;
    }
  };
  return {
    read: (key) => attempt((storage) => storage.getItem(key), null),
    write: (key, value) => attempt((storage) => (storage.setItem(key, value), true), false),
    remove: (key) => attempt((storage) => storage.removeItem(key), undefined),
    keys: (prefix) => attempt((storage) => select(keys(storage), (key) => key.startsWith(prefix)), []),
  };
}
