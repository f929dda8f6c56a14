/** What the address of a connection says beside its id. */
export const TABS = ["send", "incoming", "settings"] as const;

export interface ConnectionSearch {
  tab?: (typeof TABS)[number];
}

export function validateConnectionSearch(search: Record<string, unknown>): ConnectionSearch {
  const tab = TABS.find((one) => one === search["tab"]);
  return tab && tab !== "send" ? { tab } : {};
}
