/** Home, the checklist of the first start, and the Reactor. */
export const home = {
  title: "Home",
  says: "Where the account stands.",
  checklist: "From the first event to an outcome",
  checklistSays: "Each step is ticked when it is a fact.",
  steps: {
    connect: ["Connect your app", "A connection with keys for your servers, or a script for your pages."],
    event: ["Receive an event", "Send one from the connection's page, or from your app."],
    signal: ["Define a signal", "Which events mean something, and for which company."],
    metric: ["Measure", "A number for each company, made of a signal."],
    milestone: ["Set a milestone", "A target on a metric, or an action to tick, by a deadline."],
    outcome: ["Wish for an outcome", "What the customer bought, as milestones with weights."],
  },
  done: "done",
  open: "open",
  companies: "Companies",
  eventsProcessed: "Events processed",
  repeats: "Repeats",
  setAside: "Set aside",
  signals: "Signals",
  metrics: "Metrics",
  connections: "Connections",
  outcomesNow: "Outcomes now",
  milestonesNow: "Milestones now",
  of: "companies",
  nothingAssigned: "not assigned to any company",
  judgedUpTo: "States are judged up to what has arrived.",
  behind: (companies: number) => `${companies} companies wait to be judged.`,
  apiOnly: "Defined in the API for now",
} as const;

/** In the order in which they are counted. */
export const states: Record<string, { word: string; shape: string; color: string }> = {
  achieved: { word: "achieved", shape: "●", color: "var(--good)" },
  achieved_late: { word: "achieved late", shape: "◕", color: "var(--good-late)" },
  on_track: { word: "on track", shape: "◐", color: "var(--busy)" },
  in_progress: { word: "in progress", shape: "◐", color: "var(--busy)" },
  not_started: { word: "not started", shape: "○", color: "var(--quiet)" },
  at_risk: { word: "at risk", shape: "▲", color: "var(--warn)" },
  missed: { word: "missed", shape: "✕", color: "var(--bad)" },
};

/** Counts by state, in that order. */
export const inOrder = (counts: Record<string, number>): [string, number][] => {
  const order = Object.keys(states);
  return Object.entries(counts).toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
};

export const reactor = {
  title: "Reactor",
  says: "What arrives, what it means, and what is counted.",
  connections: "Connections",
  steps: {
    events: ["Events", "What arrived from your connections, each with its fate."],
    signals: ["Signals", "Events that mean something, for a company."],
    metrics: ["Metrics", "One number for each company."],
  },
} as const;
