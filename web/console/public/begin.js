// What cannot wait for the page's scripts. Not a module, so that it runs before the first paint.
(function () {
  // Light or dark, as chosen or as the system says.
  var chosen = null;
  try {
    chosen = localStorage.getItem('matricula-theme');
  } catch (error) {
    // A browser that keeps nothing follows the system.
  }
  var dark = chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.classList.toggle('pf-v6-theme-dark', dark);

  // The address that callers are given who wait for an approval. Whoever opens it signs in first and sees the page then.
  var code = /^[A-Za-z]{4}-?[A-Za-z]{4}$/.exec(new URLSearchParams(location.search).get('verification_code') || '');
  if (/\/approve$/.test(location.pathname)) {
    history.replaceState(null, '', './#/-/approve' + (code ? '/' + code[0].toUpperCase() : ''));
  }

  // Who is signed in: the answer is there by the time that src/session.tsx asks for it.
  window.matriculaSession = fetch('/console/session', { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
  window.matriculaSession.catch(function () {
    // Whoever awaits it tells.
  });
})();
