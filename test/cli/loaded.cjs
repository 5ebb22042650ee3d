/**
 * Loaded before the command line (`node --require`): at its end, writes the files that it has loaded and the modules of Node that
 * came with them, as JSON, to the file that BYTEOR_LOADED names.
 */
const { writeFileSync } = require('node:fs');

const before = new Set(process.moduleLoadList);

process.on('exit', () => {
  const files = Object.keys(require.cache).filter((file) => file !== __filename);
  const builtins = process.moduleLoadList.filter((name) => !before.has(name));
  writeFileSync(process.env.BYTEOR_LOADED, JSON.stringify({ files, builtins }));
});
