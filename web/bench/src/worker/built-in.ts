// The components that come with the server, as they come with this page.

import { ComponentSet } from '../engine/component-set.js';
import { BUILT_IN } from '../generated/built-in.js';
import { RemoteComponent } from './remote-component.js';

/** A component of the page. */
export interface Loaded {
  component: RemoteComponent;
  size: number;
  builtIn: boolean;
}

/** All of them. They start when this file is read: nothing on the page is of use before they run. */
export const builtIn = started();

async function started(): Promise<{ set: ComponentSet; loaded: Loaded[] }> {
  const absolute = (address: string) => new URL(address, document.baseURI).href;
  const loaded = BUILT_IN.map(({ name, digest, size, script, modules }) => {
    const addresses = Object.fromEntries(Object.entries(modules).map(([path, address]) => [path, absolute(address)]));
    const component = new RemoteComponent({ name, digest, script: { address: absolute(script) }, modules: addresses });
    return { component, size, builtIn: true };
  });
  await Promise.all(loaded.map(({ component }) => component.exports()));
  let set = new ComponentSet();
  for (const { component } of loaded) set = await set.with(component);
  return { set, loaded };
}
