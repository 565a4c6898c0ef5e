import { linkOf, type LunaError } from './luna-errors.js';

/** Loads nothing: its style stands in it. */
export const errorsPagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Where the `link` of each error leads: what its code means. */
export function renderErrorsPage(errors: readonly LunaError[]): string {
  const rows = [...errors]
    .sort((a, b) => a.error_code - b.error_code)
    .map(
      (error) => `<tr id="${linkOf(error).split('#')[1]}"><td>${error.error_code}</td><td>${error.desc}</td><td>${error.detail}</td></tr>`,
    );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Nightjar: error codes</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}td,th{text-align:left;padding:.25rem .75rem}tr:target{background:#ffd}</style>
</head>
<body>
<h1>Error codes</h1>
<p>Every error has <code>error_code</code>, <code>desc</code> (its class), <code>detail</code> (what it is this time) and <code>link</code>
(its place here). Where the documentation of the Luna platform has no code it is the HTTP status.</p>
<table>
<tr><th>error_code</th><th>desc</th><th>detail</th></tr>
${rows.join('\n')}
</table>
</body>
</html>
`;
}
