/** The version of this package: `npm run build` copies it from package.json. */
export const VERSION = '0.1.0';
