const chapters: readonly { title: string; html: string }[] = [
  {
    title: 'Listening to a stream',
    html: `<p>Open a WebSocket to <code>/1/ws?stream_id=&lt;uuid&gt;</code>. The stream id of a camera is its <code>uuid</code> in
<code>GET /api/v1/cameras</code> of the NVR. One text message comes for each analysed frame, also for one without anybody on it.</p>
<pre>{"stream_status": "in_progress", "error": null, "analytics_results": {"people_count": {"frame_estimations":
  [{"people_count": 2, "people_coordinates": [[412, 310], [655, 290]], "time_offset": 12.48}], "events": []}}}</pre>
<p><code>people_coordinates</code> are the middles of the boxes in pixels of the analysed picture, <code>time_offset</code> seconds since the
analysis of the stream began. The server pings every 20 s. A client that reads too slowly misses messages, newest first to come; one
that reads nothing for 30 s is dropped.</p>`,
  },
  {
    title: 'Statuses',
    html: `<p><code>in_progress</code>: frames are analysed. <code>restart</code>: the camera is being opened again, <code>error</code> says why.
<code>stop</code>: this agent no longer analyses the stream; the connection closes with 1000. <code>done</code>, <code>failure</code>: a file
came to its end, or cannot be read, and <code>error</code> says why.</p>`,
  },
  {
    title: 'Who may listen',
    html: `<p>On loopback everybody on the machine. Beyond it a Bearer token of the NVR is asked for at the handshake. Pages of other sites are
refused by their origin.</p>`,
  },
  {
    title: 'Health and settings',
    html: `<p><code>GET /healthcheck</code> answers 200 with the time it took or 502 with what is not well; with
<code>include_luna_services=1</code> it also tells whether the manager answers. <code>GET /config</code> shows the settings in force with
secrets masked, as JSON or, with <code>Accept: text/plain</code>, as a file of sections.</p>`,
  },
  {
    title: 'Plugins',
    html: `<p>A plugin is a folder with <code>plugin.json</code> and a module, dropped into the plugins directory and named in
<code>NIGHTJAR_AGENT_PLUGINS</code>. On-event plugins are called with each monitoring point, background plugins run beside the agent. Each
has a thread of its own: one that throws or hangs is disabled and listed with the reason by <code>GET /plugins</code>.</p>`,
  },
  {
    title: 'Errors',
    html: `<p>Every error has the body <code>{"error_code", "desc", "detail", "link"}</code>; the link leads to
<a href="../errors">all codes</a>. Where the documentation has no code it is the HTTP status.</p>`,
  },
];

/** Loads nothing: its style stands in it. */
export const manualPagePolicy =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** `/docs/dev/index.html`: what a developer has to know beside the list of operations. */
export const manualPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Nightjar agent: development manual</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}pre{overflow:auto;background:#f3f3f3;padding:.75rem}</style>
</head>
<body>
<h1>Development manual</h1>
<p>The operations one by one: <a href="../spec">API document</a>.</p>
${chapters.map(({ title, html }) => `<h2>${title}</h2>\n${html}`).join('\n')}
</body>
</html>
`;
