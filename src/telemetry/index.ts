export { DeadlineSpanProcessor } from './deadline-span-processor.js';
export type { DeadlineSpanProcessorOptions } from './span-options.js';
