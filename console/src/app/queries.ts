/** The cache of what was read: refusals are not tried again, and one that says "signed out" is told to the frame. */
import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { isProblem, Problem } from "../api/problem";
import { sessionEnded } from "./session-ended";

const notice = (error: unknown, key?: unknown): void => {
  if (isProblem(error, 401) && key !== "frame" && key !== "sign-in") sessionEnded.set(true);
};

export const makeQueryClient = (): QueryClient =>
  new QueryClient({
    queryCache: new QueryCache({ onError: (error, query) => notice(error, query.queryKey[0]) }),
    mutationCache: new MutationCache({
      onError: (error, _given, _context, mutation) => notice(error, mutation.options.mutationKey?.[0]),
    }),
    defaultOptions: {
      queries: {
        retry: (failures, error) =>
          failures < 3 && (!(error instanceof Problem) || error.status === 0 || error.status >= 500),
        retryDelay: (failures) => Math.min(500 * 2 ** failures, 5000),
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  });
