// What runs requests: the components that are loaded, which every part of the page uses.

import type { ComponentSet } from '../engine/component-set.js';
import type { Loaded } from '../worker/built-in.js';

/** What runs requests. */
export interface Engine {
  set: ComponentSet;
  loaded: Loaded[];
}
