/** The account at a glance, in one call. */
import { queryOptions } from "@tanstack/react-query";
import { api, given } from "../client";

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: () => given(api.GET("/api/overview", { params: { query: { metrics: false } } })),
  staleTime: 5_000,
});
