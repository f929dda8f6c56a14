/** Runs in the page's own call chains (history, click, queue): a fault of ours is said in the console and ends here. */
export function warn(text: string): void {
  try {
    console.warn(`mcx: ${text}`);
  } catch {
    // The page's own console.
  }
}

export function safely<A extends unknown[]>(act: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    try {
      act(...args);
    } catch (error) {
      warn(`${error}`);
    }
  };
}
