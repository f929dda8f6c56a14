/** The account's time zone, which every exact time on a page is said in. */
import { createContext, useContext } from "react";

export const Zone = createContext("UTC");
export const useZone = (): string => useContext(Zone);
