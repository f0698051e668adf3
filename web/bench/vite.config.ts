import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { earlyFonts } from '../early-fonts.mjs';
import { unusedThemes } from '../unused-themes.mjs';

export default defineConfig({
  // Relative addresses: the built folder works below any path of any web server.
  base: './',
  plugins: [react(), earlyFonts('RedHatTextVF.woff2', 'RedHatDisplayVF.woff2', 'RedHatMonoVF.woff2')],
  css: { postcss: { plugins: [unusedThemes] } },
  worker: { format: 'es' },
  build: {
    outDir: '../../target/web/bench',
    emptyOutDir: true,
    target: 'es2024',
    // Everything is a file of its own: a strict Content-Security-Policy allows no data: scripts or styles.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
