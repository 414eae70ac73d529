import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, dirname } from 'node:path';

const running = new Set();
process.on('exit', () => running.forEach(kill));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/**
 * Runs a command to its end, on a Node other than ours: whatever it starts by the name `node` is that one too.
 *
 * @param {{ node: string, cwd: string, limit: number }} options `limit` in ms: then it is ended, with all its children
 * @throws when it fails
 */
export async function command(words, { node, cwd, limit }) {
  const [name, ...args] = words;
  console.log(`\n-- ${words.join(' ')}`);
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  // A group of its own, so that it can be ended as a whole.
  const child = spawn(name, args, { cwd, env, stdio: 'inherit', detached: true });
  running.add(child);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill(child);
  }, limit);
  const code = await once(child, 'exit').then(
    ([code, signal]) => code ?? signal,
    (error) => error.message,
  );
  clearTimeout(timer);
  running.delete(child);
  if (late) throw new Error(`${words.join(' ')}: took longer than ${limit / 60_000} min`);
  if (code !== 0) throw new Error(`${words.join(' ')}: ended with ${code}`);
}

function kill({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
