// The page, once its script is there.

import '@patternfly/react-core/dist/styles/base.css';
import '../../../focus.css';
import './bench.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';

/** Shows it. */
export function show() {
  const root = document.getElementById('root');
  if (root) {
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>,
    );
  }
}
