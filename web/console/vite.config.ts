import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { earlyFonts } from '../early-fonts.mjs';
import { unusedThemes } from '../unused-themes.mjs';

// While developing, the server to talk to: `MATRICULA_SERVER=http://127.0.0.1:8080 npm run dev`.
const server = process.env['MATRICULA_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  plugins: [react(), earlyFonts('RedHatTextVF.woff2', 'RedHatDisplayVF.woff2')],
  css: { postcss: { plugins: [unusedThemes] } },
  build: {
    outDir: '../../target/web/console',
    emptyOutDir: true,
    target: 'es2022',
    // The server's Content-Security-Policy allows no data: scripts, and fonts are cached better as files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/console/session': server, '/admin': server, '/realms': server } },
});
