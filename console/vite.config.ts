import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The app listener of a service that runs beside `npm run dev`. */
const service = process.env["MILEPOST_APP"] ?? "https://127.0.0.1:8444";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    manifest: "manifest.json",
  },
  server: { proxy: { "/api": { target: service, changeOrigin: false, secure: false } } },
});
