/**
 * The library for Node: CommonJS that `require` and `import` share, so that a process never has two of a class, and in which
 * a large part can load at first use although everything is synchronous (docs/decisions/103).
 */
import { transformSync } from '@babel/core';
import commonJs from '@babel/plugin-transform-modules-commonjs';

/** In CommonJS a module knows its own file by other words. */
const ownFile = ({ types }) => ({
  visitor: {
    MetaProperty(path) {
      const url = path.parentPath;
      if (!url.isMemberExpression() || !types.isIdentifier(url.node.property, { name: 'url' }))
        throw path.buildCodeFrameError('of import.meta only `url` is known here');
      url.replaceWithSourceString("require('node:url').pathToFileURL(__filename).href");
    },
  },
});

/** A file of ours that is loaded later; what else `import()` names is an ES module, which `require` may not load. */
const ownLater = ({ template }) => {
  const required = template.expression('Promise.resolve().then(() => require(FILE))');
  return {
    visitor: {
      ImportExpression(path) {
        if (path.node.source.value?.startsWith('./')) path.replaceWith(required({ FILE: path.node.source }));
      },
      Import(path) {
        const [file] = path.parent.arguments;
        if (file.value?.startsWith('./')) path.parentPath.replaceWith(required({ FILE: file }));
      },
    },
  };
};

/** A module as CommonJS. What it imports from `lazy` files is required when it is first used. */
export function toCommonJs(code, lazy, { compact = false } = {}) {
  const { code: made } = transformSync(code, {
    configFile: false,
    babelrc: false,
    compact,
    comments: false,
    sourceType: 'module',
    plugins: [ownFile, ownLater, [commonJs, { lazy, strict: true, importInterop: 'node' }]],
  });
  return made.replace(/require\((["'])(\.\/[^"']+)\.js\1\)/g, 'require($1$2.cjs$1)');
}

/**
 * What `import` and `require` load: the public names of a file that also holds what the others share. For `import` they are taken
 * from its default, which every runtime gives without reading the file for names first.
 */
export const facades = (name, names) => ({
  js: `import all from './node/${name}.cjs';\nexport const { ${names.join(', ')} } = all;\n`,
  cjs: `const { ${names.join(', ')} } = require('./node/${name}.cjs');\nmodule.exports = { ${names.join(', ')} };\n`,
});
