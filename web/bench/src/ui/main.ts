// Where the page begins. The components start first: they take the longest, and in workers of their own, while the script
// and the styles of the page are still being read.

import '../worker/built-in.js';
import { applyTheme, preferredTheme } from './theme.js';

applyTheme(preferredTheme());
void import('./page.js').then(({ show }) => show());
