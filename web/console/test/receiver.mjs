// A webhook's receiver: a few lines of HTTP that note the events and answer as they are told.

import { createServer } from 'node:http';

/** Starts one. `answer` is its status and body from then on, `events` what came; `stop` ends it. */
export async function receiver() {
  const events = [];
  const self = { answer: { status: 204, body: '' }, events };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => (text += part));
    request.on('end', () => {
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers;
      events.push({ signature, signed: `${id}.${time}.${text}`, ...JSON.parse(text) });
      const { status, body, headers = {} } = self.answer;
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  self.url = `http://127.0.0.1:${server.address().port}/hook`;
  self.stop = () => new Promise((resolve) => server.close(resolve));
  return self;
}
