/** Who is signed in and whose account this is; signing in and out. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, given, type Schema } from "../client";

export type Frame = Schema["Frame"];
type Role = Schema["Role"];

export const frameQuery = queryOptions({
  queryKey: ["frame"],
  queryFn: () => given(api.GET("/api/frame")),
  staleTime: 60_000,
  retry: false,
});

export const signIn = (email: string, password: string): Promise<unknown> =>
  given(api.POST("/api/session", { body: { email, password } }));

export const signOut = (): Promise<unknown> => given(api.DELETE("/api/session"));

/** Within the frame, where somebody is signed in. */
export function useFrame(): Frame {
  const { data } = useQuery(frameQuery);
  if (!data) throw new Error("a page is shown before the frame was read");
  return data;
}

const RANK: Role[] = ["viewer", "editor", "admin"];

/** Whether who is signed in has at least this role. */
export function useMay(least: Role): boolean {
  const { role } = useFrame();
  return RANK.indexOf(role) >= RANK.indexOf(least);
}
