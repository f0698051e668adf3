// PostCSS: leaves out PatternFly's themes that nobody can choose here, a fifth of its styles.

/** The plugin. */
export const unusedThemes = {
  postcssPlugin: 'unused-themes',
  /** @param {{ selectors: string[], remove(): void }} rule */
  Rule(rule) {
    const used = rule.selectors.filter((selector) => !/\.pf-v6-theme-(felt|glass|high-contrast)/.test(selector.replaceAll(/:not\([^)]*\)/g, '')));
    if (used.length === 0) {
      rule.remove();
    } else if (used.length < rule.selectors.length) {
      rule.selectors = used;
    }
  },
};
