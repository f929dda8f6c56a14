/** What the address of the companies says. */
import type { CompanyFilter } from "../../api/queries/companies";

export function validateCompaniesSearch(search: Record<string, unknown>): CompanyFilter {
  return {
    ...(typeof search["search"] === "string" && search["search"] ? { search: search["search"] } : {}),
    ...(search["standing"] === "set_aside" ? { standing: "set_aside" as const } : {}),
  };
}
