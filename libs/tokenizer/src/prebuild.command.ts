/** Part of the build: writes the tables of all built-in encodings beside the compiled code. */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ENCODING_NAMES, makeTables, PREBUILT_FOLDER, prebuiltFile } from './encoding.registry.js';
import { writePrebuilt } from './prebuilt-table.js';

mkdirSync(fileURLToPath(PREBUILT_FOLDER), { recursive: true });
for (const name of ENCODING_NAMES) writePrebuilt(prebuiltFile(name), makeTables(name));
