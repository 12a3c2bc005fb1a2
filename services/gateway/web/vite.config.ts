import { gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, type Rolldown } from "vite";

const KB = 1000;
/** What the page may weigh, gzipped: all that a first visit loads, and the chart beside it. */
const FIRST_LOAD_MAX = 215 * KB;
const CHART_MAX = 60 * KB;

/** Gives the names of the chunks that the entry needs before it runs. */
function loadedAtOnce(bundle: Rolldown.OutputBundle): Set<string> {
  const chunks = Object.values(bundle).filter((file) => file.type === "chunk");
  const found = new Set(chunks.filter((one) => one.isEntry).map((one) => one.fileName));
  for (const name of found) {
    const file = bundle[name];
    if (file?.type === "chunk") for (const needed of file.imports) found.add(needed);
  }
  return found;
}

/** Fails the build when the page is heavier than it may be. */
function budget(): Plugin {
  return {
    name: "budget",
    generateBundle(_, bundle) {
      const atOnce = loadedAtOnce(bundle);
      let first = 0;
      let chart = 0;
      let later = 0;
      for (const [name, file] of Object.entries(bundle)) {
        if (!/\.(js|css)$/.test(name)) continue;
        const size = gzipSync(file.type === "chunk" ? file.code : file.source).length;
        if (name.includes("lightweight-charts")) chart += size;
        else if (file.type === "asset" || atOnce.has(name)) first += size;
        else later += size;
      }
      const [firstKb, chartKb, laterKb] = [first, chart, later].map((size) => Math.ceil(size / KB));
      console.log(`first load ${firstKb} kB, chart ${chartKb} kB, later ${laterKb} kB`);
      if (first > FIRST_LOAD_MAX)
        this.error(`expected ${FIRST_LOAD_MAX} B at most, found ${first}`);
      if (chart > CHART_MAX) this.error(`expected a chart of ${CHART_MAX} B, found ${chart}`);
    },
  };
}

/** Takes out sonner's own <style>, which our content security policy refuses; styles.css has it. */
function sonnerWithoutStyle(): Plugin {
  return {
    name: "sonner-without-style",
    transform(code, id) {
      if (!/sonner\/dist\/index\.mjs/.test(id)) return null;
      const without = code.replace(/^__insertCSS\(".*"\);$/m, "");
      if (without === code)
        this.error("expected sonner to insert its style, found that it does not");
      return { code: without, map: null };
    },
  };
}

export default defineConfig({
  plugins: [sonnerWithoutStyle(), react(), tailwindcss(), budget()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  server: { proxy: { "/api": { target: "http://127.0.0.1:8001", ws: true, changeOrigin: true } } },
  build: {
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "lightweight-charts", test: /lightweight-charts|fancy-canvas/ },
            { name: "react", test: /node_modules\/(react|react-dom|scheduler)\// },
          ],
        },
      },
    },
  },
});
