/** The portfolio: shares of states now and over time, and the companies behind a share. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, given, type Schema } from "../client";

export type Shares = Schema["DefinitionShares"];
export type Nouns = "milestones" | "outcomes";
export type State = Schema["MilestoneState"] | Schema["OutcomeState"];
export type Point = Schema["SharesThen"];

export const portfolioQuery = queryOptions({
  queryKey: ["portfolio", "now"],
  queryFn: () => given(api.GET("/api/portfolio")),
  staleTime: 5_000,
});

export const seriesQuery = (nouns: Nouns, id: string) =>
  queryOptions({
    queryKey: ["portfolio", "series", nouns, id],
    queryFn: async () => {
      const params = { path: { nouns, definition_id: id }, query: { by: "week" as const } };
      return (await given(api.GET("/api/portfolio/{nouns}/{definition_id}/series", { params }))).points;
    },
    staleTime: 60_000,
  });

export const companiesThereQuery = (nouns: Nouns, id: string, state: State | undefined) =>
  infiniteQueryOptions({
    queryKey: ["portfolio", "companies", nouns, id, state],
    queryFn: ({ pageParam }) => {
      const params = { path: { nouns, definition_id: id }, query: { state, limit: 100, cursor: pageParam } };
      return given(api.GET("/api/portfolio/{nouns}/{definition_id}/companies", { params }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    staleTime: 5_000,
  });
