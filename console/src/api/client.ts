/** The one way to the API: every refusal is a Problem, and a body with payloads keeps its numbers as they were sent. */
import createClient from "openapi-fetch";
import { parseExact } from "./exact-json";
import type { components, paths } from "./generated/schema";
import { Problem, type ProblemBody, unreachable } from "./problem";

export type Schema = components["schemas"];
type Answer<T> = { data?: T; error?: unknown; response: Response };

export const api = createClient<paths>({
  fetch: (request) => fetch(request).catch((cause: unknown) => Promise.reject(unreachable(cause))),
});

/** The data of an answer; throws its Problem. */
export async function given<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) return data as T;
  throw problemOf(response, error);
}

/** The same of an address whose answers hold payloads. */
export async function givenExact<T>(asked: Promise<Answer<unknown>>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) return parseExact(data as string) as T;
  throw problemOf(response, error);
}

/** Data with the version (ETag) that a change of it names in If-Match. */
export interface Versioned<T> {
  value: T;
  tag: string | null;
}

export async function givenWithTag<T>(asked: Promise<Answer<T>>): Promise<Versioned<T>> {
  const { data, error, response } = await asked;
  if (response.ok) return { value: data as T, tag: response.headers.get("etag") };
  throw problemOf(response, error);
}

function problemOf(response: Response, error: unknown): Problem {
  const body = typeof error === "string" ? parsed(error) : error;
  if (isBody(body)) return new Problem(body);
  const detail = `Milepost answered ${response.status} without saying why.`;
  return new Problem({ title: response.statusText, status: response.status, code: "unknown", detail, faults: [] });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

const isBody = (body: unknown): body is ProblemBody => typeof body === "object" && body !== null && "detail" in body;
