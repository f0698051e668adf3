// Puts a `.gz` beside every file of a built page that gets much smaller by it. Only gzip: over plain HTTP browsers ask
// for nothing better. Servers that don't know about such files ignore them.
//
//     node ../precompress.mjs ../../target/web/bench

import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';

const folder = process.argv[2];
for (const path of readdirSync(folder, { recursive: true })) {
  const file = join(folder, path);
  if (!/\.(js|css|html|json|svg|wasm|txt)$/.test(path) || statSync(file).size < 1024) continue;
  const content = readFileSync(file);
  const compressed = gzipSync(content, { level: constants.Z_BEST_COMPRESSION });
  if (compressed.length < content.length * 0.9) writeFileSync(`${file}.gz`, compressed);
}
