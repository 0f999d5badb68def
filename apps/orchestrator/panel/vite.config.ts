import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The built files are committed, so their names carry no hash and two builds are byte-identical.
// PANEL_OUT builds elsewhere; scripts/check_panel.py compares that with what is committed.
export default defineConfig({
  base: "/panel/",
  plugins: [
    svelte({
      // What keeps the page small: no code for old components, elements made by DOM calls, and
      // class names of five letters.
      compilerOptions: {
        runes: true,
        fragments: "tree",
        cssHash: ({ hash, css }) => `k${hash(css).slice(0, 4)}`,
      },
    }),
  ],
  build: {
    outDir: process.env.PANEL_OUT ?? "static",
    emptyOutDir: true,
    target: "chrome103", // the oldest OBS browser dock that is still in use
    assetsInlineLimit: 0, // the page's content policy allows no inline scripts
    cssCodeSplit: false,
    modulePreload: false,
    license: { fileName: "licenses.md" },
    rolldownOptions: {
      output: {
        entryFileNames: "panel.js",
        chunkFileNames: "[name].js",
        assetFileNames: "panel.[ext]",
      },
    },
  },
});
