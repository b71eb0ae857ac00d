import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Writes a `.gz` beside every file that shrinks, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: "tiphys-compressed",
    apply: "build",
    // Only what is written is final: Vite still changes chunks after the bundle has been generated.
    writeBundle({ dir = "" }, bundle) {
      for (const name of Object.keys(bundle)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const path = join(dir, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // Relative addresses with <base href> work below any path, such as /argocd/.
  base: "./",
  plugins: [react(), compressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  // The server puts a fresh value in the place of this word in every index.html that it answers.
  html: { cspNonce: "__NONCE__" },
  worker: { format: "es" },
  build: {
    outDir: "../src/tiphys/ui_files",
    emptyOutDir: true,
    manifest: true,
    target: "es2023",
    chunkSizeWarningLimit: 600,
    reportCompressedSize: false,
  },
  test: { environment: "node", css: true, include: ["tests/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
