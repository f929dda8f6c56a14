/** Whether the session has ended under an open page: set by the first refused request, cleared by signing in. */
let hasEnded = false;
const listeners = new Set<() => void>();

export const sessionEnded = {
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  read: (): boolean => hasEnded,
  set(next: boolean): void {
    hasEnded = next;
    for (const listener of listeners) listener();
  },
};
