import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// While developing, the server to talk to: `MATRICULA_SERVER=http://127.0.0.1:8080 npm run dev`.
const server = process.env['MATRICULA_SERVER'] ?? 'http://127.0.0.1:8080';

/** PatternFly brings themes that nobody can choose here: a fifth of its styles. */
const unusedThemes = {
  postcssPlugin: 'unused-themes',
  Rule(rule: { selectors: string[]; remove(): void }) {
    const used = rule.selectors.filter((selector) => !/\.pf-v6-theme-(felt|glass|high-contrast)/.test(selector.replaceAll(/:not\([^)]*\)/g, '')));
    if (used.length === 0) {
      rule.remove();
    } else if (used.length < rule.selectors.length) {
      rule.selectors = used;
    }
  },
};

export default defineConfig({
  base: './',
  plugins: [react()],
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
