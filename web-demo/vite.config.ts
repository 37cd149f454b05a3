/**
 * Builds one page per entry. `index.html` is the customer's, `desk.html` the agents'; the operations page joins them
 * here.
 * Everything is emitted as files of our own origin, so that a strict content security policy holds.
 */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const GATEWAY = "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: { customer: "index.html", desk: "desk.html" } },
  },
  server: {
    proxy: {
      "/chat": { target: GATEWAY, ws: true },
      "/desk/live": { target: GATEWAY, ws: true },
      "/api": GATEWAY,
      "/articles": GATEWAY,
    },
  },
});
