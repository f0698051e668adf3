// Vite: names the fonts of the first page in its HTML. Else browsers ask for them when the page is there, and draw it twice.

/**
 * The plugin, for the fonts of these names.
 *
 * @param {string[]} names
 * @returns {import('vite').Plugin}
 */
export function earlyFonts(...names) {
  return {
    name: 'early-fonts',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        const fonts = Object.values(bundle).filter((file) => file.type === 'asset' && file.names.some((name) => names.includes(name)));
        return fonts.map(({ fileName }) => ({ tag: 'link', attrs: { rel: 'preload', as: 'font', type: 'font/woff2', crossorigin: true, href: `./${fileName}` }, injectTo: 'head' }));
      },
    },
  };
}
