import { execFileSync } from 'node:child_process';

let made;

/** A self-signed certificate for `localhost` and its key, made at the first call. */
export function certificate() {
  made ??= make();
  return made;
}

function make() {
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'];
  const args = ['req', '-x509', ...kind, '-days', '2', '-keyout', '-', '-out', '-'];
  const text = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const part = (label) => text.match(new RegExp(`-----BEGIN ${label}-----[^]+?-----END ${label}-----\n`))[0];
  return { certificate: part('CERTIFICATE'), key: part('PRIVATE KEY') };
}
