// Where the page begins.

import '@patternfly/react-core/dist/styles/base.css';
import './bench.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import { applyTheme, preferredTheme } from './theme.js';

applyTheme(preferredTheme());
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
