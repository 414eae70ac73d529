import type { BaggageGate, BaggageLimits } from '../../../src/wire/baggage/gate.js';
import { scanBaggage } from '../../../src/wire/baggage/scan.js';

const ample: BaggageLimits = { members: 64, bytes: 8192, memberBytes: 8192 };

type Drop = [reason: string, bytes: number, key?: string];

/** What a scan lets through, and what it tells the gate. */
export function scan(
  text: string,
  limits: Partial<BaggageLimits> = {},
  accepts?: (key: string) => boolean,
  reportOnly = false,
) {
  const drops: Drop[] = [];
  const gate: BaggageGate = {
    accepts,
    drop(reason, bytes, key) {
      drops.push(key === undefined ? [reason, bytes] : [reason, bytes, key]);
      return reportOnly;
    },
  };
  const scanned = scanBaggage(text, { ...ample, ...limits }, gate);
  return { ...scanned, drops };
}
