/** What somebody typed, kept in this browser until it is saved or thrown away: it survives an error and a reload. */
import { useEffect, useState } from "react";

const kept = <T>(key: string, initial: T): T => {
  try {
    const text = localStorage.getItem(key);
    return text === null ? initial : (JSON.parse(text) as T);
  } catch {
    return initial;
  }
};

/** `key` names who types and where; `forget` is for when it was saved. */
export function useDraft<T>(key: string, initial: T): [T, (next: T) => void, () => void] {
  const full = `milepost draft ${key}`;
  const [value, setValue] = useState<T>(() => kept(full, initial));
  const [isForgotten, setForgotten] = useState(false);
  const text = JSON.stringify(value);
  const isKept = !isForgotten && text !== JSON.stringify(initial);
  useEffect(() => {
    if (isKept) localStorage.setItem(full, text);
    else localStorage.removeItem(full);
  }, [full, text, isKept]);
  const change = (next: T): void => {
    setForgotten(false);
    setValue(next);
  };
  const forget = (): void => {
    localStorage.removeItem(full);
    setForgotten(true);
  };
  return [value, change, forget];
}
