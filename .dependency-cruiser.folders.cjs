// Folders of the trainers and of their rooms import one way, types included; specs may look where they like.
const { options } = require('./.dependency-cruiser.cjs');

const folders = '^src/(rl|training|reward)/[^/]+$';

module.exports = {
  forbidden: [{ name: 'no-folder-cycles', scope: 'folder', severity: 'error', from: { path: folders }, to: { circular: true } }],
  options: { ...options, exclude: { path: ['^dist/', '\\.(spec|fixture)\\.ts$'] }, includeOnly: '^src/(rl|training|reward)/' },
};
