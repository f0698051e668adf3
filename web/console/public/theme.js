// Light or dark, as chosen or as the system says. Not a module, so that it runs before the first paint.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('matricula-theme');
  } catch (error) {
    // A browser that keeps nothing follows the system.
  }
  var dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.classList.toggle('pf-v6-theme-dark', dark);
})();
