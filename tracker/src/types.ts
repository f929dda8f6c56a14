/**
 * The words that a page and the tracker share: what is configured, what is sent, what became of it.
 * Types only; nothing here reaches the bundle.
 */

/** Any JSON object. Signals read its root-level members; nested values are sent along. */
export type Payload = Record<string, unknown>;

/** Who the page's user is. Empty, null or undefined: not known (any more). */
export interface Identity {
  companyId?: string | number | null | undefined;
  userId?: string | number | null | undefined;
}

/** Turns a text into what may be sent; `field` is the payload's member, such as `text`, `href`, `title` or `url`. */
export type Mask = (value: string, field: string) => string;

/** What may be set in the snippet and changed later; all of it is optional. */
export interface Context extends Identity {
  /** Send a `page` event at the first load and at every change of path. Default false. */
  trackAllPageLoads?: boolean | undefined;
  /** Send a `click` event for what is clicked. Default false. */
  trackAllClicks?: boolean | undefined;
  /** A change of `location.hash` is a change of path too. Default false. */
  trackHash?: boolean | undefined;
  /** true: no texts, titles or query strings in `page` and `click` events; or a function that decides. */
  mask?: boolean | Mask | undefined;
  /** true: nothing is kept or sent until `mcxConsent(true)`. Default false. */
  consentRequired?: boolean | undefined;
  /** true: track in spite of Do Not Track and Global Privacy Control. Default false: they are honoured. */
  ignoreDoNotTrack?: boolean | undefined;
}

/** One tracker: which connection, where Milepost's api listener is, and the context to start with. */
export interface TrackerConfig extends Context {
  /** The Analytics Key of the connection. */
  connectionId: string;
  /** Such as `https://api.example.com`, without `/analytics`. */
  apiUrl: string;
}

/**
 * What became of an event.
 *
 * `accepted`: Milepost has it on disk. `queued`: not confirmed yet, kept and retried. `refused`: it can never pass,
 * see `reason`. `dropped`: consent, a privacy signal or the bound of the queue forbids to keep it, see `reason`.
 */
export type Outcome =
  { state: "accepted"; requestId: string } | { state: "queued" } | { state: "refused" | "dropped"; reason: string };

/** The outcome, and the key by which the server knows a repeat, once there is one. */
export type Fate = Outcome & { idempotencyKey?: string };

/** A function of a tracker never throws, and its promise never rejects. */
export interface Tracker {
  /** Sends one event. Resolves with its fate, at the latest after 2.5 seconds with `queued`. */
  track(eventKey: string, payload?: object): Promise<Fate>;
  /** Changes the context for all events from now on. */
  context(change: Context): void;
  /** false: stop, and forget all that has not been sent; true: track from now on. Remembered for this origin. */
  consent(isGiven: boolean): void;
}
