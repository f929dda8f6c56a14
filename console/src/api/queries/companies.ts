/** Companies: found by name or key, and one with its plan and what happened to it. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { api, given, type Schema } from "../client";

export type Company = Schema["Company"];
export type Plan = Schema["Plan"];
export type PlanMilestone = Schema["ExplainedMilestone"];
export type TimelineEntry = Schema["TimelineEntry"];

export interface CompanyFilter {
  search?: string | undefined;
  standing?: "set_aside" | undefined;
}

export const companiesQuery = (filter: CompanyFilter) =>
  infiniteQueryOptions({
    queryKey: ["companies", "list", filter],
    queryFn: ({ pageParam, signal }) =>
      given(api.GET("/api/companies", { params: { query: { ...filter, limit: 100, cursor: pageParam } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
    staleTime: 10_000,
  });

export const companyHitsQuery = (search: string) =>
  queryOptions({
    queryKey: ["companies", "hits", search],
    queryFn: async ({ signal }) =>
      (await given(api.GET("/api/companies", { params: { query: { search, limit: 8 } }, signal }))).items,
    staleTime: 30_000,
  });

export const companyQuery = (id: string) =>
  queryOptions({
    queryKey: ["companies", "one", id],
    queryFn: () => given(api.GET("/api/companies/{company_id}", { params: { path: { company_id: id } } })),
  });

const CATCHING_UP_MS = 1000;

/** While something has happened that the states do not show yet, it is asked for again. */
export const planQuery = (id: string) =>
  queryOptions({
    queryKey: ["companies", "plan", id],
    queryFn: () => given(api.GET("/api/companies/{company_id}/plan", { params: { path: { company_id: id } } })),
    refetchInterval: (query) => (query.state.data?.behind ? CATCHING_UP_MS : false),
  });

export const timelineQuery = (id: string) =>
  queryOptions({
    queryKey: ["companies", "timeline", id],
    queryFn: async () =>
      (await given(api.GET("/api/companies/{company_id}/timeline", { params: { path: { company_id: id } } }))).items,
  });

export const tick = (milestone: string, action: number, isDone: boolean) => {
  const params = { path: { assigned_id: milestone, action } };
  return isDone
    ? given(api.PUT("/api/assigned-milestones/{assigned_id}/ticks/{action}", { params }))
    : given(api.DELETE("/api/assigned-milestones/{assigned_id}/ticks/{action}", { params }));
};
